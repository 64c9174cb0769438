import { type ChainState, containerOf, type ToldStep } from '@underdock/chain';
import { quoteWord } from '../runForm/commandLine.ts';

/** A command with which the reader can see for themselves, and when it works. */
export interface TryIt {
  command: string;
  note: string;
}

const LIVING = 'On this host, while the container lives.';

/** What to type to check a step by hand; undefined where nothing can be checked. `state` = at this moment. */
export function tryIt(step: ToldStep, state: ChainState): TryIt | undefined {
  const data = { ...step.event.data, ...step.end?.data };
  if (step.step === 'low-level/command' && typeof data.text === 'string') {
    return { command: data.text, note: 'This is the command itself, as it was run here.' };
  }
  if (Array.isArray(data.argv) && step.layer === 'low-level') {
    return {
      command: data.argv.map(String).map(quoteWord).join(' '),
      note: 'This is the command itself, as it was run here.',
    };
  }
  const init = initOf(state);
  const file = fileOf(step);
  if (file) return { command: `cat ${quoteWord(file)}`, note: LIVING };
  if (init === undefined) return undefined;
  const command = BY_STEP[step.step]?.(init);
  return command ? { command, note: LIVING } : undefined;
}

const namespaces = (pid: number) => `lsns -p ${pid}`;
const status = (pid: number) => `grep -E 'Seccomp|NoNewPrivs|Cap' /proc/${pid}/status`;
const mounts = (pid: number) => `cat /proc/${pid}/mountinfo`;
const cgroup = (pid: number) => `cat /proc/${pid}/cgroup`;

const BY_STEP: Readonly<Record<string, (pid: number) => string>> = {
  'kernel/unshare': namespaces,
  'kernel/clone': namespaces,
  'kernel/setns': namespaces,
  'kernel/has-namespace': namespaces,
  'kernel/sethostname': (pid) => `nsenter --target ${pid} --uts hostname`,
  'kernel/mount': mounts,
  'kernel/umount': mounts,
  'kernel/pivot-root': (pid) => `ls /proc/${pid}/root/`,
  'kernel/has-mount': mounts,
  'kernel/cgroup-mkdir': cgroup,
  'kernel/cgroup-attach': cgroup,
  'kernel/has-cgroup': cgroup,
  'kernel/capset': status,
  'kernel/no-new-privs': status,
  'kernel/seccomp': status,
  'kernel/has-restriction': status,
  'kernel/execve': (pid) => `tr '\\0' ' ' < /proc/${pid}/cmdline`,
  'process/has-process': (pid) => `grep -E 'Name|NSpid' /proc/${pid}/status`,
};

function initOf(state: ChainState): number | undefined {
  const container = containerOf(state);
  const init = container.init;
  return init !== undefined && container.processes[init]?.alive !== false ? init : undefined;
}

/** A file whose content is what the step is about. */
function fileOf(step: ToldStep): string | undefined {
  if (step.step === 'high-level/write-config') return absolute(step.event.data.path);
  if (!step.step.startsWith('kernel/') || !step.step.includes('cgroup')) return undefined;
  return absolute(step.event.data.file);
}

function absolute(path: unknown): string | undefined {
  return typeof path === 'string' && path.startsWith('/') ? path : undefined;
}
