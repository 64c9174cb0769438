import type { Call } from '../state.ts';
import type { Count } from './types.ts';

/**
 * What a call counts as. A system call is one `begin`, or the one `log` of an execve that succeeded, and of a cgroup's
 * mkdir and rmdir; a call is one `begin` above the kernel. All else (exits, events, logs) is told and not counted.
 */
export function kindOf({ layer, step, key, span }: Call): 'call' | 'syscall' | undefined {
  const begins = span !== undefined && key === span;
  if (layer === 'kernel') return begins || ONE_LOG.has(step) ? 'syscall' : undefined;
  return begins && layer !== 'process' ? 'call' : undefined;
}

const ONE_LOG: ReadonlySet<string> = new Set(['kernel/execve', 'kernel/cgroup-mkdir', 'kernel/cgroup-rmdir']);

/** Who watched, and what got lost on the way. */
export interface Watch {
  /** Nothing at all was seen of the kernel. */
  kernelBlind: boolean;
  /** Nothing was seen of the calls between daemons. */
  daemonsBlind: boolean;
  /** Something is missing, somewhere. */
  holes: boolean;
}

/** A count of system calls or processes, as far as the kernel was watched. */
export function kernelCount(n: number, { kernelBlind, holes }: Watch): Count {
  if (kernelBlind && n === 0) return {};
  return kernelBlind || holes ? { n, atLeast: true } : { n };
}

/** A count of calls. */
export function callCount(n: number, { daemonsBlind, holes }: Watch): Count {
  return daemonsBlind || holes ? { n, atLeast: true } : { n };
}
