import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ConsoleSocket, listenForConsole } from '../../../consoleSocket.ts';
import type { Tell, Telling } from '../../../run/tell.ts';
import type { OciResources } from '../bundle/ociConfig.ts';
import { type CommandEnd, type CommandToRun, runCommand } from '../command.ts';
import { EmbeddedError } from '../error.ts';
import { attach } from '../stdio.ts';
import type { BundleToRun, CommandInside, CommandOutput, LowLevelRuntime, Stdio } from './runtime.ts';
import { runtimeError } from './runtimeError.ts';
import { followRuntimeLog, type RuntimeLog } from './runtimeLog.ts';
import { silentTell } from './silentTell.ts';

/** An OCI runtime's command line, as runc and crun have it. */
export interface OciCliOptions {
  name: string;
  path: string;
  version: string;
  /** Folder for the runtime's own state (`--root`). */
  root: string;
  /** Told as `low-level/absent`. */
  absent?: readonly { what: string; why: string }[];
  /** A mounted cgroup2 hierarchy that has to be hidden from the runtime (crun refuses hybrid layouts). */
  hideUnified?: string;
  /** The command that does `argv` where this user is root. */
  inside?: (argv: string[]) => string[];
}

/** A runtime that is commanded as the OCI runtime command line interface has it (create, start, state, kill, delete). */
export function createOciCli(options: OciCliOptions): LowLevelRuntime {
  return new OciCli(options);
}

/** One command of the runtime, and the act that tells it. */
interface Asked {
  step: Verb;
  id: string;
  /** What stands before the container's id, and what after it. */
  words: string[];
  after?: string[];
  cause: string | undefined;
  data?: Record<string, unknown>;
}

type Verb = 'create' | 'start' | 'state' | 'kill' | 'delete' | 'exec' | 'pause' | 'resume' | 'update';

interface Going {
  act: Telling;
  log: RuntimeLog;
  end: Promise<CommandEnd>;
}

class OciCli implements LowLevelRuntime {
  readonly name: string;
  readonly version: string;
  readonly absent: readonly { what: string; why: string }[];
  readonly program: { path: string; hideUnified?: string };
  readonly makesConsole = true;
  #options: OciCliOptions;
  #commands = new Map<string, string>();
  #execs = 0;

  constructor(options: OciCliOptions) {
    this.#options = options;
    this.name = options.name;
    this.version = options.version;
    this.absent = options.absent ?? [];
    const { path, hideUnified } = options;
    this.program = hideUnified === undefined ? { path } : { path, hideUnified };
  }

  async create(work: BundleToRun, tell: Tell): Promise<{ pid: number; console?: number }> {
    const pidFile = join(work.bundle, 'init.pid');
    const terminal = work.config.process.terminal ? openConsole(work.bundle) : undefined;
    this.#commands.set(work.id, work.config.process.args[0] ?? '');
    const words = ['--bundle', work.bundle, '--pid-file', pidFile];
    if (terminal) words.push('--console-socket', terminal.name);
    const asked: Asked = {
      step: 'create',
      id: work.id,
      words,
      cause: work.cause,
      data: { bundle: work.bundle },
    };
    try {
      const script = work.script ? { script: await work.script() } : {};
      const created = (end: CommandEnd) => this.#created(work, pidFile, terminal?.socket, end);
      return await this.#run(
        asked,
        tell,
        created,
        { cwd: work.bundle, stdio: streamsOf(work.stdio) },
        script,
      );
    } finally {
      terminal?.socket.close();
    }
  }

  async start(id: string, tell: Tell, cause: string): Promise<void> {
    await this.#run({ step: 'start', id, words: [], cause }, tell, () => ({}));
  }

  async state(
    id: string,
    tell: Tell = silentTell,
    cause?: string,
  ): Promise<{ status: 'created' | 'running' | 'stopped' | 'gone'; pid?: number }> {
    const going = this.#begin({ step: 'state', id, words: [], cause }, tell);
    const end = await this.#ended(going);
    const state = end.exitCode === 0 ? parseState(end.stdout) : { status: 'gone' as const };
    going.act.end({ exitCode: end.exitCode, status: state.status });
    return state;
  }

  async kill(id: string, signal: string, tell: Tell, cause: string): Promise<void> {
    await this.#run(
      { step: 'kill', id, words: [], after: [signal], cause, data: { signal } },
      tell,
      () => ({}),
    );
  }

  async pause(id: string, tell: Tell, cause: string): Promise<void> {
    await this.#run({ step: 'pause', id, words: [], cause }, tell, () => ({}));
  }

  async resume(id: string, tell: Tell, cause: string): Promise<void> {
    await this.#run({ step: 'resume', id, words: [], cause }, tell, () => ({}));
  }

  async update(id: string, limits: OciResources, tell: Tell, cause: string): Promise<void> {
    await this.#run({ step: 'update', id, words: updateWords(limits), cause }, tell, () => ({}));
  }

  /** The command's own bad exit code is no failure of the runtime's: that one complains in its log. */
  async exec(id: string, wanted: CommandInside, tell: Tell, cause: string): Promise<CommandOutput> {
    const output = collectOutput();
    const asked: Asked = { step: 'exec', id, words: execWords(wanted), after: [...wanted.argv], cause };
    const { act, log, end } = this.#begin(asked, tell, {
      stdio: streamsOf(output.attached.stdio),
      spawned: () => output.attached.handedOver(),
    });
    try {
      const { exitCode } = await this.#ended({ act, log, end });
      await output.attached.drained(DRAIN_MS);
      const complaint = log.lastError();
      if (exitCode !== 0 && complaint !== '') throw runtimeError(this.name, complaint, wanted.argv[0] ?? '');
      act.end({ exitCode });
      return { exitCode, ...output.said() };
    } catch (error) {
      act.fail(error);
      throw error;
    } finally {
      output.attached.close();
    }
  }

  async delete(id: string, tell: Tell | undefined, cause: string | undefined, force: boolean): Promise<void> {
    this.#commands.delete(id);
    const going = this.#begin(
      { step: 'delete', id, words: force ? ['--force'] : [], cause },
      tell ?? silentTell,
    );
    const end = await this.#ended(going);
    const complaint = going.log.lastError() || end.stderr;
    if (end.exitCode === 0 || /does not exist|No such file/i.test(complaint)) {
      this.#removeLogs(id);
      going.act.end({ exitCode: end.exitCode });
      return;
    }
    const error = runtimeError(this.name, complaint, '');
    going.act.fail(error, { exitCode: end.exitCode });
    throw error;
  }

  #removeLogs(id: string): void {
    const folder = this.#logFolder();
    for (const name of readdirSync(folder)) if (name.startsWith(`${id}.`)) rmSync(join(folder, name));
  }

  /** Runs one command; a bad exit code or a failing `done` ends the act with the error, which is thrown. */
  async #run<T extends object>(
    asked: Asked,
    tell: Tell,
    done: (end: CommandEnd) => T,
    where: Where = {},
    more: Record<string, unknown> = {},
  ): Promise<T> {
    const going = this.#begin(asked, tell, where);
    let end: CommandEnd | undefined;
    try {
      end = await this.#ended(going);
      if (end.exitCode !== 0) {
        throw runtimeError(
          this.name,
          going.log.lastError() || end.stderr,
          this.#commands.get(asked.id) ?? '',
        );
      }
      const result = done(end);
      going.act.end({ exitCode: end.exitCode, ...('pid' in result ? { pid: result.pid } : {}), ...more });
      return result;
    } catch (error) {
      going.act.fail(error, end ? { exitCode: end.exitCode } : {});
      throw error;
    }
  }

  #begin(asked: Asked, tell: Tell, where: Where = {}): Going {
    const logFile = join(this.#logFolder(), this.#logName(asked));
    const argv = this.#argv(asked, logFile);
    const act = tell.begin(
      `low-level/${asked.step}`,
      { runtime: this.name, argv, ...asked.data },
      {
        actor: { name: this.name, version: this.version },
        container: asked.id,
        ...(asked.cause ? { cause: [asked.cause] } : {}),
      },
    );
    const log = followRuntimeLog(logFile, tell, { runtime: this.name, span: act.span, container: asked.id });
    const end = runCommand({
      argv,
      ...where,
      act,
      tell,
      layer: 'low-level',
      actor: this.name,
      container: asked.id,
    });
    return { act, log, end };
  }

  async #ended(going: Going): Promise<CommandEnd> {
    try {
      return await going.end;
    } catch (cause) {
      throw new EmbeddedError(
        'runtime-unusable',
        `can’t start ${this.#options.path}: ${(cause as Error).message}`,
        {
          cause,
          remedy: 'check that the runtime is installed and executable, or choose another with --runtime',
        },
      );
    } finally {
      going.log.close();
    }
  }

  /** Commands in a container run beside each other and beside everything else. */
  #logName({ step, id }: Asked): string {
    return step === 'exec' ? `${id}.exec-${++this.#execs}.log` : `${id}.log`;
  }

  #logFolder(): string {
    mkdirSync(this.#options.root, { recursive: true, mode: 0o700 });
    const folder = `${this.#options.root}-log`;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  #argv(asked: Asked, log: string): string[] {
    const { path, root, name, hideUnified, inside } = this.#options;
    const logTarget = name === 'crun' ? `file:${log}` : log;
    const global = ['--root', root, '--log', logTarget, '--log-format', 'json', '--debug'];
    const argv = [path, ...global, asked.step, ...asked.words, asked.id, ...(asked.after ?? [])];
    if (inside) return inside(argv);
    if (hideUnified === undefined) return argv;
    return ['unshare', '-m', 'sh', '-c', `umount ${hideUnified}; exec "$@"`, 'sh', ...argv];
  }

  #created(
    work: BundleToRun,
    pidFile: string,
    socket: ConsoleSocket | undefined,
    _end: CommandEnd,
  ): { pid: number; console?: number } {
    const pid = Number(readFileSync(pidFile, 'utf8').trim());
    if (!Number.isInteger(pid) || pid <= 0) {
      throw new EmbeddedError('runtime-failed', `${this.name} left no pid of ${work.id} in ${pidFile}`);
    }
    return socket ? { pid, console: socket.receive() } : { pid };
  }
}

type Where = Pick<CommandToRun, 'cwd' | 'stdio' | 'spawned'>;

/** After a command has ended its last output is waited for so long (ms). */
const DRAIN_MS = 2000;
/** So much of what a command prints is kept, each stream by itself. */
const MOST_OUTPUT = 1_000_000;

function streamsOf({ stdin, stdout, stderr }: Stdio): [number, number, number] {
  return [stdin, stdout, stderr];
}

function collectOutput() {
  const said = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const sizes = { stdout: 0, stderr: 0 };
  const attached = attach({ interactive: false, tty: false }, (stream, bytes) => {
    sizes[stream] += bytes.length;
    if (sizes[stream] <= MOST_OUTPUT) said[stream].push(bytes);
  });
  return {
    attached,
    said: () => ({ stdout: Buffer.concat(said.stdout), stderr: Buffer.concat(said.stderr) }),
  };
}

function execWords({ user, cwd, env = [] }: CommandInside): string[] {
  return [
    ...(user ? ['--user', `${user.uid}:${user.gid}`] : []),
    ...(cwd === undefined ? [] : ['--cwd', cwd]),
    ...env.flatMap((entry) => ['--env', entry]),
  ];
}

function updateWords({ memory, cpu, pids }: OciResources): string[] {
  const flags: [string, number | undefined][] = [
    ['--memory', memory?.limit],
    ['--memory-swap', memory?.swap],
    ['--cpu-period', cpu?.period],
    ['--cpu-quota', cpu?.quota],
    ['--pids-limit', pids?.limit],
  ];
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
}

/** The socket lies in the bundle; both sides name it by a path that is short whatever the state directory is. */
function openConsole(bundle: string): { socket: ConsoleSocket; name: string } {
  const name = 'console.sock';
  rmSync(join(bundle, name), { force: true });
  const folder = openSync(bundle, 'r');
  try {
    return { socket: listenForConsole(`/proc/self/fd/${folder}/${name}`), name };
  } finally {
    closeSync(folder);
  }
}

function parseState(text: string): { status: 'created' | 'running' | 'stopped' | 'gone'; pid?: number } {
  const { status, pid } = JSON.parse(text) as { status: string; pid?: number };
  const known = status === 'created' || status === 'running' || status === 'stopped' ? status : 'running';
  return pid ? { status: known, pid } : { status: known };
}
