import { describe, expect, it } from 'vitest';
import { LiveTrace } from '../../../apps/web/src/source/liveTrace.ts';
import { sampleEvents, sampleHeader } from '../../fakes/sampleTrace.ts';

const all = sampleEvents('running');
const open = (expected = 0) => {
  const said: { event: string; message: unknown; answer?: (reply: unknown) => void }[] = [];
  const trace = new LiveTrace('a', (event, message, answer) => said.push({ event, message, answer }), {
    expected: () => expected,
    onClose: () => {},
  });
  trace.ask();
  const give = (from: number, to: number, closed = false) =>
    trace.receive('events', { run: 'a', events: all.slice(from, to), closed });
  return { trace, said, give };
};

describe('a live trace', () => {
  it('asks for everything at first, and after a broken connection for what it has not', () => {
    const { trace, said, give } = open();
    give(0, 10);
    trace.ask();
    expect(said.map((one) => one.message)).toEqual([
      { run: 'a', fromSeq: 1 },
      { run: 'a', fromSeq: 11 },
    ]);
  });

  it('passes over what it has already', () => {
    const { trace, give } = open();
    give(0, 10);
    give(5, 15);
    expect(trace.snapshot().events.map((event) => event.seq)).toEqual(
      all.slice(0, 15).map((event) => event.seq),
    );
  });

  it('asks again when messages were lost on the way', () => {
    const { said, give, trace } = open();
    give(0, 5);
    give(8, 10);
    expect(said.at(-1)).toMatchObject({ event: 'follow', message: { fromSeq: 6 } });
    expect(trace.snapshot().events).toHaveLength(5);
  });

  it('has caught up once it has as many events as the run had when it was asked for', () => {
    const { trace, said, give } = open(20);
    said[0]!.answer?.({ ok: true });
    give(0, 10);
    expect(trace.snapshot().caughtUp).toBe(false);
    give(10, 20);
    expect(trace.snapshot().caughtUp).toBe(true);
  });

  it('tells why the agent does not have it, and forgets that once it has', () => {
    const { trace, said } = open();
    said[0]!.answer?.({ error: { code: 'run-not-found', message: 'there is no such run any more' } });
    expect(trace.snapshot().problem?.message).toBe('there is no such run any more');
    trace.ask();
    said[1]!.answer?.({ ok: true });
    expect(trace.snapshot().problem).toBeUndefined();
  });

  it('says so when it gets what it can’t read, and keeps what it has', () => {
    const { trace, give } = open();
    give(0, 5);
    trace.receive('events', { run: 'a', events: [{ seq: 6, type: 'song' }] });
    expect(trace.snapshot().problem?.remedy).toContain('reload');
    expect(trace.snapshot().events).toHaveLength(5);
  });

  it('is closed once the agent says so', () => {
    const { trace, give } = open();
    give(0, all.length, true);
    expect(trace.snapshot().closed).toBe(true);
  });

  it('begins anew when another recording comes under the same name', () => {
    const { trace, give, said } = open();
    trace.receive('header', { run: 'a', header: sampleHeader('a') });
    give(0, 10);
    const header = { ...sampleHeader('a'), startedAt: '2026-02-02T00:00:00.000Z' };
    trace.receive('header', { run: 'a', header });
    expect(trace.snapshot()).toMatchObject({ events: [], reset: 1 });
    expect(said.at(-1)!.message).toEqual({ run: 'a', fromSeq: 1 });
  });

  it('tells its listeners of each change until they leave', () => {
    const { trace, give } = open();
    let heard = 0;
    const leave = trace.subscribe(() => heard++);
    give(0, 1);
    leave();
    give(1, 2);
    expect(heard).toBe(1);
  });
});
