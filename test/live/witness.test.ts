import { type TraceEvent, verifyTrace } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKernelWatch } from '../../apps/agent/src/layers/5-kernel/watcher.ts';
import type { KernelWatch } from '../../apps/agent/src/layers/watcher.ts';
import { type BundleOptions, makeBundle } from './bundle.ts';
import {
  actsOfTrace,
  actsOfWitness,
  compareActs,
  lineageOf,
  startWitness,
  type Testimony,
} from './witness.ts';
import { runWoven, type WovenRun } from './wovenRun.ts';

// crun refuses cgroups in hybrid mode; where v2 is hidden from it, in a mount namespace of its own, it works.
const HIDE = 'if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi; exec "$@"';
const RUNTIMES: Record<string, string[]> = {
  runc: ['/usr/sbin/runc'],
  crun: ['/usr/bin/unshare', '-m', '/bin/sh', '-c', HIDE, 'sh', '/usr/bin/crun'],
};
const ATTEMPTS = 3;

let watch: KernelWatch;
beforeAll(async () => {
  watch = createKernelWatch({ agentPid: process.pid });
  const state = await watch.start();
  expect(state, 'live tests need root and bpftrace').toMatchObject({ state: 'ok', name: 'bpftrace' });
}, 60_000);
afterAll(() => watch?.stop());

/** A run with a witness that lost nothing; a witness that did is asked again. */
async function witnessed(
  runtime: string,
  options: BundleOptions,
): Promise<{ run: WovenRun; testimony: Testimony }> {
  for (let attempt = 1; ; attempt++) {
    const bundle = makeBundle(options);
    try {
      const witness = await startWitness();
      const argv = [...(RUNTIMES[runtime] ?? []), 'run', '--bundle', bundle.folder, bundle.id];
      const run = await runWoven(watch, argv, bundle.id);
      const testimony = await witness.end();
      if (testimony.lost === 0) return { run, testimony };
      if (attempt === ATTEMPTS)
        throw new Error(`the witness lost ${testimony.lost} records, ${ATTEMPTS} times over`);
    } finally {
      bundle.remove();
    }
  }
}

function disagreement({ run, testimony }: { run: WovenRun; testimony: Testimony }) {
  const acts = actsOfWitness(testimony, lineageOf([run.pid], testimony.forks));
  return { acts, ...compareActs(acts, actsOfTrace(run.events)) };
}

const steps = (events: TraceEvent[]) => new Set(events.map((event) => event.step));

describe.each(Object.keys(RUNTIMES))('a container run by %s', (runtime) => {
  let seen: { run: WovenRun; testimony: Testimony };
  beforeAll(async () => {
    seen = await witnessed(runtime, {
      command: ['/bin/sh', '-c', 'echo hello; /bin/id; /bin/nowhere; exit 3'],
    });
  });

  it('runs to its own exit code with its own output', () => {
    expect(seen.run.stdout).toContain('hello');
    expect(seen.run.exitCode).toBe(3);
  });

  it('leaves a whole trace without losses', async () => {
    expect(await verifyTrace([seen.run.text])).toMatchObject({ state: 'whole', faults: [] });
    expect(steps(seen.run.events)).not.toContain('trace/lost-records');
  });

  it('does nothing in the kernel that the trace lacks, and the trace invents nothing', () => {
    const { acts, missing, invented } = disagreement(seen);
    expect(acts.length).toBeGreaterThan(80);
    expect({ missing, invented }).toEqual({ missing: [], invented: [] });
  });

  it('shows each kind of act that makes a container', () => {
    const shown = steps(seen.run.events);
    for (const step of [
      'kernel/clone',
      'kernel/mount',
      'kernel/umount',
      'kernel/pivot-root',
      'kernel/sethostname',
      'kernel/cgroup-mkdir',
      'kernel/cgroup-attach',
      'kernel/cgroup-write',
      'kernel/capset',
      'kernel/seccomp',
      'kernel/no-new-privs',
      'kernel/setuid',
      'kernel/execve',
      'kernel/exit',
    ]) {
      expect(shown, step).toContain(step);
    }
  });

  it('shows the namespaces of its init with inodes other than the host’s', () => {
    const facts = seen.run.events.filter((event) => event.step === 'kernel/has-namespace');
    const own = facts.filter(({ data }) => data.own === true && data.inode !== data.hostInode);
    expect(new Set(own.map(({ data }) => data.kind))).toEqual(new Set(['mnt', 'pid', 'net', 'uts', 'ipc']));
  });
});

describe('a container that eats more memory than it may have', () => {
  it('is killed before our eyes, and the witness saw it too', async () => {
    const command = ['/bin/sh', '-c', 'tail /dev/zero'];
    const seen = await witnessed('runc', { command, memory: 24 * 1024 * 1024 });
    const kills = seen.run.events.filter((event) => event.step === 'kernel/oom-kill');
    expect(kills).toHaveLength(1);
    const { missing, invented } = disagreement(seen);
    expect({ missing, invented }).toEqual({ missing: [], invented: [] });
  });
});
