import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Http2Server } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallRecord } from '@underdock/weave';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grpcFragment } from '../../apps/agent/src/layers/3-high-level/fragment.ts';
import { PAYLOAD_PIECE, PAYLOAD_PIECES } from '../../apps/agent/src/probe/calls.ts';
import { CallsProbe, nowMs } from '../../apps/agent/src/probe/callsProbe.ts';
import { functionsOf } from '../../apps/agent/src/probe/callsProgram.ts';
import { type GoProgram, readGoProgram } from '../../apps/agent/src/probe/goSymbols.ts';
import { programPath } from '../../apps/agent/src/programs.ts';
import { dockerClients, until } from './callsLab.ts';

// The other end of the wire is the witness: a gRPC server that keeps each message as it came.
const folder = mkdtempSync(join(tmpdir(), 'underdock-grpc-'));
const socket = join(folder, 'grpc.sock');
const SLICES = 'google.golang.org/grpc/mem.BufferSlice.Len';
const received: Buffer[] = [];
let server: Http2Server;
beforeAll(async () => {
  server = createServer();
  server.on('stream', (stream) => {
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('error', () => undefined);
    stream.on('end', () => {
      // A flag, the length in four bytes, the message (gRPC over HTTP2).
      received.push(Buffer.concat(parts).subarray(5));
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' },
        { endStream: true },
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command of a probed program and gives what it sent by gRPC, as the probe saw it. */
async function sentBy(file: string, program: GoProgram, args: string[], env = {}): Promise<CallRecord[]> {
  const records: CallRecord[] = [];
  let clock = 0;
  const probe = await CallsProbe.start({
    targets: [{ file, program, fragments: [grpcFragment] }],
    agentPid: process.pid,
    emit: (record) => records.push(record),
    onClock: (at) => {
      clock = at;
    },
    onLost: (count, why) => expect.unreachable(`${count} lost: ${why}`),
    onEnd: (error) => expect.unreachable(error.message),
  });
  probe.begin(0);
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  await new Promise((resolve) => child.once('close', resolve));
  const ended = nowMs();
  await until(() => clock > ended);
  await probe.stop();
  return records.filter(({ pid }) => pid === child.pid);
}
const payloads = (records: CallRecord[]) => records.flatMap(({ payload }) => (payload ? [payload] : []));
const look = (file: string) => readGoProgram(file, functionsOf([grpcFragment]));

describe('the payload of a gRPC call', () => {
  const info = (id: string) => ['-a', socket, '-n', 'moby', 'containers', 'info', id];

  it('is what arrives at the other end, byte for byte', async () => {
    received.length = 0;
    const records = await sentBy(programPath('ctr'), await look(programPath('ctr')), info('b'.repeat(200)));
    expect(received.map(({ length }) => length)).toEqual([203]);
    expect(payloads(records).map(({ bytes }) => Buffer.from(bytes).toString('hex'))).toEqual(
      received.map((message) => message.toString('hex')),
    );
    expect(records.at(-1)).toMatchObject({ phase: 'exit', failed: true });
  });

  it('is cut when it is long, and says how long it was', async () => {
    received.length = 0;
    const records = await sentBy(
      programPath('ctr'),
      await look(programPath('ctr')),
      info('c'.repeat(100_000)),
    );
    const [payload] = payloads(records);
    expect(payload?.length).toBe(received[0]?.length);
    expect(payload?.length).toBeGreaterThan(100_000);
    const most = PAYLOAD_PIECE * PAYLOAD_PIECES;
    expect(payload?.bytes.length).toBe(most);
    expect(Buffer.from(payload?.bytes ?? [])).toEqual(received[0]?.subarray(0, most));
  });

  // grpc-go from 1.66 hands buffers over; Docker's clients of 2025 send their own metrics with it. Debian's have none of it.
  it.each(dockerClients())('is found in the buffers of newer versions too: %s', async (client) => {
    const program = await look(client);
    const tcp = createServer();
    for (const listener of server.listeners('stream')) tcp.on('stream', listener as () => void);
    await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
    const { port } = tcp.address() as { port: number };
    received.length = 0;
    const records: CallRecord[] = [];
    // Below a kilobyte it is a slice of its own, above a pooled buffer.
    for (const length of [10, 3000])
      records.push(
        ...(await sentBy(client, program, ['version'], {
          DOCKER_HOST: `unix://${join(folder, 'absent.sock')}`,
          DOCKER_CLI_OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
          OTEL_RESOURCE_ATTRIBUTES: `filler=${'x'.repeat(length)}`,
        })),
      );
    tcp.close();
    expect(payloads(records).map(({ bytes }) => Buffer.from(bytes).toString('hex'))).toEqual(
      received.map((message) => message.toString('hex')),
    );
    if (program.functions.has(SLICES)) expect(received.length).toBeGreaterThan(1);
    else expect(received).toEqual([]);
  });
});
