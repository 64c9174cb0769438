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

/** How often the probe says that it is alive, in ms. */
export const HEARTBEAT_MS = 50;

/** Puts the layers' fragments together into one program. */
export function buildProgram(fragments: readonly Fragment[], target: ProgramTarget): Program {
  const calls = fragments.flatMap((f) => f.syscalls ?? []);
  const probes = fragments.flatMap((f) => f.probes ?? []);
  const there = probes.filter((probe) => target.hasTracepoint(probe.needs));
  const text = [
    `interval:ms:${HEARTBEAT_MS} { printf("t %llu\\n", nsecs); }`,
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
