import { type DetailLevel, describeStep, type TraceEvent } from '@underdock/trace';

const RANK: Readonly<Record<DetailLevel, number>> = { story: 0, calls: 1, syscalls: 2 };

/** Whether something of level `level` is shown when the reader looks at `at`. */
export function isShown(level: DetailLevel, at: DetailLevel): boolean {
  return RANK[level] <= RANK[at];
}

/**
 * The level at which an event is told. Unknown steps are told among the calls; a seccomp call that only asks what the
 * kernel supports, or a search for a program along PATH, among the syscalls.
 */
export function levelOf(event: TraceEvent): DetailLevel {
  const level = describeStep(event.step)?.level ?? 'calls';
  if (event.step === 'kernel/seccomp' && event.data.probe === true) return 'syscalls';
  if (event.step === 'kernel/execve' && event.type !== 'log') return 'calls';
  return level;
}
