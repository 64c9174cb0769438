import { createTimeline, foldTo, type Timeline } from '@underdock/chain';
import type { TraceEvent } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';
import { events, header } from './events.ts';

const LEVELS = ['story', 'calls', 'syscalls'] as const;

const shape = (timeline: Timeline) =>
  timeline.steps.map(({ key, part, position, count, failure, facts }) => [
    key,
    part,
    position,
    count,
    failure?.error,
    facts.length,
  ]);

describe('a timeline', () => {
  it('folds a crowd into one counted step whose members can be shown', () => {
    const mount = (span: string, at: number) => [
      { step: 'kernel/mount', type: 'begin' as const, span, at },
      { step: 'kernel/mount', type: 'end' as const, span, at: at + 0.5 },
    ];
    const timeline = createTimeline(
      header,
      events(...mount('a', 1), ...mount('b', 2), ...mount('c', 3)),
      'calls',
    );
    expect(timeline.steps).toHaveLength(1);
    expect(timeline.steps[0]).toMatchObject({ count: 3, position: 6, part: 'does' });
    expect(
      [...timeline.steps[0]!.members].map(({ key, position, durationMs }) => [key, position, durationMs]),
    ).toEqual([
      ['a', 2, 0.5],
      ['b', 4, 0.5],
      ['c', 6, 0.5],
    ]);
  });

  it('tells an act that others work for as question and answer, and a short one at once', () => {
    const all = events(
      { step: 'engine/create-container', type: 'begin', span: 'e' },
      { step: 'high-level/write-config', type: 'begin', span: 'w', cause: ['e'] },
      { step: 'high-level/write-config', type: 'end', span: 'w' },
      { step: 'engine/create-container', type: 'end', span: 'e', data: { error: 'full' } },
    );
    const { steps } = createTimeline(header, all);
    expect(steps.map(({ key, part, position, failure }) => [key, part, position, failure?.error])).toEqual([
      ['e', 'asks', 1, undefined],
      ['w', 'does', 3, undefined],
      ['e/answer', 'answers', 4, 'full'],
    ]);
  });

  it('tells a limit by itself, and of processes only the container’s first', () => {
    const write = (span: string, name: string) => ({
      step: 'kernel/cgroup-write',
      type: 'begin' as const,
      span,
      data: { name },
    });
    const all = events(
      write('a', 'devices.allow'),
      write('b', 'devices.allow'),
      write('c', 'memory.max'),
      write('d', 'pids.max'),
      { step: 'process/has-process', type: 'fact', data: { pid: 7, role: 'child' } },
      { step: 'process/has-process', type: 'fact', data: { pid: 8, role: 'init' } },
      { step: 'kernel/exit', actor: { name: 'x', pid: 7 } },
      { step: 'kernel/exit', actor: { name: 'y', pid: 8 } },
    );
    expect(createTimeline(header, all).steps.map(({ key, count }) => [key, count])).toEqual([
      ['a', 2],
      ['c', 1],
      ['d', 1],
      ['e6', 1],
      ['e8', 1],
    ]);
  });

  it('finds positions by step and by instant', () => {
    const all = events(
      { step: 'client/run', type: 'begin', span: 'c' },
      { step: 'engine/recovered' },
      { step: 'engine/recovered' },
    );
    const timeline = createTimeline(header, all);
    expect([0, 1, 2, 3].map((position) => timeline.stepIndexAt(position))).toEqual([-1, 0, 1, 2]);
    expect([0.5, 1, 2.5, 99].map((at) => timeline.positionAt(at))).toEqual([0, 1, 2, 3]);
    expect([-5, 1.7, 99].map((position) => timeline.stateAt(position).count)).toEqual([0, 1, 3]);
  });

  it.each(RECORDED)('shows the same state wherever it comes from: %s', async (name) => {
    const { header: real, events: all } = await recordedTrace(name);
    const timeline = createTimeline(real, all);
    const places = [all.length, 0, 17, all.length - 1, 3, Math.floor(all.length / 2), 1];
    for (const place of places) {
      const expected = foldTo(real, timeline.events.slice(0, place));
      expect(JSON.stringify(timeline.stateAt(place))).toBe(JSON.stringify(expected));
      expect([...timeline.stateAt(place).calls]).toEqual([...expected.calls]);
    }
  });

  it.each(RECORDED)('grows to the same as when it is read at once, however it comes in: %s', async (name) => {
    const { header: real, events: all } = await recordedTrace(name);
    for (const chunk of [1, 7, 250]) {
      const grown = createTimeline(real);
      const calls = grown.withLevel('calls');
      for (let i = 0; i < all.length; i += chunk) {
        grown.append(all.slice(i, i + chunk));
        if (i % 5 === 0) grown.stateAt(grown.events.length);
      }
      const whole = createTimeline(real, all);
      expect(shape(grown)).toEqual(shape(whole));
      expect(shape(calls)).toEqual(shape(whole.withLevel('calls')));
      expect([...grown.stateAt(all.length).calls]).toEqual([...whole.stateAt(all.length).calls]);
    }
  });

  it.each(RECORDED)('has steps in order, each at a place of its own: %s', async (name) => {
    const { header: real, events: all } = await recordedTrace(name);
    const timeline = createTimeline(real, all);
    for (const level of LEVELS) {
      const { steps } = timeline.withLevel(level);
      expect(new Set(steps.map(({ key }) => key)).size).toBe(steps.length);
      for (const [i, step] of steps.entries()) {
        expect(step.position).toBeGreaterThan(steps[i - 1]?.position ?? 0);
        expect(timeline.withLevel(level).stepIndexAt(step.position)).toBe(i);
      }
    }
  });

  it('keeps the story of a real run short enough to be told', async () => {
    for (const name of ['runc', 'crun']) {
      const { header: real, events: all } = await recordedTrace(name);
      const { steps } = createTimeline(real, all);
      expect(steps.length).toBeGreaterThan(25);
      expect(steps.length).toBeLessThan(60);
    }
  });

  it('reads 200,000 events in seconds and seeks at once', () => {
    const all = manyEvents(200_000);
    let timeline = createTimeline(header);
    const readMs = cpuMs(() => {
      timeline = createTimeline(header, all, 'syscalls');
      timeline.stateAt(all.length);
    });
    const seekMs = Array.from({ length: 40 }, (_, i) => (i * 7_919_131) % all.length).map((place) =>
      cpuMs(() => timeline.stepIndexAt(timeline.stateAt(place).count)),
    );
    // Processor time, since tests share the machine. Measured alone: 1.5 s, and 18 ms at worst.
    expect(readMs).toBeLessThan(8000);
    expect(seekMs.sort((a, b) => a - b)[20]).toBeLessThan(50);
  });
});

/** Processor time (ms) that the work takes. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function manyEvents(count: number): TraceEvent[] {
  const names = ['kernel/mount', 'kernel/umount', 'kernel/capset', 'kernel/cgroup-write'];
  const [pattern] = events({ step: 'kernel/mount' });
  return Array.from({ length: count }, (_, i) => {
    const act = i >> 1;
    return {
      ...pattern!,
      seq: i + 1,
      at: i / 100,
      step: names[Math.floor(act / (act % 7 ? 2 : 60)) % 4]!,
      type: i % 2 ? 'end' : 'begin',
      span: `s${act}`,
      data: { target: '/x' },
    };
  });
}
