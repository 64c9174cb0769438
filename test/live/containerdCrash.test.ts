import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startPrivateContainerd } from '../../apps/agent/src/daemons/privateContainerd.ts';
import { engineCgroup } from '../../apps/agent/src/daemons/privateEngineRemains.ts';
import { allProcesses } from '../../apps/agent/src/processes.ts';
import { imagesIn, leftBesideContainerd, leftInContainerd } from './containerdLab.ts';
import { openLab, watchNothing } from './embeddedLab.ts';
import { killedAgent } from './killedAgent.ts';

const request = { via: 'containerd', image: 'starter', command: ['sh', '-c', 'echo up; sleep 300'] } as const;
let folder: string;
let stateDir: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-crash-'));
  stateDir = join(folder, 's');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openLab({ watch: watchNothing, calls: [], stateDir, allowedMounts: ['/'] });
const cgroupOf = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch {
    return '';
  }
};
const livingIn = (daemon: string) =>
  allProcesses().filter(({ pid, state }) => state !== 'Z' && cgroupOf(pid).includes(engineCgroup(daemon)));

describe('an agent that is killed', () => {
  it('takes its private containerd with it, and the next one removes what that has of its run', async () => {
    const daemon = join(stateDir, 'containerd');
    await killedAgent(stateDir, { ...request, engine: 'private' });
    expect(livingIn(daemon).length).toBeGreaterThan(0);
    const lab = await open();
    expect(livingIn(daemon)).toEqual([]);
    const again = await lab.run({ ...request, engine: 'private', command: ['true'] });
    expect(again).toMatchObject({ exitCode: 0, error: undefined });
    expect(leftInContainerd(join(daemon, 'containerd.sock'))).toEqual([]);
    expect(leftBesideContainerd(stateDir)).toEqual([]);
    // The registry of the starter image has another port each time.
    expect(imagesIn(join(daemon, 'containerd.sock'))).toHaveLength(1);
    await lab.close();
  });

  it('leaves a container in a containerd of the host’s that the next agent removes', async () => {
    const host = await startPrivateContainerd({
      ...{ folder: join(folder, 'host'), registry: '127.0.0.1:1', pauseImage: '127.0.0.1:1/pause' },
    });
    await killedAgent(stateDir, { ...request, socket: host.socket, allowAll: true });
    expect(leftInContainerd(host.socket).map((left) => left.split(' ')[0])).toEqual([
      'container',
      'task',
      'snapshot',
    ]);
    const lab = await open();
    expect(lab.opened.recovered).toMatchObject([{ actions: ['removed the container from containerd'] }]);
    expect([...leftInContainerd(host.socket), ...leftBesideContainerd(stateDir)]).toEqual([]);
    await lab.close();
    await host.close();
  });
});

describe('a containerd of underdock’s own that dies under a run', () => {
  it('ends the run with a clear error, and the next run has a new one', async () => {
    const lab = await open();
    const going = await lab.start({ ...request, command: [...request.command], engine: 'private' });
    await going.says('up');
    const pid = going.run.events.find(({ actor }) => actor.name === 'containerd')?.actor.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    expect((await going.ended()).error).toMatchObject({ code: 'daemon-died' });
    const again = await lab.run({ ...request, engine: 'private', command: ['true'] });
    expect(again).toMatchObject({ exitCode: 0, error: undefined });
    expect(leftInContainerd(join(stateDir, 'containerd/containerd.sock'))).toEqual([]);
    await lab.close();
  });
});
