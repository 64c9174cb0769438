import type { SpawnedRecord } from './record.ts';

/** A process that belongs to the run. */
export interface Kin {
  pid: number;
  /** The program's name as the kernel last told it. */
  comm: string;
  /** Span of the act of underdock's that its doings are caused by. */
  cause: string;
  container: string | undefined;
  role: 'runtime' | 'child' | 'init';
  /** It came into a container that had an init already: which number it has inside can't be said. */
  enters?: boolean | undefined;
  /** underdock started it, and has told so. */
  spawned?: boolean;
  /** Span of the call that made it, if it was seen. */
  bornBy: string | undefined;
  /** Whether an event has told of it. */
  told: boolean;
  /** Its namespaces as last seen, by kind. */
  namespaces: Readonly<Record<string, number>>;
}

/** Which processes belong to a run: those that underdock spawned for it and their descendants. */
export class Lineage {
  #kin = new Map<number, Kin>();
  #host: Readonly<Record<string, number>>;
  #pidNamespaces = new Set<number>();
  constructor(hostNamespaces: Readonly<Record<string, number>>) {
    this.#host = hostNamespaces;
  }

  get(pid: number): Kin | undefined {
    return this.#kin.get(pid);
  }

  get size(): number {
    return this.#kin.size;
  }

  /** A process that underdock started. */
  root(record: SpawnedRecord): Kin {
    const kin: Kin = {
      pid: record.pid,
      comm: record.actor,
      cause: record.span,
      container: record.container,
      role: record.layer === 'low-level' ? 'runtime' : 'child',
      spawned: true,
      bornBy: undefined,
      told: false,
      namespaces: this.#host,
    };
    this.#kin.set(record.pid, kin);
    return kin;
  }

  /** A program of the chain that somebody else started. Who is kin already stays the same process. */
  adopt(of: {
    pid: number;
    span: string;
    actor: string;
    role: 'runtime' | 'child';
    container?: string | undefined;
    /** It puts one more process into a container that lives already. */
    enters?: boolean;
  }): void {
    const known = this.#kin.get(of.pid);
    const { pid, span, actor, role } = of;
    const container = of.container ?? known?.container;
    if (known) Object.assign(known, { cause: span, role, container, enters: of.enters });
    else {
      const fresh = { bornBy: undefined, told: false, namespaces: this.#host };
      this.#kin.set(pid, { pid, comm: actor, cause: span, container, role, enters: of.enters, ...fresh });
    }
  }

  /** A child of one that belongs here; undefined when the parent does not. */
  fork(parentPid: number, childPid: number, comm: string, bornBy: string | undefined): Kin | undefined {
    const parent = this.#kin.get(parentPid);
    if (!parent) return undefined;
    const kin: Kin = { ...parent, pid: childPid, comm, role: 'child', bornBy, told: false, spawned: false };
    this.#kin.set(childPid, kin);
    return kin;
  }

  /**
   * Notes a process's namespaces and returns the kinds that are new to it. A process just born that is the first in a pid
   * namespace is the container's init.
   */
  namespaces(kin: Kin, inodes: Readonly<Record<string, number>>, justBorn: boolean): string[] {
    const changed = Object.keys(inodes).filter((kind) => inodes[kind] !== kin.namespaces[kind]);
    kin.namespaces = inodes;
    const own = inodes.pid;
    if (justBorn && own !== undefined && own !== this.#host.pid && !this.#pidNamespaces.has(own)) {
      this.#pidNamespaces.add(own);
      kin.role = 'init';
    }
    return changed;
  }

  /** From now on what a container's processes do is caused by `span`. */
  blame(container: string, span: string): void {
    for (const kin of this.#kin.values()) {
      if (kin.container === container) kin.cause = span;
    }
  }

  gone(pid: number): void {
    this.#kin.delete(pid);
  }
}
