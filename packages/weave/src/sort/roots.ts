import type { ExecRecord, RootRecord } from '../record.ts';

const CLIENTS = new Set([
  ...['docker', 'docker-compose', 'docker-buildx', 'podman', 'nerdctl', 'ctr', 'crictl', 'kubectl'],
  ...['buildctl', 'buildah', 'skopeo', 'cri-ctl'],
]);
const RUNTIMES = /^(runc|crun|youki|runsc|kata-runtime|krun|crun-wasm)$/;
/** Flags of runtimes whose value is the next word: runc(8), crun(1). */
const VALUED = new Set([
  ...['--root', '--log', '--log-format', '--criu', '--cgroup-manager', '--rootless', '--bundle', '-b'],
  ...[
    '--console-socket',
    '--pid-file',
    '--process',
    '-p',
    '--preserve-fds',
    '--cwd',
    '--env',
    '-e',
    '--user',
  ],
  ...['-u', '--cap', '-c', '--apparmor', '--resources', '-r', '--format', '-f', '--process-label'],
  ...['--image-path', '--work-path', '--parent-path', '--cpus', '--memory', '--config'],
]);

/**
 * The name under which a command that is to be recorded is started: a shell by another name, which becomes the command. Its
 * words are `sh -c SCRIPT KEY COMMAND…`, and the key says for which recording.
 */
export const RECORDER = 'underdock-record';
const KEY_WORD = 3;

/** The programs' names as the kernel knows them (15 characters at most), for a probe that picks them out. */
export const ROOT_COMMS: readonly string[] = [
  ...[...CLIENTS].map((name) => name.slice(0, 15)),
  RECORDER.slice(0, 15),
  ...['containerd-shim', 'conmon', 'runc', 'crun', 'youki', 'runsc', 'kata-runtime', 'krun'],
];

/** What an exec begins, when the program is one of the chain: a client's command, a shim, a monitor, a runtime's call. */
export function readRoot(exec: ExecRecord): RootRecord | undefined {
  const argv = exec.argv ?? [];
  const actor = programOf(exec);
  const root = { kind: 'root', at: exec.at, pid: exec.pid, actor, argv, ...starter(exec) } as const;
  if (CLIENTS.has(actor)) return { ...root, role: 'client' };
  if (actor.startsWith('containerd-shim')) return { ...root, role: 'shim', ...shim(argv) };
  if (actor === 'conmon') return { ...root, role: 'monitor', ...withContainer(flagOf(argv, '-c', '--cid')) };
  if (!RUNTIMES.test(actor)) return undefined;
  const [verb, ...positional] = words(argv.slice(1));
  // runc starts itself anew inside: that is its own doing, not a call of somebody.
  if (verb === undefined || verb === 'init') return undefined;
  return { ...root, role: 'runtime', verb, ...withContainer(idAmong(positional)) };
}

/** Which recording an exec begins, if any. */
export function recordingOf({ path, newComm, argv }: ExecRecord): string | undefined {
  // A long path may be cut by the probe, the kernel’s name for the program is not.
  const isRecorder = path.endsWith(`/${RECORDER}`) || newComm === RECORDER.slice(0, 15);
  return isRecorder ? argv?.[KEY_WORD] : undefined;
}

function starter({ uid, pidNamespace }: ExecRecord): Pick<RootRecord, 'uid' | 'pidNamespace'> {
  return { ...(uid === undefined ? {} : { uid }), ...(pidNamespace === undefined ? {} : { pidNamespace }) };
}

/** The verb of the call that caused this: a shim is started because a task is to be created. */
export function causingVerb({ role, verb = 'create' }: RootRecord): string {
  return role === 'shim' && verb === 'start' ? 'create' : verb;
}

/** Whether a runtime is called by a person, or by a program in a person’s words: shims and monitors have it log into a file. */
export function isTyped({ role, argv }: RootRecord): boolean {
  return role === 'runtime' && !argv.includes('--log');
}

/** Whether an interpreter carries the program out: that stands first. Such a one can’t be seen sending requests. */
export function isScript({ actor, argv }: RootRecord): boolean {
  return argv[0]?.split('/').at(-1) !== actor;
}

/** A command without the interpreter that carries it out. */
export function typedWords(root: RootRecord): readonly string[] {
  return isScript(root) ? [root.actor, ...root.argv.slice(2)] : root.argv;
}

/** A shim tells its runtime with `--process` what to exec; people write the command itself. */
export function isCheck({ role, verb, argv }: RootRecord): boolean {
  return role === 'runtime' && verb === 'exec' && argv.includes('--process');
}

/** The last part of a program's path; what runs from a memory file or a descriptor goes by its first argument. */
function programOf({ path, argv, newComm }: ExecRecord): string {
  const base = (path.split('/').at(-1) ?? '').replace(/ \(deleted\)$/, '');
  const known = /^[a-z][a-z0-9-]*$/.test(base) ? base : (argv?.[0]?.split('/').at(-1) ?? '');
  return known || (newComm ?? '');
}

function shim(argv: readonly string[]): Pick<RootRecord, 'container' | 'verb'> {
  const verb = argv.at(-1);
  const known = verb === 'start' || verb === 'delete';
  return { ...withContainer(flagOf(argv, '-id')), ...(known ? { verb } : {}) };
}

function flagOf(argv: readonly string[], ...flags: string[]): string | undefined {
  const at = argv.findIndex((word) => flags.includes(word));
  return at < 0 ? undefined : argv[at + 1];
}

function words(argv: readonly string[]): string[] {
  return argv.filter((word, n) => !word.startsWith('-') && !VALUED.has(argv[n - 1] ?? ''));
}

const FULL_ID = /^[0-9a-f]{64}$/;

function idAmong(positional: readonly string[]): string | undefined {
  return positional.find((word) => FULL_ID.test(word)) ?? positional[0];
}

function withContainer(container: string | undefined): { container?: string } {
  return container ? { container } : {};
}
