import type { Actor } from '@underdock/trace';
import { shellWord } from '../../shellWord.ts';
import { type Calling, call, type Dialogue, openDialogue, readStream } from '../grpc/call.ts';
import { type Daemon, openDaemon } from '../grpc/daemon.ts';
import { type GrpcCode, GrpcRefusal } from '../grpc/failure.ts';
import type { Message } from '../grpc/messages.ts';

/** The namespace of containerd’s in which underdock’s images and containers lie. */
export const NAMESPACE = 'underdock';
/** Where containerd listens unless it is told otherwise (its defaults.DefaultAddress). */
export const USUAL_SOCKET = '/run/containerd/containerd.sock';

/** A containerd that answers, for one run. */
export interface Containerd {
  socket: string;
  kind: 'host' | 'private';
  version: string;
  /** containerd, as events name it. */
  actor: Actor;
  daemon: Daemon;
  /** What it keeps filesystems with: `overlayfs`, `native`. */
  snapshotter: string;
  /** The cgroup below which containers’ cgroups are made. */
  cgroup: string;
  /** Folder for what has to lie beside it: wrappers of runtimes. */
  folder: string;
  /** How one of underdock’s own has died; undefined while it lives. */
  death?: (() => string | undefined) | undefined;
}

const FILES = [
  ...['version', 'namespaces', 'introspection', 'leases', 'content', 'images', 'snapshots', 'diff'],
  ...['containers', 'tasks', 'runcOptions'],
].map((name) => `containerd/${name}`);

const START = 'start it: systemctl start containerd; or choose --engine private';

/** Makes a client for the containerd at a socket; nothing is asked yet. */
export function openContainerd(socket: string, actor: Actor): Promise<Daemon> {
  return openDaemon({
    name: 'containerd',
    socket,
    actor,
    protos: FILES,
    metadata: { 'containerd-namespace': NAMESPACE },
    remedies: {
      start: START,
      permission: 'run underdock as root: containerd’s socket is root’s',
      version: 'underdock speaks the API of containerd 1.6 to 2.x: give the socket of one with --socket',
    },
  });
}

/** The full name of a method: `Tasks/Create` is in `containerd.services.tasks.v1`. */
export function methodOf(short: string): string {
  const [service = ''] = short.split('/');
  return `containerd.services.${service.toLowerCase()}.v1.${short}`;
}

/** Asks containerd, `Tasks/Create`, and tells it. Rejects as `call` does. */
export function ask<T extends object>(
  daemon: Daemon,
  short: string,
  message: Message,
  calling: Calling,
): Promise<T> {
  return call<T>(daemon, methodOf(short), message, calling);
}

/** Asks for a stream of answers. */
export function askMany<T extends object>(
  daemon: Daemon,
  short: string,
  message: Message,
  calling: Calling,
): AsyncGenerator<T> {
  return readStream<T>(daemon, methodOf(short), message, calling);
}

/** Opens a call in which both sides send. */
export function converse<T extends object>(daemon: Daemon, short: string, calling: Calling): Dialogue<T> {
  return openDialogue<T>(daemon, methodOf(short), calling);
}

/** As `ask`, but undefined where containerd refuses with one of these codes: the thing is gone already, or there already. */
export async function askUnless<T extends object>(
  fine: readonly GrpcCode[],
  daemon: Daemon,
  short: string,
  message: Message,
  calling: Calling,
): Promise<T | undefined> {
  try {
    return await ask<T>(daemon, short, message, { ...calling, fine });
  } catch (error) {
    if (error instanceof GrpcRefusal && fine.includes(error.status)) return undefined;
    throw error;
  }
}

/** The command of containerd’s own client that does the same. */
export function ctr(socket: string, ...words: string[]): string {
  const at = socket === USUAL_SOCKET ? [] : ['--address', socket];
  return ['ctr', ...at, '--namespace', NAMESPACE, ...words.map(shellWord)].join(' ');
}
