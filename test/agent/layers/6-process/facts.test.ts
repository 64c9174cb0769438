import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RawRecord } from '@underdock/weave';
import { describe, expect, it } from 'vitest';
import {
  cgroupFolders,
  cpuUsedMs,
  readLimits,
} from '../../../../apps/agent/src/layers/6-process/cgroupFacts.ts';
import {
  inodeOf,
  mountFacts,
  processFact,
  statusFacts,
} from '../../../../apps/agent/src/layers/6-process/procFacts.ts';
import { createReadBack } from '../../../../apps/agent/src/layers/6-process/readBack.ts';

const STATUS = `Name:\trunc:[2:INIT]
NSpid:\t4711\t1
Uid:\t1000\t0\t0\t0
Gid:\t1000\t5\t5\t5
Groups:\t5 10
CapInh:\t0000000000000000
CapPrm:\t0000000020000420
CapEff:\t0000000020000420
CapBnd:\t0000000020000420
CapAmb:\t0000000000000000
NoNewPrivs:\t1
Seccomp:\t2
`;

const HYBRID = `30 29 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
31 29 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 29 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`;

describe('what /proc/PID/status says', () => {
  it('is the process by both of its pids', () => {
    expect(processFact(STATUS, 4711, true).data).toEqual({
      pid: 4711,
      innerPid: 1,
      comm: 'runc:[2:INIT]',
      role: 'init',
      waiting: true,
      alive: true,
    });
  });

  it('is what it may do and what it can never do again', () => {
    const facts = Object.fromEntries(statusFacts(STATUS, 4711).map(({ data }) => [data.kind, data]));
    expect(facts.capabilities?.value).toEqual(['CAP_KILL', 'CAP_NET_BIND_SERVICE', 'CAP_AUDIT_WRITE']);
    expect(facts.capabilities?.dropped).toContain('CAP_SYS_ADMIN');
    expect(facts.seccomp?.value).toBe('filter');
    expect(facts['no-new-privs']?.value).toBe(true);
    expect(facts.user?.value).toEqual({ uid: 0, gid: 5, groups: [5, 10] });
  });

  it('is no more than what it says', () => {
    expect(statusFacts('Name:\tx\n', 1)).toEqual([]);
  });
});

describe('what a namespace’s link says', () => {
  it('is an inode', () => {
    expect([inodeOf('mnt:[4026531832]'), inodeOf('nonsense')]).toEqual([4026531832, undefined]);
  });
});

describe('what mountinfo says', () => {
  it('is each mount, with blanks in its path', () => {
    const text =
      '36 35 98:0 /mnt1 /mnt\\040two rw,noatime master:1 - ext3 /dev/root ro,errors=continue\nnonsense\n';
    expect(mountFacts(text).map(({ data }) => data)).toEqual([
      {
        mountPoint: '/mnt two',
        fstype: 'ext3',
        source: '/dev/root',
        root: '/mnt1',
        options: ['rw', 'noatime'],
        readOnly: true,
      },
    ]);
  });
});

describe('a process’s cgroups', () => {
  it('are found on hybrid hosts, several controllers on one hierarchy included', () => {
    const folders = cgroupFolders('4:memory:/a/b\n3:cpu,cpuacct:/a\n0::/c\n9:pids:/nowhere\n', HYBRID);
    expect(folders).toEqual([
      { folder: '/sys/fs/cgroup/memory/a/b', path: '/a/b', hierarchy: 4, controllers: ['memory'] },
      { folder: '/sys/fs/cgroup/cpu,cpuacct/a', path: '/a', hierarchy: 3, controllers: ['cpu', 'cpuacct'] },
      { folder: '/sys/fs/cgroup/unified/c', path: '/c', hierarchy: 0, controllers: [] },
    ]);
  });

  it('are found where only a part of v2 is mounted', () => {
    const mounts = '32 29 0:28 /user /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
    expect(cgroupFolders('0::/user/app\n', mounts)[0]?.folder).toBe('/sys/fs/cgroup/app');
  });

  it('tell limits and what is used of them, in v2’s files and in v1’s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'underdock-cgroup-'));
    const files = {
      'memory.max': '67108864\n',
      'memory.current': '1048576\n',
      'pids.max': 'max\n',
      'pids.current': '3\n',
      'cpu.max': '50000 100000\n',
      'cpu.stat': 'usage_usec 1500\nuser_usec 1000\n',
      'cpu.cfs_quota_us': '150000\n',
      'cpu.cfs_period_us': '100000\n',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const folders = [{ folder, path: '/x', hierarchy: 0, controllers: [] }];
    const limits = Object.fromEntries((await readLimits(folders)).map((limit) => [limit.name, limit]));
    expect(limits['memory.max']).toMatchObject({ number: 67108864, now: 1048576, meaning: 'memory' });
    expect(limits['pids.max']).toMatchObject({ number: null, now: 3 });
    expect(limits['cpu.max']).toMatchObject({ number: 0.5 });
    expect(limits['cpu.cfs_quota_us']).toMatchObject({ number: 1.5 });
    expect(await cpuUsedMs(folders)).toBe(1.5);
    rmSync(folder, { recursive: true });
  });
});

describe('reading back a real process', () => {
  const read = async (pid: number): Promise<RawRecord[]> => {
    const records: RawRecord[] = [];
    await createReadBack().waiting(
      'c',
      pid,
      (record) => records.push(record),
      () => 1,
    );
    return records;
  };

  it('shows eight namespaces, which are our own for a process like us', async () => {
    const facts = (await read(process.pid)).filter((record) => record.kind === 'read-back');
    const namespaces = facts.filter((fact) => fact.step === 'kernel/has-namespace');
    expect(namespaces.map((fact) => fact.data.kind)).toEqual([
      'mnt',
      'pid',
      'net',
      'uts',
      'ipc',
      'user',
      'cgroup',
      'time',
    ]);
    expect(namespaces.every((fact) => fact.data.own === false)).toBe(true);
    expect(facts.every((fact) => fact.file.startsWith('/proc/') && fact.text !== '')).toBe(true);
  });

  it('says of one that is gone that nothing can be read', async () => {
    const records = await read(2 ** 22 + 1);
    expect(records.length).toBeGreaterThan(0);
    for (const record of records) {
      expect(record).toMatchObject({ kind: 'watcher', name: 'read-back', state: 'missing' });
    }
  });
});
