import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { spawn } from '../../children.ts';
import { programPath } from '../../programs.ts';
import type { Tell } from '../../run/tell.ts';
import { EmbeddedError } from './error.ts';
import { type IdMappings, mappingsFor } from './idMappings.ts';
import { commandEnvironment, runStep, type Telling } from './lowLevel/byHand/commands.ts';
import { type Step, shellQuote } from './lowLevel/byHand/step.ts';
import { toolFolders } from './lowLevel/byHand/tools.ts';
import { silentTell } from './lowLevel/silentTell.ts';

/**
 * A user namespace with a mount namespace of its own, held open by a process of ours, in which an ordinary user is root:
 * overlay mounts are made in it, and runtimes run in it. It ends with `close`, or with underdock itself; containers that
 * were made in it keep it alive for themselves.
 */
export interface UserNamespace {
  readonly mappings: IdMappings;
  /** The process that holds it. */
  readonly pid: number;
  /** The command that does `argv` inside, as root there. */
  wrap(argv: readonly string[]): string[];
  /** Where a path of the inside can be read from outside. */
  view(inner: string): string;
  close(): Promise<void>;
}

const HELD_MS = 10_000;
const ALLOW =
  'run as root, or allow user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)';

async function isThere(name: string): Promise<boolean> {
  const found = toolFolders().map((folder) =>
    access(path.join(folder, name), constants.X_OK).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(found)).includes(true);
}

/** The mappings that this user can have. Reads /etc/subuid and /etc/subgid; never rejects. */
export async function ownMappings(): Promise<IdMappings> {
  const text = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
  const [subuid, subgid, newuidmap, newgidmap] = await Promise.all([
    text('/etc/subuid'),
    text('/etc/subgid'),
    isThere('newuidmap'),
    isThere('newgidmap'),
  ]);
  const uid = process.getuid?.() ?? 0;
  let name = String(uid);
  try {
    name = os.userInfo().username;
  } catch {
    // an id without an entry in the passwd file
  }
  return mappingsFor({
    uid,
    gid: process.getgid?.() ?? 0,
    name,
    subuid,
    subgid,
    newidmap: newuidmap && newgidmap,
  });
}

function words(ranges: IdMappings['uid']): string[] {
  return ranges.flatMap((one) => [String(one.containerID), String(one.hostID), String(one.size)]);
}

/** The commands that write the id maps of the namespace that `pid` has made. */
export function mappingSteps(mappings: IdMappings, pid: number): Step[] {
  if (mappings.setgroups) {
    const why = (kind: string): string => `map the ${kind} ids that this account was granted`;
    return [
      { why: why('user'), words: ['newuidmap', String(pid), ...words(mappings.uid)] },
      { why: why('group'), words: ['newgidmap', String(pid), ...words(mappings.gid)] },
    ];
  }
  return [
    {
      why: 'map this user to root inside, and nobody else',
      shell: () =>
        [
          `echo deny > /proc/${pid}/setgroups`,
          `echo '${words(mappings.uid).join(' ')}' > /proc/${pid}/uid_map`,
          `echo '${words(mappings.gid).join(' ')}' > /proc/${pid}/gid_map`,
        ].join(' &&\n'),
    },
  ];
}

/** It says its number (what was spawned may be strace, in front of it) and ends when our side of its input does. */
const WAIT = 'read -r pid rest < /proc/self/stat; echo "$pid"; read -r line';
const HOLDER = ['unshare', '--user', '--mount', '--propagation', 'private', 'sh', '-c', WAIT];

/** The process that holds a namespace, and what was spawned to have it. */
interface Holder {
  child: ChildProcess;
  pid: number;
}

/** Resolves with the number that the process inside says: from then on the kernel lets its maps be written. */
async function untilHeld(child: ChildProcess): Promise<number> {
  let stderr = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString('utf8');
  });
  const spoken = new Promise<number>((resolve) => {
    child.stdout?.once('data', (bytes: Buffer) => resolve(Number.parseInt(bytes.toString('utf8'), 10)));
    child.once('error', () => resolve(Number.NaN));
    child.once('exit', () => resolve(Number.NaN));
    setTimeout(() => resolve(Number.NaN), HELD_MS).unref();
  });
  const pid = await spoken;
  if (Number.isInteger(pid)) return pid;
  child.kill('SIGKILL');
  const message = `can’t make a user namespace: ${stderr.trim() || 'unshare gave no reason'}`;
  throw new EmbeddedError('no-user-namespace', message, { remedy: ALLOW });
}

/** Starts the process that holds the namespace; tells it as one act. */
async function startHolder(about: Telling, env: NodeJS.ProcessEnv): Promise<Holder> {
  const { tell, cause, container } = about;
  const why = 'make a user namespace in which this user is root';
  const act = tell.begin(
    'low-level/command',
    { argv: HOLDER, text: HOLDER.map(shellQuote).join(' '), why },
    { actor: { name: 'underdock' }, ...(cause === undefined ? {} : { cause: [cause] }), container },
  );
  const [file = '', ...args] = tell.wrap ? tell.wrap(HOLDER) : HOLDER;
  const child = spawn(programPath(file), args, { argv0: file, stdio: ['pipe', 'pipe', 'pipe'], env });
  child.stdin.on('error', () => {});
  try {
    if (child.pid !== undefined) tell.spawned(child.pid, act.span, 'low-level', 'unshare', container);
    const pid = await untilHeld(child);
    act.end({ exitCode: 0, pid });
    return { child, pid };
  } catch (error) {
    act.fail(error);
    throw error;
  }
}

/** Nothing stands in front of what is spawned: newuidmap and newgidmap are setuid, which an ordinary user's strace takes from them (ptrace(2)). */
function unwrapped(tell: Tell): Tell {
  return {
    begin: (step, data, told) => tell.begin(step, data, told),
    log: (step, data, told) => tell.log(step, data, told),
    fact: (step, data, told) => tell.fact(step, data, told),
    spawned: (pid, span, layer, actor, container) => tell.spawned(pid, span, layer, actor, container),
  };
}

/**
 * Makes and holds a user namespace for this ordinary user, told as `low-level/command` acts caused by `cause`. Rejects with
 * EmbeddedError `no-user-namespace` where the host forbids it.
 */
export async function openUserNamespace(
  tell: Tell = silentTell,
  cause?: string,
  container?: string,
): Promise<UserNamespace> {
  const mappings = await ownMappings();
  const env = commandEnvironment(toolFolders());
  const about: Telling = { tell, cause, container };
  const holder = await startHolder(about, env);
  try {
    const pid = String(holder.pid);
    const mapping = { ...about, tell: unwrapped(tell) };
    for (const step of mappingSteps(mappings, holder.pid)) await runStep(step, { pid }, mapping, env);
    return heldNamespace(holder, mappings);
  } catch (error) {
    holder.child.stdin?.end();
    throw error;
  }
}

function heldNamespace({ child, pid }: Holder, mappings: IdMappings): UserNamespace {
  const enter = ['nsenter', '--target', String(pid), '--user', '--mount', '--preserve-credentials', '--'];
  return {
    mappings,
    pid,
    wrap: (argv) => [...enter, ...argv],
    view: (inner) => path.join(`/proc/${pid}/root`, inner),
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    },
  };
}

/** Whether the kernel lets `namespace` mount an overlay (Linux 5.11): tried in a folder of its own below `folder`, which is left as it was. */
export async function overlayWorks(namespace: UserNamespace, folder: string): Promise<boolean> {
  const script = [
    'd=$(mktemp -d -p "$1") || exit',
    'mkdir "$d/lower" "$d/upper" "$d/work" "$d/merged"',
    'mount -t overlay -o "lowerdir=$d/lower,upperdir=$d/upper,workdir=$d/work" overlay "$d/merged"; code=$?',
    'umount "$d/merged" 2>/dev/null',
    'rm -rf "$d"; exit $code',
  ].join('\n');
  const [file = '', ...args] = namespace.wrap(['sh', '-c', script, 'sh', folder]);
  const child = spawn(programPath(file), args, {
    argv0: file,
    stdio: 'ignore',
    env: commandEnvironment(toolFolders()),
  });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
