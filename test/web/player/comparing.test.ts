import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { beforeAll, describe, expect, it } from 'vitest';
import { Comparing } from '../../../apps/web/src/player/comparing.ts';
import { Listeners } from '../../../apps/web/src/source/listeners.ts';
import type { TraceSource } from '../../../apps/web/src/source/traceSource.ts';
import { type RecordedTrace, recordedTrace } from '../../fixtures/traces.ts';

let runc: RecordedTrace;
let crun: RecordedTrace;
beforeAll(async () => {
  [runc, crun] = await Promise.all([recordedTrace('runc'), recordedTrace('crun')]);
});

/** A source that grows when the test says so. */
class GrowingSource implements TraceSource {
  readonly #listeners = new Listeners();
  readonly #events: TraceEvent[] = [];
  #header: TraceHeader | undefined;
  #closed = false;
  stopped = false;

  readonly subscribe = this.#listeners.subscribe;
  readonly snapshot = () => ({
    header: this.#header,
    events: this.#events,
    reset: 0,
    caughtUp: true,
    closed: this.#closed,
    problem: undefined,
  });

  grow(header: TraceHeader, events: readonly TraceEvent[], closed = false): void {
    this.#header = header;
    this.#events.push(...events);
    this.#closed = closed;
    this.#listeners.tell();
  }

  close(): void {
    this.stopped = true;
  }
}

/** A clock whose alarms ring when the test says so. */
function alarms() {
  const waiting: (() => void)[] = [];
  return {
    later(act: () => void) {
      waiting.push(act);
      return () => void waiting.splice(waiting.indexOf(act), 1);
    },
    now: () => 0,
    ring: () => {
      for (const act of waiting.splice(0)) act();
    },
    waiting,
  };
}

function twoGrowing() {
  const [a, b] = [new GrowingSource(), new GrowingSource()];
  const clock = alarms();
  const comparing = new Comparing(
    [
      { id: 'a', source: a },
      { id: 'b', source: b },
    ],
    clock,
  );
  return { a, b, clock, comparing };
}

describe('the comparison of traces that still grow', () => {
  it('waits until each of them is there', () => {
    const { a, b, clock, comparing } = twoGrowing();
    expect(comparing.snapshot().comparison).toBeUndefined();
    a.grow(runc.header, runc.events, true);
    clock.ring();
    expect(comparing.snapshot().comparison).toBeUndefined();
    expect(comparing.snapshot().sources.map(({ here }) => here)).toEqual([true, false]);
    b.grow(crun.header, crun.events, true);
    expect(comparing.snapshot().comparison?.sides.map(({ road }) => road)).toEqual([
      'embedded, runc',
      'embedded, crun',
    ]);
  });

  it('is made anew as they grow, once for all that came meanwhile, and ends as that of the whole traces', () => {
    const { a, b, clock, comparing } = twoGrowing();
    let told = 0;
    comparing.subscribe(() => told++);
    a.grow(runc.header, runc.events, true);
    for (let from = 0; from < crun.events.length; from += 10)
      b.grow(crun.header, crun.events.slice(from, from + 10));
    expect(clock.waiting).toHaveLength(1);
    clock.ring();
    expect(told).toBe(1);
    expect(comparing.snapshot().comparison?.sides[1]).toMatchObject({
      events: crun.events.length,
      finished: true,
    });
    b.grow(crun.header, [], true);
    const whole = twoGrowing();
    whole.a.grow(runc.header, runc.events, true);
    whole.b.grow(crun.header, crun.events, true);
    expect(comparing.snapshot().comparison).toEqual(whole.comparing.snapshot().comparison);
  });

  it('lets go of its traces when nobody looks any more', () => {
    const { a, b, clock, comparing } = twoGrowing();
    a.grow(runc.header, runc.events.slice(0, 20));
    b.grow(crun.header, crun.events.slice(0, 20));
    comparing.close();
    expect([a.stopped, b.stopped, clock.waiting.length]).toEqual([true, true, 0]);
  });
});
