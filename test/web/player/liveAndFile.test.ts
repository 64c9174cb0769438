import { encodeLine, type TraceEvent, type TraceHeader } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { difference, heldFile, heldLive } from '../../fakes/pictures.ts';
import { RECORDED, recordedTrace } from '../../fixtures/traces.ts';

/** Numbers that look random and are the same each time. */
function dice(seed: number): () => number {
  let x = seed;
  return () => {
    x = (x * 48_271) % 2_147_483_647;
    return x / 2_147_483_647;
  };
}

/** Written in another order than that of their instants: each up to 250 ms later than it happened. */
function written(events: readonly TraceEvent[], random: () => number): TraceEvent[] {
  const late = events.map((event) => ({ event, at: event.at + random() * 250 }));
  late.sort((a, b) => a.at - b.at);
  return late.map(({ event }, index) => ({ ...event, seq: index + 1 }));
}

/** In arrays as the socket brings them: of one event, of a few, of many. */
function arrays(events: readonly TraceEvent[], random: () => number): TraceEvent[][] {
  const cut: TraceEvent[][] = [];
  for (let from = 0; from < events.length; ) {
    const size = 1 + Math.floor(random() ** 3 * 200);
    cut.push(events.slice(from, from + size));
    from += size;
  }
  return cut;
}

const file = (header: TraceHeader, events: readonly TraceEvent[]) =>
  Buffer.from([header, ...events].map(encodeLine).join(''));

describe('a trace that comes live and the same trace in a file', () => {
  it.each(RECORDED)('give the same picture at every step of every level: %s', async (name) => {
    const { header, events } = await recordedTrace(name);
    const random = dice(name.length * 7919);
    const live = heldLive(header, arrays(events, random));
    expect(difference(live, await heldFile(file(header, events)))).toBeUndefined();
  });

  it.each(['docker-run', 'runc', 'docker-start-three'])(
    'do so when events are written up to 250 ms late: %s',
    async (name) => {
      const recorded = await recordedTrace(name);
      const random = dice(4711);
      const events = written(recorded.events, random);
      const live = heldLive(recorded.header, arrays(events, random));
      expect(difference(live, await heldFile(file(recorded.header, events)))).toBeUndefined();
    },
  );

  it('are told apart by one value of one event', async () => {
    const { header, events } = await recordedTrace('oom');
    const index = events.findIndex(({ step, type }) => step === 'kernel/cgroup-write' && type === 'begin');
    const changed = events.with(index, { ...events[index]!, data: { ...events[index]!.data, value: '1' } });
    const held = await heldFile(file(header, events));
    expect(difference(heldLive(header, [changed]), held)).toBe('their events differ');
  });
});
