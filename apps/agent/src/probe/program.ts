import type { Fragment } from './fragment.ts';
import { syscallProbes } from './syscalls.ts';

/** What the program has to suit. */
export interface ProgramTarget {
  /** bpftrace's version as major and minor, for example 0 and 17. */
  version: readonly [number, number];
  arch: 'x64' | 'arm64';
  /** How many processors are online. */
  processors: number;
  /** Whether the kernel has a tracepoint, as `category:name`. */
  hasTracepoint: (name: string) => boolean;
}

/** The program that bpftrace gets. Its one positional parameter is the agent's pid. */
export interface Program {
  text: string;
  /** Tracepoints that the kernel has not: what they would have told is missing. */
  missing: string[];
}

/** Heartbeats a second on each processor; fewer where there are many, or they would be most of what is printed. */
export function heartbeatHz(processors: number): number {
  return Math.max(4, Math.min(20, Math.round(400 / processors)));
}

/** Puts the layers' fragments together into one program. */
export function buildProgram(fragments: readonly Fragment[], target: ProgramTarget): Program {
  const calls = fragments.flatMap((f) => f.syscalls ?? []);
  const probes = fragments.flatMap((f) => f.probes ?? []);
  const there = probes.filter((probe) => target.hasTracepoint(probe.needs));
  const text = [
    `profile:hz:${heartbeatHz(target.processors)} { printf("t %llu %d\\n", nsecs, cpu); }`,
    ...there.map((probe) => probe.text),
    syscallProbes(calls, target.arch),
  ].join('\n');
  return {
    text: forVersion(text, target.version),
    missing: probes.filter((probe) => !there.includes(probe)).map((probe) => probe.needs),
  };
}

// `args.name` came with 0.19; `args->name` is on its way out.
function forVersion(text: string, [major, minor]: readonly [number, number]): string {
  return major > 0 || minor >= 20 ? text.replaceAll('args->', 'args.') : text;
}
