import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RawRecord } from '@underdock/weave';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programPath } from '../../apps/agent/src/programs.ts';
import {
  type Calls,
  dockerClients,
  startTalkativeEngine,
  type TalkativeEngine,
  until,
  type WholeCall,
  watchCalls,
  wholeCalls,
} from './callsLab.ts';

let engine: TalkativeEngine;
let calls: Calls;
const states: string[] = [];
beforeAll(async () => {
  engine = await startTalkativeEngine();
  calls = await watchCalls({ onState: ({ state }) => states.push(state) });
});
afterAll(async () => {
  await calls?.close();
  await engine?.close();
});

/** Runs a command to its end and gives its pid. */
function ended(
  command: string,
  args: string[],
): Promise<{ pid: number; code: number | null; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ pid: child.pid ?? 0, code, stdout }));
  });
}
const docker = (client: string, ...args: string[]) =>
  ended(client, ['-H', `unix://${engine.socket}`, ...args]);
const RUN = ['run', '--rm', '--network', 'none', 'img', 'true'];
const asked = ({ method, path, query }: WholeCall) => `${method} ${path}${query ? `?${query}` : ''}`;
// Others on this host may ask any engine what it has, an agent say: docker run itself asks nothing by GET.
const changes = (request: string) => !request.startsWith('GET ');
const of = (all: WholeCall[], protocol: string, side: string) =>
  all.filter((call) => call.protocol === protocol && call.side === side && changes(asked(call)));
const lost = (records: RawRecord[]) => records.filter(({ kind }) => kind === 'lost');

describe.each(dockerClients())('docker run, typed with %s', (client) => {
  let records: RawRecord[];
  let all: WholeCall[];
  let pid: number;
  let requests: string[];
  let topics: string[];
  beforeAll(async () => {
    await calls.take();
    engine.requests();
    engine.topics();
    const run = await docker(client, ...RUN);
    expect(run.code).toBe(0);
    pid = run.pid;
    records = await calls.take();
    topics = [];
    await until(() => {
      topics.push(...engine.topics());
      return topics.includes('/containers/delete');
    });
    requests = engine.requests().filter(changes);
    all = wholeCalls(records, [pid, engine.pids.dockerd, engine.pids.containerd]);
  });

  it('loses nothing', () => expect(lost(records)).toEqual([]));

  it('is seen with the requests that dockerd’s own log has, and no others', () => {
    expect(of(all, 'http', 'server').map(asked).sort()).toEqual(requests.sort());
    expect(requests.length).toBeGreaterThanOrEqual(5);
  });

  it('is seen with its requests at the client, under the pid of the command, each before the engine’s', () => {
    const made = of(all, 'http', 'client');
    expect(made.map(asked).sort()).toEqual(requests.sort());
    expect(made.every((call) => call.pid === pid && call.comm === 'docker')).toBe(true);
    for (const call of made) {
      const served = of(all, 'http', 'server').find((one) => asked(one) === asked(call));
      expect(call.at).toBeLessThan(served?.at ?? 0);
    }
  });

  it('has each request’s status on both sides, and none for a connection that was taken over', () => {
    const status = (side: string, verb: string) =>
      of(all, 'http', side).find(({ path }) => path?.endsWith(verb))?.status;
    for (const side of ['client', 'server'])
      expect(['/_ping', '/create', '/wait', '/start'].map((verb) => status(side, verb))).toEqual([
        200, 201, 200, 204,
      ]);
    const attach = of(all, 'http', 'server').find(({ path }) => path?.endsWith('/attach'));
    expect(attach).toMatchObject({ answered: true, status: undefined, exit: expect.anything() });
  });

  it('is seen with the calls to containerd and its shim that the container needs, named by its id', () => {
    const id = /containers\/([0-9a-f]{64})\/start/.exec(requests.join(' '))?.[1];
    const methods = [...of(all, 'grpc', 'client'), ...of(all, 'ttrpc', 'client')]
      .filter((call) => call.container === id)
      .map((call) => call.method?.replace(/^\/containerd\.services\.\w+\.v1\./, ''));
    expect(methods).toEqual(
      expect.arrayContaining([
        ...['Containers/Create', 'Tasks/Create', 'Tasks/Start', 'Tasks/Delete', 'Containers/Delete'],
        ...[
          'containerd.task.v2.Task/Create',
          'containerd.task.v2.Task/Start',
          'containerd.task.v2.Task/Delete',
        ],
      ]),
    );
    const create = all.find(({ method }) => method?.endsWith('Containers/Create'));
    expect(create?.payload?.length).toBeGreaterThan(4000);
    expect(create?.payload?.bytes.length).toBe(create?.payload?.length);
    expect(Buffer.from(create?.payload?.bytes ?? []).toString('latin1')).toContain('"ociVersion"');
  });

  it('agrees with containerd’s own log on what was made, started and deleted', () => {
    const count = (method: string) =>
      all.filter((call) => call.method?.endsWith(method) && !call.exit?.failed).length;
    const had = (topic: string) => topics.filter((one) => one === topic).length;
    expect(count('.Containers/Create')).toBe(had('/containers/create'));
    expect(count('.Containers/Delete')).toBe(had('/containers/delete'));
    expect(count('.Task/Create')).toBe(had('/tasks/create'));
    expect(count('.Task/Start')).toBe(had('/tasks/start'));
    expect(had('/tasks/start')).toBe(1);
  });

  it('has every call end, but for the client’s attach, whose end is that of the program', () => {
    const open = all.filter((call) => !call.exit && changes(asked(call)));
    expect(open.map((call) => `${call.side} ${asked(call)}`.replace(/[0-9a-f]{64}/, 'ID'))).toEqual([
      expect.stringMatching(/^client POST .*\/containers\/ID\/attach\?/),
    ]);
    for (const call of all) expect(call.exit?.at ?? call.at + 1).toBeGreaterThan(call.at);
  });

  it('shows a call that is made while another is served inside of it, on the same goroutine', () => {
    const start = of(all, 'http', 'server').find(({ path }) => path?.endsWith('/start'));
    const create = all.find(({ method }) => method?.endsWith('Tasks/Create'));
    const shim = all.find(({ method }) => method === 'containerd.task.v2.Task/Create');
    expect(create?.routine).toBe(start?.routine);
    for (const [inner, outer] of [
      [create, start],
      [shim, create],
    ] as const) {
      expect(inner?.at).toBeGreaterThan(outer?.at ?? Number.POSITIVE_INFINITY);
      expect(inner?.exit?.at).toBeLessThan(outer?.exit?.at ?? 0);
    }
  });
});

describe('other commands', () => {
  it('of ctr are seen as gRPC under its pid, failed calls as failed', async () => {
    await calls.take();
    const ctr = (...args: string[]) => ended('ctr', ['-a', engine.containerdSocket, ...args]);
    const list = await ctr('-n', 'moby', 'containers', 'ls');
    const failed = await ctr('-n', 'moby', 'containers', 'info', 'absent');
    const all = wholeCalls(await calls.take(), [list.pid, failed.pid]);
    const told = all.map(({ pid, method, exit }) => [pid, method?.split('.').at(-1), exit?.failed]);
    expect(told).toContainEqual([list.pid, 'Containers/ListStream', false]);
    expect(told).toContainEqual([failed.pid, 'Containers/Get', true]);
  });

  it('that an engine refuses are seen with the status', async () => {
    await calls.take();
    const { pid, code } = await docker(programPath('docker'), 'inspect', '--type=container', 'absent');
    expect(code).not.toBe(0);
    const all = wholeCalls(await calls.take(), [pid, engine.pids.dockerd]);
    const inspect = all.filter(({ path }) => path?.endsWith('/containers/absent/json'));
    expect(inspect.map(({ side, status }) => [side, status])).toEqual([
      ['client', 404],
      ['server', 404],
    ]);
  });
});

describe('the watcher', () => {
  const probed = (name: string) =>
    calls.watch.programs.flatMap((one) => (one.name === name && one.kinds.length > 0 ? one.inode : []));
  /** Runs a container and expects each request of its client to be served, each of them whole. */
  const seesARun = async () => {
    await calls.take();
    const { pid, code } = await docker(programPath('docker'), ...RUN);
    expect(code).toBe(0);
    const all = wholeCalls(await calls.take(), [pid, engine.pids.dockerd]);
    const served = of(all, 'http', 'server');
    expect(served.length).toBeGreaterThanOrEqual(5);
    expect(served.map(asked).sort()).toEqual(of(all, 'http', 'client').map(asked).sort());
    expect(served.filter(({ exit }) => !exit)).toEqual([]);
  };

  it('takes in a program that comes later, and loses nothing of what is under way', async () => {
    await docker(programPath('docker'), 'rm', '-f', 'under-way');
    await calls.take();
    const [before] = calls.watch.probePids;
    const started = await docker(
      programPath('docker'),
      'run',
      '-d',
      '--rm',
      '--network',
      'none',
      '--name',
      'under-way',
      'img',
      'sleep',
      '600',
    );
    expect(started.code).toBe(0);
    const waiting = docker(programPath('docker'), 'wait', 'under-way');
    await until(() => engine.requests().some((line) => line.includes('/wait')));
    const bin = join(engine.folder, 'bin');
    rmSync(bin, { recursive: true, force: true });
    mkdirSync(bin);
    copyFileSync(programPath('ctr'), join(bin, 'ctr'));
    const known = probed('ctr').length;
    const late = spawn(join(bin, 'ctr'), ['-a', engine.containerdSocket, 'events'], { stdio: 'ignore' });
    await until(() => probed('ctr').length > known);
    late.kill('SIGKILL');
    await docker(programPath('docker'), 'kill', 'under-way');
    const { pid } = await waiting;
    const all = wholeCalls(await calls.take(), [pid, engine.pids.dockerd]);
    // The first one is that of docker run itself.
    const waits = all.filter(({ path }) => path?.endsWith('/wait')).slice(-2);
    expect(waits.map(({ side, exit }) => [side, exit !== undefined])).toEqual([
      ['client', true],
      ['server', true],
    ]);
    await until(() => calls.watch.probePids.length === 1);
    expect(calls.watch.probePids[0]).not.toBe(before);
    await seesARun();
  });

  it('follows a daemon that is restarted from another build, and one whose file is replaced while it runs', async () => {
    const own = join(engine.folder, 'bin/dockerd');
    copyFileSync(programPath('dockerd'), own);
    const before = new Set(probed('dockerd'));
    await engine.restartDockerd(own);
    await until(() => probed('dockerd').some((inode) => !before.has(inode)));
    copyFileSync(programPath('dockerd'), `${own}.new`);
    renameSync(`${own}.new`, own);
    await seesARun();
  });

  it('says that it is gone when bpftrace is killed, and comes back', async () => {
    states.length = 0;
    for (const pid of calls.watch.probePids) process.kill(pid, 'SIGKILL');
    await until(() => states.includes('missing'));
    expect(calls.watch.state.why ?? 'ok again').toMatch(/bpftrace ended \(SIGKILL\)|ok again/);
    await until(() => states.at(-1) === 'ok');
    await seesARun();
  });
});
