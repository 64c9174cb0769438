import type { DoctorReport, EventsMessage, HeaderMessage, RunSummary, TraceEvent } from '@underdock/trace';
import type { Socket } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_BATCH_CHARACTERS, MAX_BATCH_EVENTS } from '../../../apps/agent/src/server/follower.ts';
import { heard, REPORT, startAgent, type TestAgent } from '../../fakes/agent.ts';

let agent: TestAgent;
beforeEach(async () => {
  agent = await startAgent();
});
afterEach(() => agent.close());

async function start(body: Record<string, unknown>, headers: Record<string, string> = {}): Promise<string> {
  const created = await agent.call('/api/runs', { method: 'POST', body: { image: 'x', ...body }, headers });
  return (created.body as { id: string }).id;
}

async function connected(token = agent.access.drive): Promise<Socket> {
  const socket = agent.socket(token);
  await heard(socket, 'runs');
  return socket;
}

/** Follows until the trace is closed. */
function followed(
  socket: Socket,
  run: string,
  fromSeq = 1,
): Promise<{ messages: EventsMessage[]; events: TraceEvent[] }> {
  const messages: EventsMessage[] = [];
  return new Promise((resolve) => {
    socket.on('events', (message: EventsMessage) => {
      if (message.run !== run) return;
      messages.push(message);
      if (message.closed) resolve({ messages, events: messages.flatMap((one) => one.events) });
    });
    socket.emit('follow', { run, fromSeq });
  });
}

describe('a connection', () => {
  test('brings the runs and the checks of this host at once, and the runs again when they change', async () => {
    const socket = agent.socket(agent.access.watch);
    const [runs, doctor] = await Promise.all([
      heard<RunSummary[]>(socket, 'runs'),
      heard<DoctorReport>(socket, 'doctor'),
    ]);
    expect(runs).toEqual([]);
    expect(doctor).toEqual(REPORT);
    const changed = heard<RunSummary[]>(socket, 'runs', (list) => list[0]?.state === 'finished');
    const id = await start({ command: ['true'] });
    expect(await changed).toMatchObject([{ id, state: 'finished', exitCode: 0 }]);
  });

  test.each(['drive', 'watch'] as const)('is told what it may do: %s', async (role) => {
    expect(await heard(agent.socket(agent.access[role]), 'role')).toBe(role);
  });

  test.each(['wrong', undefined])('with the token %s is refused with a problem', async (token) => {
    const error = await heard<Error & { data: unknown }>(agent.socket(token), 'connect_error');
    expect(error.data).toMatchObject({ error: { code: 'unauthorized' } });
  });

  test.each([
    ['websocket', { origin: 'http://evil.example' }],
    ['polling', { origin: 'http://evil.example' }],
    ['websocket', { host: 'evil.example' }],
  ])('over %s with %o is refused even with the right token', async (transport, headers) => {
    await heard(agent.socket(agent.access.drive, { transport, headers }), 'connect_error');
  });

  test('over polling works like one over websocket', async () => {
    const socket = agent.socket(agent.access.drive, { transport: 'polling' });
    const id = await start({ command: ['echo', 'polled'] });
    expect((await followed(socket, id)).events.at(-1)).toMatchObject({ type: 'end', step: 'client/run' });
  });

  test('beyond the limit is refused', async () => {
    await agent.close();
    agent = await startAgent({}, { maxConnections: 2 });
    await Promise.all([connected(), connected()]);
    const error = await heard<Error & { data: unknown }>(agent.socket(agent.access.drive), 'connect_error');
    expect(error.data).toMatchObject({ error: { code: 'too-many-connections' } });
  });
});

describe('following', () => {
  test('gives the header and then the very objects of the file, live and afterwards alike', async () => {
    const socket = await connected(agent.access.watch);
    const id = await start({ command: ['sh', '-c', 'echo a; sleep 0.1; echo b'] });
    const header = heard<HeaderMessage>(socket, 'header');
    const live = await followed(socket, id);
    expect((await header).header.id).toBe(id);
    const late = await followed(await connected(), id);
    expect(late.events).toEqual(live.events);
    const { text } = await agent.call(`/api/traces/${id}`);
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect([(await header).header, ...live.events]).toEqual(lines);
    expect((await followed(await connected(), id, 3)).events).toEqual(live.events.slice(2));
  });

  test('sends much in batches of bounded size, in order and without a gap', async () => {
    const id = await start({ command: ['true'], hold: true });
    const run = agent.runs.all.get(id)!;
    for (let i = 0; i < 20; i++)
      run.emit(...Array.from({ length: 600 }, () => ({ data: { text: 'x'.repeat(100) } })));
    run.emit(...Array.from({ length: 30 }, () => ({ data: { text: 'y'.repeat(60_000) } })));
    const socket = await connected();
    const all = followed(socket, id);
    run.emit({ data: { late: true } });
    run.release();
    const { messages, events } = await all;
    expect(events.map((event) => event.seq)).toEqual(run.events.map((event) => event.seq));
    expect(Math.max(...messages.map((one) => one.events.length))).toBeLessThanOrEqual(MAX_BATCH_EVENTS);
    const sizes = messages.map((one) => JSON.stringify(one.events).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_BATCH_CHARACTERS + 1000);
  });

  test('ends with unfollow', async () => {
    const id = await start({ command: ['true'], hold: true });
    const socket = await connected();
    await heard(socket.emit('follow', { run: id, fromSeq: 1 }), 'events');
    expect(await socket.emitWithAck('unfollow', { run: id })).toEqual({ ok: true });
    let more = 0;
    socket.on('events', () => more++);
    agent.runs.all.get(id)?.release();
    await agent.runs.get(id)?.done;
    await socket.emitWithAck('unfollow', { run: id });
    expect(more).toBe(0);
  });
});

describe('messages', () => {
  test.each([
    ['follow', { run: 'gone' }, 'run-not-found'],
    ['follow', { run: '../x' }, 'bad-message'],
    ['follow', { fromSeq: 1 }, 'bad-message'],
    ['follow', 'text', 'bad-message'],
    ['follow', null, 'bad-message'],
    ['input', { run: 'x', base64: 7 }, 'bad-message'],
    ['input', { run: 'x', base64: 'a'.repeat(140_000) }, 'bad-message'],
    ['input', { run: 'x', more: true }, 'bad-message'],
    ['resize', { run: 'x', cols: 0, rows: 24 }, 'bad-message'],
    ['attach', { run: 'gone' }, 'run-not-found'],
    ['shutdown', {}, 'unknown-message'],
  ])('%s %j is answered with %s', async (name, message, code) => {
    const socket = await connected();
    expect(await socket.emitWithAck(name, message)).toMatchObject({ error: { code } });
  });

  test.each(['input', 'resize', 'attach'])('%s is not for those who may only look', async (name) => {
    const id = await start({ command: ['cat'], interactive: true });
    const socket = await connected(agent.access.watch);
    const message = name === 'resize' ? { run: id, cols: 80, rows: 24 } : { run: id };
    expect(await socket.emitWithAck(name, message)).toMatchObject({ error: { code: 'watch-only' } });
    expect(agent.runs.all.get(id)?.sizes).toEqual([]);
  });

  test('without an acknowledgement do no harm', async () => {
    const socket = await connected();
    socket.emit('follow', 'nonsense');
    socket.emit('follow');
    socket.emit('input', {}, 'not a function');
    expect(await socket.emitWithAck('unfollow', { run: 'x' })).toMatchObject({
      error: { code: 'run-not-found' },
    });
  });

  test('that are far too large end the connection and nothing else', async () => {
    const socket = await connected();
    const gone = heard(socket, 'disconnect');
    socket.emit('input', { run: 'x', base64: 'a'.repeat(600_000) });
    await gone;
    expect((await agent.call('/api/health')).status).toBe(200);
  });

  test('that flood are refused, and the flooder is let go', async () => {
    const socket = await connected();
    const gone = heard(socket, 'disconnect');
    for (let i = 0; i < 6000; i++) socket.emit('unfollow', { run: 'x' });
    await gone;
  });
});

describe('a console', () => {
  test('types, is resized, and ends the input', async () => {
    const id = await start({ command: ['cat'], interactive: true });
    await expect.poll(() => agent.runs.all.get(id)?.state).toBe('running');
    const socket = await connected();
    const base64 = Buffer.from('typed\n').toString('base64');
    expect(await socket.emitWithAck('input', { run: id, base64 })).toEqual({ ok: true });
    expect(await socket.emitWithAck('resize', { run: id, cols: 80, rows: 24 })).toEqual({ ok: true });
    expect(await socket.emitWithAck('input', { run: id, end: true })).toEqual({ ok: true });
    const { events } = await followed(socket, id);
    const output = events.find((event) => event.step === 'process/output');
    expect(Buffer.from(String(output?.data.base64), 'base64').toString()).toBe('typed\n');
    expect(agent.runs.all.get(id)?.sizes).toEqual(['80x24']);
  });

  test('that types on without waiting for a container that does not read is refused', async () => {
    const id = await start({ command: ['sleep', '60'], interactive: true });
    await expect.poll(() => agent.runs.all.get(id)?.state).toBe('running');
    const socket = await connected();
    const base64 = 'AAAA'.repeat(32_000);
    const refused = await new Promise((resolve) => {
      for (let n = 0; n < 60; n++) {
        socket.emit('input', { run: id, base64 }, (answer: object) => 'error' in answer && resolve(answer));
      }
    });
    expect(refused).toMatchObject({ error: { code: 'too-many-bytes' } });
  });

  test('of the command line gets the raw output from the first byte, though it attaches late', async () => {
    const script = 'printf "%s" "$SECRET"; sleep 0.3; printf "%s" "$SECRET" >&2';
    const request = { command: ['sh', '-c', script], env: ['SECRET=hunter2hunter2'] };
    const id = await start(request, { 'x-underdock-client': 'cli' });
    await expect.poll(() => agent.runs.get(id)?.events.length).toBeGreaterThan(1);
    const socket = await connected();
    const got: string[] = [];
    socket.on('output', (message: { stream: string; bytes: Buffer }) =>
      got.push(`${message.stream} ${message.bytes}`),
    );
    expect(await socket.emitWithAck('attach', { run: id })).toEqual({ ok: true });
    const { events } = await followed(socket, id);
    expect(got).toEqual(['stdout hunter2hunter2', 'stderr hunter2hunter2']);
    expect(JSON.stringify(events)).not.toContain(Buffer.from('hunter2hunter2').toString('base64'));
  });
});
