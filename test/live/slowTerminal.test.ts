import { runRequestSchema } from '@underdock/trace';
import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAccess } from '../../apps/agent/src/server/access.ts';
import { createAgentServer } from '../../apps/agent/src/server/agentServer.ts';
import { createFace } from '../../apps/agent/src/server/face.ts';
import { type Lab, leftOnHost, openLab, watchNothing } from './embeddedLab.ts';

let lab: Lab;
let socket: Socket;
let close: () => Promise<void>;

beforeEach(async () => {
  lab = await openLab({ watch: watchNothing });
  const access = createAccess();
  const server = createAgentServer({
    runs: lab.opened.runs,
    access,
    face: createFace({ host: '127.0.0.1' }),
    stateDir: lab.stateDir,
    pageFolder: '/nonexistent',
    doctor: async () => ({}) as never,
    health: { version: '0', instance: 'x' },
    log: () => {},
  });
  const port = await server.listen(0, '127.0.0.1');
  socket = io(`http://127.0.0.1:${port}`, { auth: { token: access.drive }, transports: ['websocket'] });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  close = async () => {
    socket.disconnect();
    await server.close();
  };
});

afterEach(async () => {
  await close();
  const left = leftOnHost(lab.stateDir);
  await lab.close();
  expect(left).toEqual([]);
});

/** The connection below: what is not read there fills the kernel's buffers and then the agent's. */
function wire(): { pause(): void; resume(): void } {
  return (socket.io.engine.transport as unknown as { ws: { _socket: { pause(): void; resume(): void } } }).ws
    ._socket;
}

const MEGABYTE = 2 ** 20;
const shell = (script: string) => ['/bin/sh', '-c', script];

describe.each([false, true])('an attached terminal that does not read (tty: %s)', (tty) => {
  it('makes the container wait, as a pipe would, and misses nothing', async () => {
    const script = 'read go; dd if=/dev/zero bs=1M count=64 2>/dev/null; sleep 1';
    const request = { image: 'starter', via: 'embedded', tty, interactive: true, command: shell(script) };
    const run = await lab.opened.runs.start(runRequestSchema.parse(request), 'cli');
    let bytes = 0;
    socket.on('output', (message: { bytes: Uint8Array }) => {
      bytes += message.bytes.length;
    });
    expect(await socket.emitWithAck('attach', { run: run.id })).toEqual({ ok: true });
    await expect.poll(() => run.summary().state, { timeout: 20_000 }).toBe('running');
    const before = process.memoryUsage().arrayBuffers;
    wire().pause();
    await run.input(Buffer.from('go\n'));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(run.summary().state).toBe('running');
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(before + 32 * MEGABYTE);
    wire().resume();
    expect((await run.done).exitCode).toBe(0);
    await expect.poll(() => bytes).toBeGreaterThanOrEqual(64 * MEGABYTE);
  });
});

describe('what is typed before there is a container', () => {
  const started = (request: object) =>
    lab.opened.runs.start(
      runRequestSchema.parse({ image: 'starter', via: 'embedded', interactive: true, ...request }),
      'cli',
    );

  it('counts as taken once the container has it', async () => {
    const run = await started({ command: ['cat'] });
    const shown: Buffer[] = [];
    run.attach((_stream, bytes) => shown.push(Buffer.from(bytes)));
    const taken = run.input(Buffer.from('early\n'));
    expect(taken).toBeInstanceOf(Promise);
    await taken;
    run.endInput();
    expect((await run.done).exitCode).toBe(0);
    expect(Buffer.concat(shown).toString()).toBe('early\n');
  });

  it('keeps nobody waiting when there will be none', async () => {
    const run = await started({ command: ['no-such-command'] });
    await run.input(Buffer.from('early\n'));
    expect((await run.done).exitCode).toBe(127);
    expect(await run.input(Buffer.from('late\n'))).toBeUndefined();
  });
});
