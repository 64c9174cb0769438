import type { Fragment } from './fragment.ts';
import { syscallProbes } from './syscalls.ts';

/** What the program has to suit. */
export interface ProgramTarget {
  /** bpftrace's version as major and minor, for example 0 and 17. */
  version: readonly [number, number];
  arch: 'x64' | 'arm64';
  /** Whether the kernel has a tracepoint, as `category:name`. */
  hasTracepoint: (name: string) => boolean;
}

/** The program that bpftrace gets. Its one positional parameter is the agent's pid. */
export interface Program {
  text: string;
  /** Tracepoints that the kernel has not: what they would have told is missing. */
  missing: string[];
}

/** The numbers of epoll_wait(2), epoll_pwait(2) and epoll_pwait2(2). */
const EPOLL_WAITS = { x64: [232, 281, 441], arm64: [22, 441] } as const;

/**
 * The probe watches itself. bpftrace sleeps in epoll_wait and then empties the buffers of all processors that have
 * something, one after the other: when it goes to sleep for the second time after an instant, whatever was noted before
 * that instant is printed. `t PROVEN NOW` says so, in ns of the probe's clock; the interval wakes it often enough.
 */
export function rounds(arch: 'x64' | 'arm64'): string {
  const waits = EPOLL_WAITS[arch].map((id) => `args->id == ${id}`).join(' || ');
  return `BEGIN { @probe = (uint64)pid; @left = (uint64)0; @before = (uint64)0; @proven = (uint64)0; }
interval:hz:40 { @left = (uint64)3; printf("t %llu %llu\\n", @proven, nsecs); }
tracepoint:raw_syscalls:sys_enter /(${waits}) && (uint64)pid == @probe/ {
  if (@left > 0) { @left = @left - 1; printf("t %llu %llu\\n", @proven, nsecs); }
  @proven = @before; @before = nsecs;
}`;
}

/** Puts the layers' fragments together into one program. */
export function buildProgram(fragments: readonly Fragment[], target: ProgramTarget): Program {
  const calls = fragments.flatMap((f) => f.syscalls ?? []);
  const probes = fragments.flatMap((f) => f.probes ?? []);
  const there = probes.filter((probe) => target.hasTracepoint(probe.needs));
  const text = [
    rounds(target.arch),
    ...there.map((probe) => probe.text),
    syscallProbes(calls, target.arch),
  ].join('\n');
  return {
    text: forVersion(text, target.version),
    missing: probes.filter((probe) => !there.includes(probe)).map((probe) => probe.needs),
  };
}

/** The program as the version at hand wants it: `args.name` came with 0.19; `args->name` is on its way out. */
export function forVersion(text: string, [major, minor]: readonly [number, number]): string {
  return major > 0 || minor >= 20 ? text.replaceAll('args->', 'args.') : text;
}
