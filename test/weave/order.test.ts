import type { TraceEvent } from '@underdock/trace';
import { createWeave, type RawRecord, type Weave } from '@underdock/weave';
import { describe, expect, it } from 'vitest';
import { Order } from '../../packages/weave/src/order.ts';

const log = (at: number): RawRecord => ({
  kind: 'self',
  at,
  type: 'log',
  step: 'low-level/log',
  layer: 'low-level',
  actor: { name: 'runc' },
  data: { at },
});
const clock = (at: number): RawRecord => ({ kind: 'clock', at, source: 'bpftrace' });

function weaving(): { weave: Weave; events: TraceEvent[]; at: () => number[] } {
  const events: TraceEvent[] = [];
  const weave = createWeave({ emit: (event) => events.push(event) });
  return { weave, events, at: () => events.map((event) => event.at) };
}

describe('the order of events', () => {
  it('is that of arrival where no source is late', () => {
    const { weave, at } = weaving();
    for (const t of [1, 2]) weave.add(log(t));
    expect(at()).toEqual([1, 2]);
  });

  it('waits for a source’s heartbeat and sorts what came meanwhile', () => {
    const { weave, at } = weaving();
    weave.add(clock(0));
    for (const t of [30, 20, 40]) weave.add(log(t));
    expect(at()).toEqual([]);
    weave.add(clock(36));
    expect(at()).toEqual([20, 30]);
  });

  it('loses patience with a source that is silent for forty ticks', () => {
    const { weave, at } = weaving();
    weave.add(clock(0));
    weave.add(log(30));
    for (let tick = 0; tick < 39; tick++) weave.tick();
    expect(at()).toEqual([]);
    weave.tick();
    expect(at()).toEqual([30]);
  });

  it('does not wait for a watcher that is gone', () => {
    const { weave, at } = weaving();
    weave.add(clock(0));
    weave.add(log(30));
    weave.add({
      kind: 'watcher',
      at: 31,
      layer: 'kernel',
      name: 'bpftrace',
      state: 'missing',
      why: 'it ended',
    });
    expect(at()).toEqual([30, 31]);
  });

  it('moves what is too late as little as the format needs, and says by how much it is off', () => {
    const { weave, events } = weaving();
    weave.add(log(1000));
    weave.add(log(500));
    expect(events[1]).toMatchObject({ at: 755, data: { uncertaintyMs: 255 } });
  });

  it('numbers events as they are written', () => {
    const { weave, events } = weaving();
    weave.add(clock(0));
    for (const t of [3, 1, 2]) weave.add(log(t));
    weave.close(10);
    expect(events.map(({ seq, at }) => [seq, at])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });
});

describe('an answer that is waited for', () => {
  it('keeps back what happens meanwhile, and nothing that was before', () => {
    const taken: number[] = [];
    const order = new Order(({ at }) => taken.push(at), { patience: 200, slackMs: 0 });
    const answered = order.hold(20);
    for (const t of [10, 30]) order.add(log(t));
    order.add(clock(40));
    expect(taken).toEqual([10]);
    answered();
    order.add(clock(41));
    expect(taken).toEqual([10, 30]);
  });

  it('keeps nobody waiting for longer than eight seconds: a call may hang for minutes, and what others do goes on', () => {
    const taken: number[] = [];
    const order = new Order(({ at }) => taken.push(at), { patience: 200, slackMs: 0 });
    order.hold(20);
    order.add(log(30));
    order.add(clock(40));
    for (let tick = 0; tick < 160; tick++) order.tick();
    expect(taken).toEqual([30]);
    expect(order.doneAt).toBe(40);
    order.add(log(50));
    order.add(clock(60));
    expect(taken).toEqual([30, 50]);
  });
});
