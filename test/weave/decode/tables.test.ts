import { capabilitiesOfHex, cgroupValue, errnoNumber, signalNumber } from '@underdock/weave';
import { describe, expect, it } from 'vitest';
import { capabilityName } from '../../../packages/weave/src/decode/capabilities.ts';
import { errnoName } from '../../../packages/weave/src/decode/errno.ts';
import {
  cloneFlags,
  flagNames,
  MOUNT_FLAGS,
  namespacesOf,
} from '../../../packages/weave/src/decode/flags.ts';
import { signalName } from '../../../packages/weave/src/decode/signals.ts';

describe('flags', () => {
  it('of clone leave out the signal at the child’s end, which is no namespace', () => {
    expect(cloneFlags('clone', 0x6c020011)).toEqual([
      'CLONE_NEWNS',
      'CLONE_NEWUTS',
      'CLONE_NEWIPC',
      'CLONE_NEWPID',
      'CLONE_NEWNET',
    ]);
    expect(namespacesOf('clone', 0x6c020080)).not.toContain('time');
  });

  it('of unshare may ask for a time namespace', () => {
    expect(namespacesOf('unshare', 0x80)).toEqual(['time']);
  });

  it('above 32 bits are told as well', () => {
    expect(cloneFlags('clone3', 2 ** 33)).toEqual(['CLONE_INTO_CGROUP']);
  });

  it('without a name are shown as a number', () => {
    expect(flagNames(0x1000 + 2 ** 31, MOUNT_FLAGS)).toEqual(['MS_BIND', '0x80000000']);
  });
});

describe('names', () => {
  it('of errnos, signals and capabilities go both ways where needed', () => {
    expect([errnoName(1), errnoName(2), errnoName(9999)]).toEqual(['EPERM', 'ENOENT', 'E9999']);
    expect([errnoNumber('EPERM'), errnoNumber('ENOSUCH')]).toEqual([1, undefined]);
    expect([signalName(9), signalName(34), signalName(0)]).toEqual(['SIGKILL', 'SIGRTMIN+0', '0']);
    expect(signalNumber('SIGKILL')).toBe(9);
    expect([capabilityName(21), capabilityName(63)]).toEqual(['CAP_SYS_ADMIN', 'CAP_63']);
  });

  it('of a capability set are read from the text of /proc', () => {
    expect(capabilitiesOfHex('0000000020000420')).toEqual([
      'CAP_KILL',
      'CAP_NET_BIND_SERVICE',
      'CAP_AUDIT_WRITE',
    ]);
    expect(capabilitiesOfHex('000001ffffffffff')).toHaveLength(41);
  });
});

describe('a cgroup value', () => {
  it('of a memory limit is a number of bytes, or null when there is none', () => {
    expect(cgroupValue('memory.max', '67108864\n')).toMatchObject({ meaning: 'memory', number: 67108864 });
    expect(cgroupValue('memory.max', 'max')).toMatchObject({ number: null });
    expect(cgroupValue('memory.limit_in_bytes', '9223372036854771712')).toMatchObject({ number: null });
  });

  it('of cpu.max is a number of cpus', () => {
    expect(cgroupValue('cpu.max', '150000 100000')).toMatchObject({ meaning: 'cpu', number: 1.5 });
    expect(cgroupValue('cpu.max', 'max 100000')).toMatchObject({ number: null });
  });

  it('is nothing that a command file holds', () => {
    expect(cgroupValue('cgroup.procs', '4711')).toBeUndefined();
    expect(cgroupValue('devices.allow', 'c 1:3 rwm')).toBeUndefined();
  });
});
