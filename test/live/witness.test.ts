import { type TraceEvent, verifyTrace } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKernelWatch } from '../../apps/agent/src/layers/5-kernel/watcher.ts';
import type { KernelWatch } from '../../apps/agent/src/layers/watcher.ts';
import { type BundleOptions, makeBundle } from './bundle.ts';
import { HIDE_V2 } from './hideV2.ts';
import {
  actsOfTrace,
  actsOfWitness,
  compareActs,
  lineageOf,
  startWitness,
  type Testimony,
} from './witness.ts';
import { runWoven, type WovenRun } from './wovenRun.ts';

const RUNTIMES: Record<string, string[]> = {
  runc: ['/usr/sbin/runc'],
  crun: ['/usr/bin/unshare', '-m', '/bin/sh', '-c', HIDE_V2, 'sh', '/usr/bin/crun'],
};
const ATTEMPTS = 3;
const MAKING = [
  'clone',
  'mount',
  'umount',
  'pivot-root',
  'sethostname',
  'cgroup-mkdir',
  'cgroup-attach',
  'cgroup-rmdir',
  'cgroup-write',
  'capset',
  'seccomp',
  'no-new-privs',
  'setuid',
  'execve',
  'exit',
].map((name) => `kernel/${name}`);

const CASES = {
  runc: { runtime: 'runc', command: ['/bin/sh', '-c', 'echo hello; /bin/id; /bin/nowhere; exit 3'] },
  crun: { runtime: 'crun', command: ['/bin/sh', '-c', 'echo hello; /bin/id; /bin/nowhere; exit 3'] },
  hungry: { runtime: 'runc', command: ['/bin/tail', '/dev/zero'], memory: 24 * 1024 * 1024 },
};
type Case = keyof typeof CASES;

let watch: KernelWatch;
let runs: Record<Case, WovenRun>;
let testimony: Testimony;

beforeAll(async () => {
  watch = createKernelWatch({ agentPid: process.pid });
  const state = await watch.start();
  expect(state, 'live tests need root and bpftrace').toMatchObject({ state: 'ok', name: 'bpftrace' });
  await witnessed();
}, 120_000);
afterAll(() => watch?.stop());

/** Runs every case under one witness. A witness that lost records does not judge: it is asked again. */
async function witnessed(): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const witness = await startWitness();
    const entries = Object.entries(CASES) as [Case, (typeof CASES)[Case]][];
    const done: [Case, WovenRun][] = [];
    for (const [name, one] of entries) done.push([name, await runOne(one)]);
    runs = Object.fromEntries(done) as Record<Case, WovenRun>;
    testimony = await witness.end();
    if (testimony.lost === 0) return;
  }
  throw new Error(`the witness lost ${testimony.lost} records, ${ATTEMPTS} times over`);
}

async function runOne({ runtime, ...options }: { runtime: string } & BundleOptions): Promise<WovenRun> {
  const bundle = makeBundle(options);
  try {
    const argv = [...(RUNTIMES[runtime] ?? []), 'run', '--bundle', bundle.folder, bundle.id];
    return await runWoven(watch, argv, bundle.id);
  } finally {
    bundle.remove();
  }
}

function disagreement(run: WovenRun) {
  const acts = actsOfWitness(testimony, lineageOf([run.pid], testimony.forks));
  return { acts, ...compareActs(acts, actsOfTrace(run.events)) };
}

const steps = (events: TraceEvent[]) => new Set(events.map((event) => event.step));

describe.each(['runc', 'crun'] as const)('a container run by %s', (name) => {
  it('runs to its own exit code with its own output', () => {
    expect(runs[name].stdout).toContain('hello');
    expect(runs[name].exitCode).toBe(3);
  });

  it('leaves a whole trace without losses', async () => {
    expect(await verifyTrace([runs[name].text])).toMatchObject({ state: 'whole', faults: [] });
    expect(steps(runs[name].events)).not.toContain('trace/lost-records');
  });

  it('does nothing in the kernel that the trace lacks, and the trace invents nothing', () => {
    const { acts, missing, invented } = disagreement(runs[name]);
    expect(acts.length).toBeGreaterThan(80);
    expect({ missing, invented }).toEqual({ missing: [], invented: [] });
  });

  it('shows each kind of act that makes a container', () => {
    const shown = steps(runs[name].events);
    for (const step of MAKING) expect(shown, step).toContain(step);
  });

  it('shows the namespaces of its init with inodes other than the host’s', () => {
    const facts = runs[name].events.filter((event) => event.step === 'kernel/has-namespace');
    const own = facts.filter(({ data }) => data.own === true && data.inode !== data.hostInode);
    expect(new Set(own.map(({ data }) => data.kind))).toEqual(new Set(['mnt', 'pid', 'net', 'uts', 'ipc']));
  });
});

describe('a container that eats more memory than it may have', () => {
  it('is killed before our eyes', () => {
    const kills = runs.hungry.events.filter((event) => event.step === 'kernel/oom-kill');
    expect(kills).toHaveLength(1);
    expect(kills[0]?.data).toMatchObject({ comm: 'tail' });
  });

  it('is told as the witness saw it', () => {
    const { acts, missing, invented } = disagreement(runs.hungry);
    expect(acts.filter((act) => act.startsWith('oom-kill'))).toHaveLength(1);
    expect({ missing, invented }).toEqual({ missing: [], invented: [] });
  });
});
