import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildStarter, Store } from '@underdock/image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Registry, startRegistry } from '../../apps/agent/src/daemons/registry.ts';
import { type Embedded, openEmbedded } from '../../apps/agent/src/via/embedded/openEmbedded.ts';
import { lockState } from '../../apps/agent/src/via/embedded/stateLock.ts';
import { containerCgroups, leftOnHost } from './embeddedLab.ts';

let folder: string;
let registry: Registry;
let slow: Server;
let slowHost: string;

beforeAll(async () => {
  if (process.geteuid?.() !== 0) throw new Error('live tests make containers: run them as root');
  folder = mkdtempSync(join(tmpdir(), 'underdock-crash-'));
  const store = new Store(join(folder, 'starter'));
  await buildStarter(store);
  registry = await startRegistry(store);
  slow = slowdown(registry.port);
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  slowHost = `127.0.0.1:${(slow.address() as AddressInfo).port}`;
});

afterAll(async () => {
  slow.closeAllConnections();
  slow.close();
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Passes everything on, but big blobs only in part: a pull that never ends. */
function slowdown(port: number): Server {
  return createServer((incoming, answer) => {
    const asked = {
      port,
      host: '127.0.0.1',
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
    };
    httpRequest(asked, (from) => {
      answer.writeHead(from.statusCode ?? 500, from.headers);
      let sent = 0;
      from.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, Math.max(0, 200_000 - sent));
        sent += part.length;
        answer.write(part);
      });
      from.on('end', () => Number(from.headers['content-length'] ?? 0) <= 200_000 && answer.end());
    }).end();
  });
}

interface Agent {
  child: ChildProcess;
  stateDir: string;
}

function startAgent(request: Record<string, unknown>): Agent {
  const stateDir = mkdtempSync(join(folder, 'state-'));
  const body = { image: `${registry.host}/starter`, command: ['sleep', '600'], ...request };
  const script = join(import.meta.dirname, 'embeddedAgent.ts');
  const child = spawn(process.execPath, [script, stateDir, JSON.stringify(body)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return { child, stateDir };
}

/** Kills the agent the moment that the condition holds; looks every few milliseconds. */
async function killWhen(agent: Agent, what: string, holds: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > limit || agent.child.exitCode !== null)
      throw new Error(`the agent never came to ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const gone = new Promise((resolve) => agent.child.once('exit', resolve));
  agent.child.kill('SIGKILL');
  await gone;
}

function stateOf({ stateDir }: Agent): string | undefined {
  for (const run of namesIn(join(stateDir, 'runs'))) {
    try {
      return JSON.parse(readFileSync(join(stateDir, 'runs', run, 'state.json'), 'utf8')).state;
    } catch {
      // It is being written.
    }
  }
  return undefined;
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

const partial = (path: string) => namesIn(path).some((name) => name.endsWith('.partial'));

/** Starts underdock again where the killed one was, and closes it. */
async function startAgain({ stateDir }: Agent): Promise<Embedded> {
  const embedded = await openEmbedded({ stateDir });
  embedded.close();
  return embedded;
}

async function expectNothingLeft(agent: Agent, cgroupsBefore: string[]): Promise<void> {
  const { recovered } = await startAgain(agent);
  expect(
    recovered.flatMap(({ actions }) => actions).filter((action) => action.includes('could not')),
  ).toEqual([]);
  expect(leftOnHost(agent.stateDir)).toEqual([]);
  expect(
    containerCgroups().filter((path) => !cgroupsBefore.includes(path) && ofState(path, recovered)),
  ).toEqual([]);
}

function ofState(path: string, recovered: Embedded['recovered']): boolean {
  return recovered.some(({ container }) => container !== '' && path.endsWith(container));
}

describe('an agent that is killed', () => {
  it('while it pulls leaves no half a blob behind its next start', async () => {
    const before = containerCgroups();
    const agent = startAgent({ image: `${slowHost}/starter` });
    await killWhen(agent, 'pulling', () => partial(join(agent.stateDir, 'images/blobs/sha256')));
    await expectNothingLeft(agent, before);
  });

  it('while it unpacks leaves no half a layer', async () => {
    const before = containerCgroups();
    const agent = startAgent({});
    await killWhen(agent, 'unpacking', () => partial(join(agent.stateDir, 'layers')));
    await expectNothingLeft(agent, before);
  });

  // Different moments of the creation: together they go through all of it.
  it.each([
    ['runc', 10],
    ['runc', 60],
    ['crun', 25],
    ['by-hand', 0],
    ['by-hand', 100],
  ])('while %s creates a container (%i ms on) leaves nothing of it', async (runtime, laterMs) => {
    const before = containerCgroups();
    const agent = startAgent({ runtime });
    let since = 0;
    await killWhen(agent, 'creating', () => {
      const run = namesIn(join(agent.stateDir, 'runs'))[0] ?? 'none';
      if (since === 0 && namesIn(join(agent.stateDir, 'runs', run, 'bundle')).includes('config.json'))
        since = Date.now();
      return since > 0 && Date.now() >= since + laterMs;
    });
    await expectNothingLeft(agent, before);
  });

  describe.each(['runc', 'crun', 'by-hand'])('with a container of %s', (runtime) => {
    it('while that is held leaves nothing of it', async () => {
      const before = containerCgroups();
      const agent = startAgent({ runtime, hold: true });
      await killWhen(agent, 'holding', () => stateOf(agent) === 'held');
      await expectNothingLeft(agent, before);
    });

    it('while that runs leaves nothing of it, and says what was done', async () => {
      const before = containerCgroups();
      const agent = startAgent({ runtime, command: ['/bin/sh', '-c', 'sleep 600 & sleep 601'] });
      await killWhen(agent, 'running', () => stateOf(agent) === 'running');
      const { recovered } = await startAgain(agent);
      expect(recovered).toMatchObject([{ state: 'running' }]);
      expect(recovered[0]?.actions.join('\n')).toMatch(/killed process \d+ \((sh|sleep|runc)/);
      expect(leftOnHost(agent.stateDir)).toEqual([]);
      expect(containerCgroups().filter((path) => !before.includes(path) && ofState(path, recovered))).toEqual(
        [],
      );
    });

    it('while that is being stopped leaves nothing of it', async () => {
      const before = containerCgroups();
      const command = ['/bin/sh', '-c', 'trap "" TERM; while :; do sleep 0.2; done'];
      const agent = startAgent({ runtime, command, stopWhenRunning: true });
      await killWhen(agent, 'stopping', () => stateOf(agent) === 'stopping');
      await expectNothingLeft(agent, before);
    });
  });

  it('leaves the containers that were kept', async () => {
    const agent = startAgent({ keep: true, name: 'mine', command: ['true'] });
    await new Promise((resolve) => agent.child.once('exit', resolve));
    const { recovered } = await startAgain(agent);
    expect(recovered).toEqual([]);
    const [run = ''] = namesIn(join(agent.stateDir, 'runs'));
    const embedded = await openEmbedded({ stateDir: agent.stateDir });
    expect(await embedded.removeKept(run)).toBe(true);
    embedded.close();
    expect(leftOnHost(agent.stateDir)).toEqual([]);
  });
});

describe('a state directory', () => {
  it('belongs to one agent, and who else comes is told which', () => {
    const stateDir = mkdtempSync(join(folder, 'state-'));
    const unlock = lockState(stateDir);
    expect(() => lockState(stateDir)).toThrow(
      expect.objectContaining({
        code: 'state-in-use',
        message: expect.stringContaining(String(process.pid)),
      }),
    );
    unlock();
    lockState(stateDir)();
  });
});
