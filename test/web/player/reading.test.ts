import { createTimeline } from '@underdock/chain';
import type { TraceEvent } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { Reading } from '../../../apps/web/src/player/reading.ts';
import type { TraceSnapshot, TraceSource } from '../../../apps/web/src/source/traceSource.ts';
import { sampleEvents, sampleHeader } from '../../fakes/sampleTrace.ts';

class TestSource implements TraceSource {
  current: TraceSnapshot = {
    header: sampleHeader('a'),
    events: [],
    reset: 0,
    caughtUp: false,
    closed: false,
    problem: undefined,
  };
  listener: () => void = () => {};
  isClosed = false;
  snapshot = () => this.current;
  subscribe(listener: () => void): () => void {
    this.listener = listener;
    return () => {
      this.listener = () => {};
    };
  }
  give(events: readonly TraceEvent[], more: Partial<TraceSnapshot> = {}): void {
    this.current = { ...this.current, events, ...more };
    this.listener();
  }
  close(): void {
    this.isClosed = true;
  }
}

const all = sampleEvents('finished');
const open = (fresh: boolean) => {
  const source = new TestSource();
  const clock = { now: 0 };
  const reading = new Reading(source, createTimeline, { now: () => clock.now, fresh });
  const pass = (ms: number) => {
    for (const end = clock.now + ms; clock.now < end; clock.now += 16) reading.tick();
  };
  return { source, reading, pass, look: () => reading.snapshot() };
};

describe('a reading', () => {
  it('shows nothing before the header has come', () => {
    const source = new TestSource();
    source.current = { ...source.current, header: undefined };
    const reading = new Reading(source, createTimeline, { now: () => 0, fresh: false });
    expect(reading.snapshot()).toMatchObject({ timeline: undefined, stepIndex: -1 });
  });

  it('shows somebody who comes late the end at once, and then follows', () => {
    const { source, look } = open(false);
    source.give(all.slice(0, 40), { caughtUp: false });
    expect(look().player.position).toBe(0);
    source.give(all.slice(0, 60), { caughtUp: true });
    expect(look().player).toMatchObject({ position: 60, following: true });
  });

  it('tells whoever started the run each step from the first one on', () => {
    const { source, look, pass } = open(true);
    source.give(all, { caughtUp: true, closed: true });
    expect(look().player).toMatchObject({ position: 0, following: true });
    pass(300);
    expect(look().stepIndex).toBeGreaterThanOrEqual(0);
    expect(look().stepIndex).toBeLessThan(look().steps.length - 1);
    pass(8000);
    expect(look().player.position).toBe(all.length);
  });

  it('shows the same picture at the end, whether it was there from the beginning or came late', () => {
    const early = open(true);
    for (let n = 5; n <= all.length; n += 5) {
      early.source.give(all.slice(0, n), { caughtUp: true });
      early.pass(100);
    }
    early.source.give(all, { closed: true });
    early.pass(8000);
    const late = open(false);
    late.source.give(all, { caughtUp: true, closed: true });
    expect(late.look().state).toEqual(early.look().state);
    expect(late.look().stepIndex).toBe(late.look().steps.length - 1);
  });

  it('stays at the step that was chosen while the trace grows, and counts what it is behind', () => {
    const { source, reading, look, pass } = open(false);
    source.give(all.slice(0, 60), { caughtUp: true });
    reading.back();
    const { position } = look().player;
    const { behind } = look();
    source.give(all.slice(0, 90));
    pass(1000);
    expect(look().player.position).toBe(position);
    expect(look().behind).toBeGreaterThan(behind);
    reading.follow();
    pass(6000);
    expect(look()).toMatchObject({ behind: 0, player: { position: 90 } });
  });

  it('keeps the event that is shown when one that is older comes late', () => {
    const { source, reading, look } = open(false);
    source.give(all.slice(0, 30), { caughtUp: true });
    reading.toPosition(20);
    const shown = look().timeline!.events[19]!.seq;
    const late = { ...all[30]!, at: all[4]!.at + 0.01 };
    source.give([...all.slice(0, 30), late]);
    expect(look().timeline!.events[look().player.position - 1]!.seq).toBe(shown);
    expect(look().player.position).toBe(21);
  });

  it('steps back to the empty scene and forward to the end over the same steps', () => {
    const { source, reading, look } = open(false);
    source.give(all, { caughtUp: true, closed: true });
    const down: number[] = [];
    for (let i = look().steps.length; i > 0; i--) {
      reading.back();
      down.push(look().stepIndex);
    }
    expect(look()).toMatchObject({ stepIndex: -1, player: { position: 0 } });
    const up: number[] = [];
    for (let i = 0; i < look().steps.length; i++) {
      up.push(look().stepIndex);
      reading.forward();
    }
    expect(up.reverse()).toEqual(down);
    expect(look().player.position).toBe(all.length);
  });

  it('keeps its place when the level of detail changes', () => {
    const { source, reading, look } = open(false);
    source.give(all, { caughtUp: true, closed: true });
    reading.toPosition(50);
    const count = look().steps.length;
    reading.setLevel('syscalls');
    expect(look().steps.length).toBeGreaterThan(count);
    expect(look().player.position).toBe(50);
  });

  it('begins anew when another recording comes under the same name', () => {
    const { source, look } = open(false);
    source.give(all, { caughtUp: true });
    source.give(all.slice(0, 10), { reset: 1 });
    expect(look().timeline!.events).toHaveLength(10);
    expect(look().player.position).toBeLessThanOrEqual(10);
  });

  it('lets go of its source when it is closed', () => {
    const { source, reading } = open(false);
    reading.close();
    expect(source.isClosed).toBe(true);
  });
});
