import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import type { OwnContainerd } from '../../daemons/ownContainerd.ts';
import { privateContainerdRefusal } from '../../daemons/privateContainerd.ts';
import { connects } from '../../daemons/privateDaemon.ts';
import { AgentError } from '../../error.ts';
import { silentTell } from '../embedded/lowLevel/silentTell.ts';
import type { Recovered } from '../embedded/recover.ts';
import type { Calling } from '../grpc/call.ts';
import { ask, askUnless, type Containerd, ctr, NAMESPACE, openContainerd, USUAL_SOCKET } from './api.ts';
import { type JournalEntry, readEntries, removeEntry } from './journal.ts';
import { endLease, removeContainer, removeTask, runsIn } from './removal.ts';

type Wanted = Pick<RunRequest, 'engine' | 'socket'>;

/** A containerd that can be asked, and whose pid is known where it is underdock’s own. */
export interface ContainerdPlace {
  socket: string;
  kind: 'host' | 'private';
  cgroup: string;
  pid?: number;
  death?: () => string | undefined;
}

/** The containerds that can be commanded from here. */
export interface Containerds {
  /** The containerd that a request asks for; a private one is started at the first request for it. What is asked is told. */
  choose(request: Wanted, calling: Calling): Promise<Containerd>;
  /** Throws AgentError `socket-not-allowed` for a socket that whoever asks may not name. */
  checkSocket(socket: string, allowedMounts: readonly string[]): void;
  /** Takes apart what earlier agents left in containerds. Never rejects: what could not be done is said. */
  recover(): Promise<Recovered[]>;
  /** Removes a container that was kept, by its run's id. False when there is none. */
  removeKept(run: string): Promise<boolean>;
}

/** What they are made with. */
export interface ContainerdsOptions {
  stateDir: string;
  env: Record<string, string | undefined>;
  own: OwnContainerd;
  /** Hears of each one that is chosen, and a choice waits for it. */
  opened?: (place: ContainerdPlace) => unknown;
}

/** Where containers of the host’s containerd have their cgroups: the one that other ways in use too. */
const HOST_CGROUP = '/underdock';
const ANSWER_MS = 15_000;
const silent: Calling = { tell: silentTell, cause: [], timeoutMs: ANSWER_MS };

/** Looks for containerd as ctr does (CONTAINERD_ADDRESS, else the usual socket), and starts a private one where none answers. */
export function createContainerds(options: ContainerdsOptions): Containerds {
  return new HostContainerds(options);
}

class HostContainerds implements Containerds {
  readonly #options: ContainerdsOptions;
  /** The private one that what was left of runs is removed from, once: a second look would find runs that have begun since. */
  #tidied: { pid: number; done: Promise<void> } | undefined;

  constructor(options: ContainerdsOptions) {
    this.#options = options;
  }

  async choose(request: Wanted, calling: Calling): Promise<Containerd> {
    const place = await this.#place(request);
    await this.#options.opened?.(place);
    return this.#open(place, calling);
  }

  async #place({ socket, engine }: Wanted): Promise<ContainerdPlace> {
    if (socket !== undefined) return { socket, kind: 'host', cgroup: HOST_CGROUP };
    const usual = this.#usual();
    const refusal = privateContainerdRefusal();
    const host = { socket: usual, kind: 'host', cgroup: HOST_CGROUP } as const;
    if (engine === 'host' || (engine === undefined && (await listens(usual)))) return host;
    if (!refusal || engine === 'private') return this.#private();
    // Somebody may be there who does not speak with this user: what is wrong then, asking says best.
    if (existsSync(usual)) return host;
    throw new AgentError('no-containerd', `no containerd listens at ${usual}, and none can be started`, {
      remedy: `start it: systemctl start containerd; ${refusal.remedy}`,
      cause: refusal,
    });
  }

  #usual(): string {
    return this.#options.env.CONTAINERD_ADDRESS || USUAL_SOCKET;
  }

  async #private(): Promise<ContainerdPlace> {
    const own = await this.#options.own.get();
    let dead: string | undefined;
    void own.ended.then((how) => {
      dead = how;
    });
    const { socket, pid, cgroup } = own;
    const place: ContainerdPlace = { socket, kind: 'private', cgroup, pid, death: () => dead };
    if (this.#tidied?.pid !== pid) this.#tidied = { pid, done: this.#tidy(place) };
    const tidied = this.#tidied;
    try {
      await tidied.done;
    } catch (error) {
      if (this.#tidied === tidied) this.#tidied = undefined;
      throw error;
    }
    return place;
  }

  async #open(place: ContainerdPlace, calling: Calling): Promise<Containerd> {
    const { socket, kind, cgroup, pid, death } = place;
    const unknown = { name: 'containerd', ...(pid === undefined ? {} : { pid }) };
    const daemon = await openContainerd(socket, unknown);
    try {
      const { version } = await ask<{ version: string }>(
        daemon,
        'Version/Version',
        {},
        { ...calling, equivalent: ctr(socket, 'version'), timeoutMs: ANSWER_MS },
      );
      daemon.actor = { ...unknown, version };
      await askUnless(
        ['ALREADY_EXISTS'],
        daemon,
        'Namespaces/Create',
        { namespace: { name: NAMESPACE } },
        {
          ...calling,
          request: { name: NAMESPACE },
          equivalent: ctr(socket, 'namespaces', 'create', NAMESPACE),
        },
      );
      const snapshotter = await snapshotterOf(daemon, socket, calling);
      const folder = join(this.#options.stateDir, 'containerd-runs');
      mkdirSync(folder, { recursive: true, mode: 0o711 });
      return { socket, kind, version, actor: daemon.actor, daemon, snapshotter, cgroup, folder, death };
    } catch (error) {
      daemon.close();
      throw error;
    }
  }

  checkSocket(socket: string, allowedMounts: readonly string[]): void {
    // Who may mount the host's root could reach any socket anyway.
    if (allowedMounts.includes('/') || socket === USUAL_SOCKET || socket === this.#usual()) return;
    throw new AgentError('socket-not-allowed', `the socket ${socket} may not be commanded from here`, {
      remedy: `start underdock with CONTAINERD_ADDRESS=${socket}, or leave --socket out`,
    });
  }

  async recover(): Promise<Recovered[]> {
    const recovered: Recovered[] = [];
    for (const entry of readEntries(this.#options.stateDir)) {
      if (entry.state === 'kept') continue;
      const { run, container, name } = entry;
      const actions = entry.private
        ? ['its containerd is gone; it is removed when the private containerd runs again']
        : await this.#removeLeft(entry);
      recovered.push({ run, container, name, state: 'running', actions });
    }
    return recovered;
  }

  async #removeLeft(entry: JournalEntry): Promise<string[]> {
    try {
      await this.#remove({ socket: entry.socket, kind: 'host', cgroup: HOST_CGROUP }, entry);
      return ['removed the container from containerd'];
    } catch (error) {
      return [`could not remove it from containerd: ${(error as Error).message}`];
    }
  }

  async removeKept(run: string): Promise<boolean> {
    const entry = readEntries(this.#options.stateDir).find((one) => one.run === run && one.state === 'kept');
    if (!entry) return false;
    const place = entry.private
      ? await this.#private()
      : ({ socket: entry.socket, kind: 'host', cgroup: HOST_CGROUP } as const);
    await this.#remove(place, entry);
    return true;
  }

  async #remove(
    { socket }: ContainerdPlace,
    { run, container, snapshotter }: Pick<JournalEntry, 'run' | 'container' | 'snapshotter'>,
  ): Promise<void> {
    const actor = { name: 'containerd' };
    const daemon = await openContainerd(socket, actor);
    const place = { daemon, socket, snapshotter, actor };
    try {
      await removeTask(place, container, silent);
      await removeContainer(place, container, silent);
      await endLease(place, run, silent);
      removeEntry(this.#options.stateDir, run);
    } finally {
      daemon.close();
    }
  }

  /** Removes from a private containerd that has just come up what is left of runs that nobody keeps. */
  async #tidy(place: ContainerdPlace): Promise<void> {
    const actor = { name: 'containerd' };
    const daemon = await openContainerd(place.socket, actor);
    try {
      const entries = new Map(readEntries(this.#options.stateDir).map((entry) => [entry.run, entry]));
      const snapshotter = await snapshotterOf(daemon, place.socket, silent);
      const left = await runsIn({ daemon, socket: place.socket, snapshotter, actor }, silent);
      for (const { run, container } of left) {
        if (entries.get(run)?.state === 'kept') continue;
        if (container) await this.#remove(place, { run, container, snapshotter });
        else await endLease({ daemon, socket: place.socket, snapshotter, actor }, run, silent);
      }
      for (const { run, state, private: own } of entries.values())
        if (own && state === 'live') removeEntry(this.#options.stateDir, run);
    } finally {
      daemon.close();
    }
  }
}

function listens(socket: string): Promise<boolean> {
  return connects(socket).then(
    () => true,
    () => false,
  );
}

/** overlayfs where it works here, else the one that copies. */
async function snapshotterOf(
  daemon: Containerd['daemon'],
  socket: string,
  calling: Calling,
): Promise<string> {
  const filter = 'type==io.containerd.snapshotter.v1';
  const { plugins } = await ask<{ plugins: { id: string; initErr: unknown }[] }>(
    daemon,
    'Introspection/Plugins',
    { filters: [filter] },
    { ...calling, request: { filter }, equivalent: ctr(socket, 'plugins', 'ls', filter) },
  );
  const working = plugins.filter(({ initErr }) => !initErr).map(({ id }) => id);
  const chosen = ['overlayfs', 'native'].find((name) => working.includes(name));
  if (chosen) return chosen;
  throw new AgentError('no-snapshotter', 'containerd has neither the overlayfs nor the native snapshotter', {
    remedy: 'look at ctr plugins ls, and enable one of them in its config.toml',
  });
}
