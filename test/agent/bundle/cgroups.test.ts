import { describe, expect, it } from 'vitest';
import {
  cgroupMounts,
  ownUnifiedCgroup,
  readCgroups,
} from '../../../apps/agent/src/via/embedded/bundle/cgroups.ts';
import { isInitialUserNamespace } from '../../../apps/agent/src/via/embedded/bundle/host.ts';

const v1 = (at: string, options: string) =>
  `30 25 0:26 / ${at} rw,nosuid shared:9 - cgroup cgroup rw,${options}`;
const v2 = (at: string) => `31 25 0:27 / ${at} rw,relatime - cgroup2 cgroup2 rw,nsdelegate`;

describe('the layout of cgroups', () => {
  it('is v2 with one hierarchy', () =>
    expect(cgroupMounts(v2('/sys/fs/cgroup'))).toEqual({
      layout: 'v2',
      mounts: { unified: '/sys/fs/cgroup' },
    }));

  it('is v1 with a hierarchy for controllers', () =>
    expect(
      cgroupMounts(
        [v1('/sys/fs/cgroup/memory', 'memory'), v1('/sys/fs/cgroup/cpu,cpuacct', 'cpu,cpuacct')].join('\n'),
      ),
    ).toEqual({
      layout: 'v1',
      mounts: {
        memory: '/sys/fs/cgroup/memory',
        cpu: '/sys/fs/cgroup/cpu,cpuacct',
        cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
      },
    }));

  it('is hybrid with both', () =>
    expect(
      cgroupMounts([v1('/sys/fs/cgroup/pids', 'pids'), v2('/sys/fs/cgroup/unified')].join('\n')).layout,
    ).toBe('hybrid'));

  it('is none without any, or with a named hierarchy alone', () => {
    expect(cgroupMounts('1 2 0:3 / /proc rw - proc proc rw').layout).toBe('none');
    expect(cgroupMounts(v1('/sys/fs/cgroup/systemd', 'name=systemd')).layout).toBe('none');
  });

  it('of this host can be read', async () => {
    const found = await readCgroups(process.geteuid?.() === 0);
    expect(['v1', 'hybrid', 'v2', 'none']).toContain(found.layout);
    expect(found.parent === undefined).toBe(found.why !== undefined);
  });
});

describe('one’s own place', () => {
  it('in the v2 hierarchy is the line of hierarchy 0', () => {
    expect(ownUnifiedCgroup('4:memory:/a\n0::/user.slice/me.scope\n')).toBe('/user.slice/me.scope');
    expect(ownUnifiedCgroup('4:memory:/a\n')).toBe('/');
  });

  it('is the host’s user namespace when every id is itself', () => {
    expect(isInitialUserNamespace('         0          0 4294967295\n')).toBe(true);
    expect(isInitialUserNamespace('         0       1000          1\n')).toBe(false);
  });
});
