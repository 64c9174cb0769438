import type { CgroupAbilities } from '../../bundle/cgroups.ts';
import type { Tools } from './tools.ts';

/** What no container of by-hand has on this host, and why. */
export function whatIsAbsent(tools: Tools, cgroup: CgroupAbilities): { what: string; why: string }[] {
  const absent = [{ what: 'seccomp filter', why: 'no command of util-linux installs one; runc and crun do' }];
  if (cgroup.layout === 'v2') {
    absent.push({
      what: 'device rules',
      why: 'with cgroup v2 they are a BPF program, which no shell command loads',
    });
  }
  if (!tools.paths.has('ip')) {
    absent.push({ what: 'loopback device', why: 'the command ip is missing; install iproute2' });
  }
  return absent;
}
