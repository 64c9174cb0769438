import type { Check } from '@underdock/trace';
import { install, type System, sysctl } from './system.ts';

/** What is needed to see the kernel at work. */
export async function watchingChecks(system: System): Promise<Check[]> {
  return [await bpftrace(system), tracefs(system), btf(system), await strace(system)];
}

/** Whether bpftrace can load a program here is tried for real by root; others may not use BPF. */
async function bpftrace(system: System): Promise<Check> {
  const name = 'bpftrace';
  const effect = 'the kernel is watched with strace instead, or read back afterwards';
  const version = (await system.run(['bpftrace', '--version']))?.stdout.trim();
  if (version === undefined) {
    return { name, state: 'missing', found: 'not installed', effect, remedy: install('bpftrace') };
  }
  if (system.uid !== 0) {
    return {
      name,
      state: 'limited',
      found: `${version}, but only root may use BPF`,
      effect,
      remedy: 'sudo ./bin/underdock up',
    };
  }
  const tried = await system.run(['bpftrace', '-e', 'BEGIN { exit(); }']);
  if (tried?.exitCode === 0) return { name, state: 'ok', found: `${version}, and BPF is permitted` };
  const lockdown = /\[(integrity|confidentiality)\]/.exec(system.text('/sys/kernel/security/lockdown'))?.[1];
  const why = lockdown ? `the kernel is locked down (${lockdown})` : lastLine(tried?.stderr ?? '');
  return {
    name,
    state: 'limited',
    found: `${version}, but BPF is refused: ${why || 'no reason given'}`,
    effect,
    remedy: lockdown
      ? 'switch off secure boot’s lockdown, or use strace'
      : 'run on the host itself with CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN',
  };
}

function tracefs(system: System): Check {
  const name = 'tracefs';
  const mounted = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find((path) =>
    system.exists(`${path}/events`),
  );
  if (mounted) return { name, state: 'ok', found: `mounted on ${mounted}` };
  if (/\btracefs$/m.test(system.text('/proc/filesystems'))) {
    if (system.uid === 0)
      return { name, state: 'ok', found: 'not mounted; underdock mounts it for its probe alone' };
    return {
      name,
      state: 'limited',
      found: 'not visible to this user',
      effect: 'no tracepoints',
      remedy: 'run as root',
    };
  }
  return {
    name,
    state: 'missing',
    found: 'this kernel has no tracepoints',
    effect: 'the kernel can’t be watched by bpftrace',
    remedy: 'use the distribution’s own kernel',
  };
}

function btf(system: System): Check {
  const name = 'btf';
  if (system.exists('/sys/kernel/btf/vmlinux'))
    return { name, state: 'ok', found: 'the kernel describes its types' };
  return {
    name,
    state: 'limited',
    found: 'no /sys/kernel/btf/vmlinux',
    effect: 'some details of kernel events may be missing',
    remedy: 'use the distribution’s own kernel (CONFIG_DEBUG_INFO_BTF)',
  };
}

async function strace(system: System): Promise<Check> {
  const name = 'strace';
  const said = await system.run(['strace', '--version']);
  if (!said) {
    const effect = 'without root the kernel’s part can only be read back';
    return { name, state: 'missing', found: 'not installed', effect, remedy: install('strace') };
  }
  const version = said.stdout.split('\n')[0]?.replace('strace -- version', 'strace') ?? 'strace';
  // 0 and 1 let a program trace its own children (ptrace(2), Yama); 2 asks for a capability, 3 forbids it.
  const scope = Number(sysctl(system, 'kernel.yama.ptrace_scope') ?? 0);
  if (scope < 2 || (scope === 2 && system.uid === 0)) return { name, state: 'ok', found: version };
  return {
    name,
    state: 'limited',
    found: `${version}, but tracing is forbidden (kernel.yama.ptrace_scope=${scope})`,
    effect: 'the kernel’s part can only be read back',
    remedy:
      scope === 3 ? 'change it in /etc/sysctl.d and reboot' : 'as root: sysctl -w kernel.yama.ptrace_scope=1',
  };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
