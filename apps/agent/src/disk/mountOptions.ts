import { readFileSync } from 'node:fs';
import type { DiskStack } from '@underdock/chain';
import type { TraceEvent } from '@underdock/trace';
import { readMountinfo } from '../probe/cgroupMounts.ts';

/** Reads the table of mounts as a process sees it; throws where that process is gone. */
export type MountTable = (pid: number | 'self') => string;

/** The kernel’s own (proc_pid_mountinfo(5)). */
export const kernelTable: MountTable = (pid) => readFileSync(`/proc/${pid}/mountinfo`, 'utf8');

/**
 * The options of a container’s overlay as the kernel shows them now: to this process, else (an engine may have a mount
 * namespace of its own) to the container’s init. They are for reading only: nothing is opened because it is named here.
 */
export function mountOptions(
  stack: DiskStack,
  events: readonly TraceEvent[],
  table: MountTable = kernelTable,
): string | undefined {
  const { target, container, upper } = stack;
  if (stack.kind !== 'overlay' || upper === undefined) return undefined;
  const outside = overlays(table, 'self').find(({ mountPoint }) => mountPoint === target);
  if (outside) return outside.superOptions.join(',');
  const pid = initOf(events, container);
  const inside = overlays(table, pid).find(({ mountPoint }) => mountPoint === '/');
  // A pid may have been given to another process meanwhile.
  const isOurs = inside?.superOptions.some((one) => one.startsWith('upperdir=') && fits(one.slice(9), upper));
  return isOurs ? inside?.superOptions.join(',') : undefined;
}

function overlays(table: MountTable, pid: number | 'self' | undefined) {
  if (pid === undefined) return [];
  try {
    return readMountinfo(table(pid)).filter(({ fstype }) => fstype === 'overlay');
  } catch {
    return [];
  }
}

function initOf(events: readonly TraceEvent[], container: string | undefined): number | undefined {
  const isInit = ({ step, data, container: of }: TraceEvent) =>
    step === 'process/has-process' && data.role === 'init' && of === container;
  const pid = events.findLast(isInit)?.data.pid;
  return typeof pid === 'number' ? pid : undefined;
}

/** Folders may be given relative to where `mount` ran. */
function fits(option: string, folder: string): boolean {
  return option === folder || (!option.startsWith('/') && folder.endsWith(option.replace(/^(\.\.\/)+/, '/')));
}
