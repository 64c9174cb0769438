import { execFileSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type RunRequestInput, runRequestSchema } from '@underdock/trace';
import type { Tell } from '../../../apps/agent/src/run/tell.ts';
import { writeBundle } from '../../../apps/agent/src/via/embedded/bundle/bundle.ts';
import {
  type BuiltConfig,
  buildConfig,
  type ConfigInput,
} from '../../../apps/agent/src/via/embedded/bundle/config.ts';
import { readHostAbilities } from '../../../apps/agent/src/via/embedded/bundle/host.ts';
import type { LowLevelRuntime } from '../../../apps/agent/src/via/embedded/lowLevel/runtime.ts';

const APPLETS =
  'sh cat cut echo false find grep head hostname id ip ls mkdir mount nproc pwd readlink rm sleep stat test touch true tty tr umount unshare wc'.split(
    ' ',
  );

/** A tiny root filesystem of static busybox and its links, with a user and a group of its own. */
export function makeRootfs(root: string): void {
  mkdirSync(path.join(root, 'bin'), { recursive: true });
  cpSync('/bin/busybox', path.join(root, 'bin/busybox'));
  for (const name of APPLETS) symlinkSync('busybox', path.join(root, 'bin', name));
  mkdirSync(path.join(root, 'etc'));
  mkdirSync(path.join(root, 'tmp'), { mode: 0o1777 });
}

/** One thing that was told. */
export interface ToldEvent {
  type: 'begin' | 'progress' | 'end' | 'fail' | 'log' | 'fact';
  step: string;
  span?: string;
  cause?: string[];
  data: Record<string, unknown>;
}

/** Keeps what is told. */
export class Listener implements Tell {
  readonly events: ToldEvent[] = [];
  readonly spawns: { pid: number; span: string }[] = [];
  #count = 0;

  begin(step: string, data: Record<string, unknown>, told: { cause?: string[] } = {}) {
    this.#count += 1;
    const span = `s${this.#count}`;
    this.events.push({ type: 'begin', step, span, data, ...(told.cause ? { cause: told.cause } : {}) });
    const add = (type: ToldEvent['type'], more: Record<string, unknown>) =>
      this.events.push({ type, step, span, data: more });
    return {
      span,
      progress: (more: Record<string, unknown>) => void add('progress', more),
      end: (more: Record<string, unknown> = {}) => void add('end', more),
      fail: (error: unknown, more: Record<string, unknown> = {}) =>
        void add('fail', { ...more, message: (error as Error).message }),
    };
  }
  log(step: string, data: Record<string, unknown>): void {
    this.events.push({ type: 'log', step, data });
  }
  fact(step: string, data: Record<string, unknown>): void {
    this.events.push({ type: 'fact', step, data });
  }
  spawned(pid: number, span: string): void {
    this.spawns.push({ pid, span });
  }
}

/** A folder for one test, removed at its end. */
export class Ground {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'underdock-ground-'));
  readonly bundle = path.join(this.folder, 'bundle');
  readonly rootfs = path.join(this.folder, 'rootfs');
  readonly id = `ground${Math.random().toString(16).slice(2)}`;
  readonly tell = new Listener();

  constructor() {
    makeRootfs(this.rootfs);
  }

  async build(
    request: Omit<RunRequestInput, 'image'>,
    more: Partial<ConfigInput> = {},
  ): Promise<BuiltConfig> {
    const host = await readHostAbilities();
    const built = await buildConfig({
      id: this.id,
      request: runRequestSchema.parse({ image: 'ground', ...request }),
      image: {},
      rootfs: this.rootfs,
      bundle: this.bundle,
      allowedMounts: [this.folder],
      host,
      ...more,
    });
    await writeBundle(built, this.bundle);
    return built;
  }

  read(name: string): string {
    return readFileSync(path.join(this.folder, name), 'utf8');
  }

  /** Makes, starts and waits for a container of `runtime`; resolves with its output. The exit code is in `marker` if the command writes one. */
  async run(
    runtime: LowLevelRuntime,
    built: BuiltConfig,
    looked?: (pid: number) => Promise<void> | void,
  ): Promise<{ stdout: string; stderr: string; pid: number }> {
    const out = openSync(path.join(this.folder, 'stdout'), 'w');
    const err = openSync(path.join(this.folder, 'stderr'), 'w');
    const stdin = openSync('/dev/null', 'r');
    const work = {
      id: this.id,
      bundle: this.bundle,
      config: built.config,
      stdio: { stdin, stdout: out, stderr: err },
      cause: 'cause',
    };
    try {
      const { pid } = await runtime.create(work, this.tell);
      await looked?.(pid);
      await runtime.start(this.id, this.tell, 'cause');
      while ((await runtime.state(this.id)).status === 'running')
        await new Promise((done) => setTimeout(done, 20));
      return { stdout: this.read('stdout'), stderr: this.read('stderr'), pid };
    } finally {
      for (const fd of [out, err, stdin]) closeSync(fd);
      await runtime.delete(this.id, this.tell, 'cause', true);
    }
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Lines of the host's mount table and names of cgroups that belong to this ground: nothing once a container is gone. */
export function leftovers(ground: Ground): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(ground.folder));
  const cgroups = execFileSync('find', ['/sys/fs/cgroup', '-type', 'd', '-name', ground.id], {
    encoding: 'utf8',
  });
  return [...mounts, ...cgroups.split('\n').filter(Boolean)];
}
