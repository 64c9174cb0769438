import { describe, expect, it } from 'vitest';
import { supportsSeccomp } from '../../../apps/agent/src/via/embedded/bundle/seccompSupport.ts';

describe('a runtime that can filter system calls', () => {
  it.each([
    ['runc', 'runc version 1.1.5\ngo: go1.19.8\nlibseccomp: 2.5.4', true],
    ['runc', 'runc version 1.1.5\ngo: go1.19.8', false],
    ['crun', 'crun version 1.8.1\n+SYSTEMD +SELINUX +CAP +SECCOMP +EBPF', true],
    ['crun', 'crun version 1.8.1\n+SYSTEMD +CAP', false],
    ['youki', 'youki version 0.3', true],
    ['by-hand', 'util-linux 2.38.1', false],
  ])('%s that says %j: %s', (name, version, can) => expect(supportsSeccomp(name, version)).toBe(can));
});
