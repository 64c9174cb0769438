import { describe, expect, it } from 'vitest';
import { kernelFragment, SYSCALLS } from '../../../apps/agent/src/layers/5-kernel/fragment.ts';
import { processFragment } from '../../../apps/agent/src/layers/6-process/fragment.ts';
import { locateOn, readHierarchies, readMountinfo } from '../../../apps/agent/src/probe/cgroupMounts.ts';
import { buildProgram, type ProgramTarget } from '../../../apps/agent/src/probe/program.ts';

const build = (target: Partial<ProgramTarget> = {}) =>
  buildProgram([processFragment([272, 308]), kernelFragment({ oomDetail: true })], {
    version: [0, 17],
    arch: 'x64',
    hasTracepoint: () => true,
    ...target,
  });

describe('the program', () => {
  it('asks for arguments as the version of bpftrace at hand wants it', () => {
    expect(build().text).toContain('args->');
    expect(build({ version: [0, 23] }).text).not.toContain('args->');
    expect(build({ version: [0, 23] }).text).toContain('args.id');
  });

  it('leaves out what the kernel has not, and says what', () => {
    const { text, missing } = build({ hasTracepoint: (name) => name !== 'oom:mark_victim' });
    expect(missing).toEqual(['oom:mark_victim']);
    expect(text).not.toContain('mark_victim');
  });

  it('knows calls by the numbers of the machine’s architecture', () => {
    expect(build().text).toContain('$id == 165)');
    expect(build().text).toContain('args->id == 232 ');
    const arm = build({ arch: 'arm64' }).text;
    expect(arm).toContain('(args->id == 22 ');
    expect(arm).toContain('$id == 40)');
    expect(arm).not.toContain('$id == 165)');
  });

  it('has room for every call’s numbers and strings', () => {
    for (const call of SYSCALLS) {
      expect(Object.keys(call.numbers ?? {}).length, call.name).toBeLessThanOrEqual(6);
      expect(Object.keys(call.strings ?? {}).length, call.name).toBeLessThanOrEqual(4);
    }
    expect(new Set(SYSCALLS.map((call) => call.name)).size).toBe(SYSCALLS.length);
  });
});

describe('a cgroup file', () => {
  const mounts = readMountinfo(
    '30 29 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n32 29 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n',
  );

  it('is found by its device’s number inside the kernel', () => {
    const locate = locateOn(mounts);
    expect(locate(26, '/a/memory.max')).toEqual({
      file: '/sys/fs/cgroup/memory/a/memory.max',
      controllers: ['memory'],
    });
    expect(locate(28, '/a/pids.max')).toEqual({ file: '/sys/fs/cgroup/unified/a/pids.max', controllers: [] });
  });

  it('keeps its path in the hierarchy when that is mounted nowhere that we see', () => {
    expect(locateOn(mounts)((8 << 20) | 1, '/a/x')).toEqual({ file: '/a/x', controllers: [] });
  });

  it('belongs to a hierarchy that /proc/self/cgroup names', () => {
    expect(readHierarchies('3:cpu,cpuacct:/\n9:name=systemd:/\n0::/a:b\n')).toEqual(
      new Map([
        [3, ['cpu', 'cpuacct']],
        [9, ['name=systemd']],
        [0, []],
      ]),
    );
  });
});
