import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PrivateEngine, startPrivateEngine } from '../../apps/agent/src/daemons/privateEngine.ts';
import { engineCgroup } from '../../apps/agent/src/daemons/privateEngineRemains.ts';
import { allProcesses } from '../../apps/agent/src/processes.ts';
import { openLab, watchNothing } from './embeddedLab.ts';
import { killedAgent } from './killedAgent.ts';

const docker = { via: 'docker', image: 'starter', command: ['sh', '-c', 'echo up; sleep 300'] } as const;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-crash-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const cgroupOf = (engine: string) =>
  readFileSync('/proc/self/mountinfo', 'utf8').includes(engineCgroup(engine));
const inEngine = (engine: string) =>
  allProcesses().filter(({ pid, state }) => {
    if (state === 'Z') return false;
    return textOf(`/proc/${pid}/cgroup`).includes(engineCgroup(engine));
  });

describe('an agent that is killed', () => {
  it('takes its private engine with it, and the next one kills and removes the containers', async () => {
    const stateDir = join(folder, 's');
    const engine = join(stateDir, 'engine', 'none');
    await killedAgent(stateDir, { ...docker, engine: 'private' });
    await expect
      .poll(() =>
        allProcesses().filter(({ pid }) => textOf(`/proc/${pid}/cmdline`).includes(`${engine}/docker.sock`)),
      )
      .toEqual([]);
    expect(inEngine(engine).length).toBeGreaterThan(0);
    const lab = await openLab({ watch: watchNothing, calls: [], stateDir });
    expect(inEngine(engine)).toEqual([]);
    const actions = lab.opened.recovered.flatMap((one) => one.actions).join('; ');
    expect(actions).toMatch(/killed process \d+ \(sleep\)/);
    expect(actions).toMatch(/killed process \d+ \(containerd-shim\)/);
    const again = await lab.run({ via: 'docker', engine: 'private', command: ['true'] });
    expect(again.exitCode).toBe(0);
    expect(readdirSync(join(stateDir, 'docker'))).toEqual([]);
    await lab.close();
    expect(cgroupOf(engine)).toBe(false);
  });

  it('leaves a container in an engine of the host’s that the next agent removes', async () => {
    const host = await startPrivateEngine({ folder: join(folder, 'host') });
    const stateDir = join(folder, 's');
    await killedAgent(stateDir, { ...docker, socket: host.socket, allowAll: true });
    const lab = await openLab({ watch: watchNothing, calls: [], stateDir, allowedMounts: ['/'] });
    expect(lab.opened.recovered).toMatchObject([
      { actions: ['removed the container from the docker engine'] },
    ]);
    expect(inEngine(join(folder, 'host'))).toEqual([]);
    await lab.close();
    await host.close();
  });
});

describe('an engine that goes away under a run', () => {
  it('is waited for, and what it says of the container then is told', async () => {
    const host = await startPrivateEngine({ folder: join(folder, 'host') });
    const lab = await openLab({
      watch: watchNothing,
      calls: [],
      stateDir: join(folder, 's'),
      allowedMounts: ['/'],
    });
    const going = await lab.start({ ...docker, command: [...docker.command], socket: host.socket });
    await going.tells('kernel/has-namespace', 'fact');
    process.kill(host.pids.dockerd, 'SIGKILL');
    await host.ended;
    const again: PrivateEngine = await startPrivateEngine({ folder: join(folder, 'host') });
    const ended = await going.ended();
    expect(
      ended.events.filter(({ step }) => step === 'engine/recovered').map(({ data }) => data),
    ).toMatchObject([
      { state: 'stopped', actions: [expect.stringContaining('the engine was away for'), expect.any(String)] },
    ]);
    expect(ended.verdict.state).toBe('whole');
    await lab.close();
    await again.close();
  });

  it('ends the run with a clear error when it was underdock’s own, and the next run has a new one', async () => {
    const lab = await openLab({ watch: watchNothing, calls: [], stateDir: join(folder, 's') });
    const going = await lab.start({ ...docker, command: [...docker.command], engine: 'private' });
    await going.tells('kernel/has-namespace', 'fact');
    const pid = going.run.events.find(({ actor }) => actor.name === 'dockerd')?.actor.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    expect(await going.ended()).toMatchObject({ exitCode: 125, error: { code: 'engine-died' } });
    expect((await lab.run({ via: 'docker', engine: 'private', command: ['true'] })).exitCode).toBe(0);
    await lab.close();
  });
});

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
