import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { difference, heldFile, heldLive } from '../fakes/pictures.ts';
import { type Agent, startAgent } from './commandLine.ts';

let agent: Agent;
beforeAll(async () => {
  agent = await startAgent();
});
afterAll(() => agent?.close());

/** Starts a run and keeps what the socket brings of it, array by array, until it is closed. */
async function runLive(body: object): Promise<{ id: string; header: TraceHeader; arrays: TraceEvent[][] }> {
  const link = new URL(agent.url);
  const token = link.searchParams.get('token')!;
  const socket = io(link.origin, { auth: { token }, transports: ['websocket'] });
  try {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const { id } = (await (await fetch(new URL('/api/runs', link), init)).json()) as { id: string };
    const arrays: TraceEvent[][] = [];
    let header: TraceHeader | undefined;
    await new Promise<void>((resolve) => {
      socket.on('header', (message: { header: TraceHeader }) => {
        header = message.header;
      });
      socket.on('events', (message: { events: TraceEvent[]; closed: boolean }) => {
        arrays.push(message.events);
        if (message.closed) resolve();
      });
      socket.emit('follow', { run: id, fromSeq: 1 });
    });
    return { id, header: header!, arrays };
  } finally {
    socket.close();
  }
}

describe('a run that is followed live', () => {
  it('gives the same picture at every step as its file does afterwards', async () => {
    const command = ['sh', '-c', 'echo here; sleep 1; exit 3'];
    const { id, header, arrays } = await runLive({
      via: 'embedded',
      image: 'starter',
      command,
      memory: '64m',
    });
    expect(arrays.length).toBeGreaterThan(3);
    const file = readFileSync(join(agent.stateDir, 'traces', `${id}.chain`));
    const held = await heldFile(file);
    expect(held.stateAt(held.events.length)).toMatchObject({ finished: true, exitCode: 3 });
    expect(difference(heldLive(header, arrays), held)).toBeUndefined();
  });
});
