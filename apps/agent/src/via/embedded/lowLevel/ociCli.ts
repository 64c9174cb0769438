import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ConsoleSocket, listenForConsole } from '../../../consoleSocket.ts';
import type { Tell, Telling } from '../../../run/tell.ts';
import { type CommandEnd, runCommand } from '../command.ts';
import { EmbeddedError } from '../error.ts';
import type { BundleToRun, LowLevelRuntime } from './runtime.ts';
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
  step: 'create' | 'start' | 'state' | 'kill' | 'delete';
  id: string;
  words: string[];
  cause: string | undefined;
  data?: Record<string, unknown>;
}

interface Going {
  act: Telling;
  log: RuntimeLog;
  end: Promise<CommandEnd>;
}

class OciCli implements LowLevelRuntime {
  readonly name: string;
  readonly version: string;
  readonly absent: readonly { what: string; why: string }[];
  readonly makesConsole = true;
  #options: OciCliOptions;
  #commands = new Map<string, string>();

  constructor(options: OciCliOptions) {
    this.#options = options;
    this.name = options.name;
    this.version = options.version;
    this.absent = options.absent ?? [];
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
      return await this.#run(asked, tell, (end) => this.#created(work, pidFile, terminal?.socket, end), work);
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
    await this.#run({ step: 'kill', id, words: [signal], cause, data: { signal } }, tell, () => ({}));
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
      rmSync(join(this.#logFolder(), `${id}.log`), { force: true });
      going.act.end({ exitCode: end.exitCode });
      return;
    }
    const error = runtimeError(this.name, complaint, '');
    going.act.fail(error, { exitCode: end.exitCode });
    throw error;
  }

  /** Runs one command; a bad exit code or a failing `done` ends the act with the error, which is thrown. */
  async #run<T extends object>(
    asked: Asked,
    tell: Tell,
    done: (end: CommandEnd) => T,
    work?: BundleToRun,
  ): Promise<T> {
    const going = this.#begin(asked, tell, work);
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
      going.act.end({ exitCode: end.exitCode, ...('pid' in result ? { pid: result.pid } : {}) });
      return result;
    } catch (error) {
      going.act.fail(error, end ? { exitCode: end.exitCode } : {});
      throw error;
    }
  }

  #begin(asked: Asked, tell: Tell, work?: BundleToRun): Going {
    const logFile = join(this.#logFolder(), `${asked.id}.log`);
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
    const stdio: [number, number, number] | undefined = work && [
      work.stdio.stdin,
      work.stdio.stdout,
      work.stdio.stderr,
    ];
    const end = runCommand({
      argv,
      ...(work ? { cwd: work.bundle, stdio } : {}),
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
    const argv = [path, ...global, asked.step, ...asked.words];
    // runc and crun take the signal after the id.
    argv.splice(asked.step === 'kill' ? argv.length - 1 : argv.length, 0, asked.id);
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
