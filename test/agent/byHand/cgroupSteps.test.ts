import { describe, expect, it } from 'vitest';
import type { OciConfig } from '../../../apps/agent/src/via/embedded/bundle/ociConfig.ts';
import { planCgroups } from '../../../apps/agent/src/via/embedded/lowLevel/byHand/cgroupSteps.ts';
import { stepText } from '../../../apps/agent/src/via/embedded/lowLevel/byHand/step.ts';

const config = {
  linux: {
    cgroupsPath: '/underdock/x',
    resources: {
      memory: { limit: 67_108_864, swap: 134_217_728 },
      cpu: { quota: 50_000, period: 100_000 },
      pids: { limit: 9 },
      devices: [
        { allow: false, access: 'rwm' },
        { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' },
        { allow: true, type: 'c', access: 'm' },
      ],
    },
  },
} as OciConfig;
const texts = (host: Parameters<typeof planCgroups>[1], from = config) =>
  planCgroups(from, host).steps.map((step) => stepText(step, { pid: '' }));

describe('the cgroups of a container made by hand', () => {
  it('are one folder in v2, with controllers handed down first', () =>
    expect(texts({ layout: 'v2', mounts: { unified: '/cg' } })).toEqual([
      'mkdir -p /cg/underdock/x',
      `echo '+memory +cpu +pids' > /cg/cgroup.subtree_control`,
      `echo '+memory +cpu +pids' > /cg/underdock/cgroup.subtree_control`,
      'echo 67108864 > /cg/underdock/x/memory.max',
      'echo 67108864 > /cg/underdock/x/memory.swap.max',
      `echo '50000 100000' > /cg/underdock/x/cpu.max`,
      'echo 9 > /cg/underdock/x/pids.max',
    ]));

  it('are a folder in each hierarchy in v1, with device rules', () => {
    const host = {
      layout: 'v1' as const,
      mounts: { memory: '/m', cpu: '/c', cpuacct: '/c', pids: '/p', devices: '/d' },
    };
    const lines = texts(host).join('\n');
    expect(planCgroups(config, host).joined).toEqual([
      '/m/underdock/x',
      '/c/underdock/x',
      '/p/underdock/x',
      '/d/underdock/x',
    ]);
    for (const line of [
      'echo 67108864 > /m/underdock/x/memory.limit_in_bytes',
      'echo 134217728 > /m/underdock/x/memory.memsw.limit_in_bytes',
      'echo 100000 > /c/underdock/x/cpu.cfs_period_us',
      'echo 50000 > /c/underdock/x/cpu.cfs_quota_us',
      'echo 9 > /p/underdock/x/pids.max',
      'echo a > /d/underdock/x/devices.deny',
      `for rule in 'c 1:3 rwm' 'c *:* m'; do`,
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.indexOf('limit_in_bytes')).toBeLessThan(lines.indexOf('memsw'));
  });

  it('are none where nothing is permitted', () => {
    const without = { linux: { namespaces: [] } } as unknown as OciConfig;
    expect(planCgroups(without, { layout: 'v2', mounts: { unified: '/cg' } })).toEqual({
      steps: [],
      joined: [],
    });
    expect(planCgroups(config, { layout: 'none', mounts: {} })).toEqual({ steps: [], joined: [] });
  });
});
