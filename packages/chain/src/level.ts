import { type DetailLevel, describeStep, type TraceEvent } from '@underdock/trace';

const RANK: Readonly<Record<DetailLevel, number>> = { story: 0, calls: 1, syscalls: 2 };

/** Whether something of level `level` is shown when the reader looks at `at`. */
export function isShown(level: DetailLevel, at: DetailLevel): boolean {
  return RANK[level] <= RANK[at];
}

/** Of processes only the container's first one is part of the story: what it becomes, and how it ends. */
const INIT_ONLY = ['kernel/exit', 'kernel/execve', 'process/has-process'];

/** Calls between programs of their own: the very handing-over that the story is about. */
const HANDED_OVER = ['high-level/create-task', 'high-level/start-task', 'high-level/delete-task'];
/** The client's preparations, which the engine answers only at the container's end. */
const LISTENING = /\/(attach|wait|resize)$/;

/**
 * The level at which an event is told. Unknown steps are told among the calls; a seccomp call that only asks what the
 * kernel supports among the syscalls; what another step of the story tells as well (the write behind an attach, a state
 * behind an answer, a search for a program along PATH) among the calls, as what a daemon tidies up once more. `isInit` knows the containers' first processes.
 */
export function levelOf(event: TraceEvent, isInit: (pid: number) => boolean): DetailLevel {
  const { step, data, type } = event;
  const level = describeStep(step)?.level ?? 'calls';
  if (step === 'kernel/seccomp' && (data.probe === true || isQuestion(data.operation))) return 'syscalls';
  if (step === 'kernel/cgroup-write' && QUIET_FILES.includes(String(data.name))) return 'calls';
  // The runtime of Go wakes its threads with this signal, hundreds of times.
  if (step === 'kernel/kill' && data.signal === 'SIGURG') return 'syscalls';
  if (HANDED_OVER.includes(step) && typeof data.method === 'string') return 'story';
  if (step === 'kernel/unshare' && Array.isArray(data.flags) && data.flags.length === 0) return 'calls';
  if (isTidying(event)) return 'calls';
  // That a watcher is there again takes a gap away; only that it is missing is part of the story.
  if (step === 'trace/watcher-changed' && data.state === 'ok') return 'calls';
  if (step === 'engine/has-container' && (data.state !== 'stopped' || data.gone === true)) return 'calls';
  if (step === 'kernel/has-restriction' && data.kind === 'user') return 'calls';
  if (step === 'high-level/has-layer') return 'calls';
  if (step === 'kernel/clone' && Array.isArray(data.namespaces) && data.namespaces.length > 0) return 'story';
  // What comes of an act is told with it; of an act that is not told (a setns into the container) it is no news.
  if (step === 'kernel/has-namespace' && event.span !== undefined) return 'calls';
  if (step === 'kernel/execve' && type !== 'log') return 'calls';
  if (level !== 'story' || !INIT_ONLY.includes(step)) return level;
  const pid = step === 'process/has-process' ? data.pid : event.actor.pid;
  return data.role === 'init' || isInit(Number(pid)) ? 'story' : 'calls';
}

/** Writes that put a process into a group, or ask to be told of something: no limits. */
const QUIET_FILES = ['cgroup.procs', 'tasks', 'cgroup.event_control'];

/** The shim is called once more when all is over, and calls the runtime once more: mostly there is nothing left to do. */
function isTidying({ step, data }: TraceEvent): boolean {
  if (step === 'engine/request') return LISTENING.test(String(data.path));
  const argv = Array.isArray(data.argv) ? data.argv : [];
  if (step === 'high-level/start-shim') return argv.at(-1) === 'delete';
  if (step === 'high-level/shim-request') return String(data.method).endsWith('Task/Shutdown');
  return step === 'low-level/delete' && argv.includes('--force');
}

/** Every operation but the one that installs a filter; an end does not repeat the operation. */
function isQuestion(operation: unknown): boolean {
  return typeof operation === 'string' && !operation.endsWith('SET_MODE_FILTER') && operation !== 'filter';
}
