import { describe, expect, it } from 'vitest';
import {
  CAPABILITIES,
  DEFAULT_CAPABILITIES,
} from '../../../apps/agent/src/via/embedded/bundle/capabilities.ts';
import { buildSeccomp } from '../../../apps/agent/src/via/embedded/bundle/seccomp.ts';
import {
  ALLOWED,
  ALLOWED_BY_ARCH,
  ALLOWED_BY_CAPABILITY,
  DENIED,
} from '../../../apps/agent/src/via/embedded/bundle/seccompLists.ts';

const EPERM = 1;
const ENOSYS = 38;

/** What the filter answers to a call, or undefined where no rule speaks of it. */
function answer(
  name: string,
  capabilities: readonly string[],
  first = 0,
  arch = 'x64',
): number | 'allow' | undefined {
  for (const rule of buildSeccomp(arch, capabilities)!.syscalls) {
    if (!rule.names.includes(name)) continue;
    const matches = (rule.args ?? []).every(({ value, valueTwo, op }) => {
      if (op === 'SCMP_CMP_EQ') return first === value;
      if (op === 'SCMP_CMP_NE') return first !== value;
      return Number(BigInt(first) & BigInt(value)) === valueTwo;
    });
    if (matches) return rule.action === 'SCMP_ACT_ALLOW' ? 'allow' : rule.errnoRet;
  }
  return undefined;
}

describe('the seccomp filter', () => {
  it.each(['read', 'openat2', 'clone3', 'execve', 'futex', 'socket', 'mmap', 'chroot', 'prctl'])(
    'has a rule for %s',
    (name) => expect(answer(name, DEFAULT_CAPABILITIES)).toBeDefined(),
  );

  it.each([
    'mount',
    'unshare',
    'setns',
    'pivot_root',
    'bpf',
    'init_module',
    'reboot',
    'settimeofday',
    'keyctl',
    'io_uring_setup',
    'perf_event_open',
    'userfaultfd',
    'open_by_handle_at',
    'swapon',
    'iopl',
  ])('answers %s with EPERM by default', (name) => expect(answer(name, DEFAULT_CAPABILITIES)).toBe(EPERM));

  it('answers calls that it does not know with ENOSYS, so that libraries fall back', () => {
    const profile = buildSeccomp('x64', [])!;
    expect([profile.defaultAction, profile.defaultErrnoRet]).toEqual(['SCMP_ACT_ERRNO', ENOSYS]);
    expect(answer('a_call_of_next_year', [])).toBeUndefined();
  });

  it('lets new processes be made, but no new namespaces', () => {
    const SIGCHLD = 17;
    expect(answer('clone', [], SIGCHLD)).toBe('allow');
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
      expect(answer('clone', [], flag + SIGCHLD), flag.toString(16)).toBe(EPERM);
    }
    expect(answer('clone3', [])).toBe(ENOSYS);
  });

  it('lets CAP_SYS_ADMIN make namespaces and mounts', () => {
    for (const name of ['clone', 'clone3', 'mount', 'unshare', 'setns']) {
      expect(answer(name, ['CAP_SYS_ADMIN'], 0x20000), name).toBe('allow');
    }
  });

  it.each([
    ['CAP_SYS_TIME', 'settimeofday'],
    ['CAP_SYS_PTRACE', 'userfaultfd'],
    ['CAP_SYS_BOOT', 'reboot'],
    ['CAP_SYS_MODULE', 'finit_module'],
    ['CAP_SYS_CHROOT', 'chroot'],
    ['CAP_DAC_READ_SEARCH', 'open_by_handle_at'],
    ['CAP_BPF', 'bpf'],
    ['CAP_PERFMON', 'perf_event_open'],
    ['CAP_SYSLOG', 'syslog'],
  ])('with %s opens %s', (capability, name) => {
    expect(answer(name, [])).toBe(EPERM);
    expect(answer(name, [capability])).toBe('allow');
  });

  it('keeps keys and rings shut whatever is granted', () => {
    expect(answer('keyctl', CAPABILITIES)).toBe(EPERM);
    expect(answer('io_uring_enter', CAPABILITIES)).toBe(EPERM);
  });

  it('keeps out sockets to the host of a virtual machine', () => {
    expect(answer('socket', [], 2)).toBe('allow');
    expect(answer('socket', [], 40)).toBe(EPERM);
  });

  it('knows the personalities of Linux only', () => {
    expect(answer('personality', [], 0xffffffff)).toBe('allow');
    expect(answer('personality', [], 0x0040000)).toBeUndefined();
  });

  it('covers both processor families and no other', () => {
    expect(buildSeccomp('x64', [])?.architectures).toEqual([
      'SCMP_ARCH_X86_64',
      'SCMP_ARCH_X86',
      'SCMP_ARCH_X32',
    ]);
    expect(buildSeccomp('arm64', [])?.architectures).toEqual(['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
    expect(answer('modify_ldt', [], 0, 'x64')).toBe('allow');
    expect(answer('modify_ldt', [], 0, 'arm64')).toBeUndefined();
    expect(buildSeccomp('riscv64', [])).toBeUndefined();
  });

  it('is written so that no call is both allowed and denied, and none twice', () => {
    const names = (groups: readonly { names: string[] }[]) => groups.flatMap((group) => group.names);
    const always = names([...ALLOWED, ...DENIED]);
    expect(always.filter((name, at) => always.indexOf(name) !== at)).toEqual([]);
    const opened = names(Object.values(ALLOWED_BY_CAPABILITY));
    expect(opened.filter((name) => always.includes(name))).toEqual([]);
    for (const group of [...ALLOWED, ...DENIED, ...Object.values(ALLOWED_BY_ARCH)]) {
      expect(group.purpose).toMatch(/^[A-Z].*\.$/);
      for (const name of group.names) expect(name).toMatch(/^[a-z_][a-z0-9_]*$/);
    }
  });
});
