import { Order } from '../order.ts';
import type {
  CallRecord,
  EngineEventRecord,
  ExecRecord,
  ExitRecord,
  ForkRecord,
  RawRecord,
  RootRecord,
} from '../record.ts';
import { criCommand, criOnlyAsks, criSubject, isCri } from './criServed.ts';
import { OpenCalls, type SortedCall } from './openCalls.ts';
import { decodePayload } from './payload.ts';
import { containerOf, readsOnly } from './requestPath.ts';
import { causingVerb, isCheck, isScript, isTyped, readRoot, typedWords } from './roots.ts';

/** A run that begins because somebody on the host began something. */
export interface Found {
  key: string;
  /** Ms on the records' clock. */
  at: number;
  /** The command that began it; empty where only its container is known. */
  command: readonly string[];
  container?: string;
}

/** Where sorted records go. */
export interface SorterOptions {
  /** Its own children are not sorted: who runs them follows them itself. */
  agentPid: number;
  /** A run was found; its records follow. */
  opened: (found: Found) => void;
  give: (key: string, record: RawRecord) => void;
  /** Nothing of a found run is left. */
  closed: (key: string, at: number) => void;
  /** Whether a process is there still: its end can be missed, when a probe’s buffer was full or it had to be started again. */
  isAlive?: (pid: number) => boolean;
}

/** Sorts what is seen on a host into runs. */
export interface Sorter {
  /** Takes records in any order, as a weave does: they wait until nothing older can come. */
  add(record: RawRecord): void;
  /** To be called every 50 ms. */
  tick(): void;
  /** All that happened up to this instant has been given; infinite while no source promises anything. */
  readonly doneAt: number;
  /** A run that the agent commands itself: it is given what belongs to it, and never found or closed. */
  claim(key: string): Claim;
}

/** What the commander of a run knows of it before anything is seen. */
export interface Claim {
  /** It sends this request now. */
  request(at: number, method: string, path: string, query?: string): void;
  container(id: string, name?: string): void;
  /** It has started this process. */
  process(pid: number): void;
  /** It waits for the id of something that is made from `at` on: what happens waits with it, until what is returned is called. */
  expects(at: number): () => void;
  leave(): void;
}

/** Two probes feed it; whose record is sorted too early is nobody’s. In ticks of 50 ms. */
const PATIENCE = 200;
/** Idle for so long (ms of the records' clock), a run without processes and open calls is over; with open calls longer. */
const LINGER_MS = 2000;
const HANGING_MS = 60_000;
/** Processes are looked for so often (ms); one that was gone the last time too has ended unseen. */
const LOOK_MS = 30_000;
/** A container that is looked at every few seconds by an exec has many in a week: so many are remembered. */
const MOST_EXECS = 4096;

interface SortedRun {
  key: string;
  claimed: boolean;
  /** It has a client whose requests can’t be seen where they are sent. */
  unseenClient?: boolean;
  lastAt: number;
  pids: Set<number>;
}

/** Creates a sorter. It holds no clock: `clock` records tell it the time. */
export function createSorter(options: SorterOptions): Sorter {
  return new HostSorter(options);
}

class HostSorter implements Sorter {
  readonly #options: SorterOptions;
  readonly #runs = new Map<string, SortedRun>();
  readonly #pids = new Map<number, SortedRun>();
  readonly #own = new Set<number>();
  /** Who a container belongs to, by full id and by name; who an exec in it belongs to, by its id. */
  readonly #containers = new Map<string, SortedRun>();
  readonly #names = new Map<string, string>();
  readonly #execs = new Map<string, SortedRun>();
  readonly #calls = new OpenCalls();
  // Its sources promise without exception; what is said later by others waits in the weave.
  readonly #order = new Order((record) => this.#take(record), { patience: PATIENCE, slackMs: 0 });
  #count = 0;
  #gone = new Set<number>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SorterOptions) {
    this.#options = options;
  }

  add(record: RawRecord): void {
    this.#order.add(record);
    if (record.kind === 'clock') this.#clock(this.#order.doneAt);
  }

  get doneAt(): number {
    return this.#order.doneAt;
  }

  tick(): void {
    this.#order.tick();
  }

  #take(record: RawRecord): void {
    if (record.kind === 'exec') this.#exec(record);
    else if (record.kind === 'fork') this.#fork(record);
    else if (record.kind === 'exit') this.#exit(record);
    else if (record.kind === 'call') this.#call(record);
    else if (record.kind === 'engine-event') this.#event(record);
    else if (record.kind === 'cgroup') this.#toPid(record.pid, record, record.attachedPid);
    else if (record.kind === 'oom') this.#toPid(record.victimPid, record);
    else if (record.kind === 'syscall' || record.kind === 'namespaces') this.#toPid(record.pid, record);
    else if (record.kind === 'watcher' || record.kind === 'lost') this.#toAll(record);
  }

  claim(key: string): Claim {
    const run: SortedRun = { key, claimed: true, lastAt: 0, pids: new Set() };
    this.#runs.set(key, run);
    return {
      request: (at, method, path, query) => this.#calls.announce({ at, run: key, method, path, query }),
      container: (id, name) => this.#keep(run, id, name),
      process: (pid) => this.#join(run, pid),
      expects: (at) => this.#order.hold(at),
      leave: () => this.#forget(run),
    };
  }

  #keep(run: SortedRun, id: string, name?: string): void {
    if (!this.#containers.has(id)) this.#containers.set(id, run);
    if (name) this.#names.set(name, id);
  }

  #join(run: SortedRun, pid: number): void {
    this.#own.delete(pid);
    run.pids.add(pid);
    this.#pids.set(pid, run);
  }

  #open(at: number, command: readonly string[], container?: string): SortedRun {
    const key = `found-${++this.#count}`;
    const run: SortedRun = { key, claimed: false, lastAt: at, pids: new Set() };
    this.#runs.set(key, run);
    this.#options.opened({ key, at, command, ...(container ? { container } : {}) });
    if (container) this.#keep(run, container);
    return run;
  }

  #give(run: SortedRun, record: RawRecord): void {
    run.lastAt = Math.max(run.lastAt, record.at);
    this.#options.give(run.key, record);
  }

  #forget(run: SortedRun): void {
    this.#runs.delete(run.key);
    for (const pid of run.pids) this.#pids.delete(pid);
    for (const [name, id] of this.#names) if (this.#containers.get(id) === run) this.#names.delete(name);
    for (const [id, owner] of this.#containers) if (owner === run) this.#containers.delete(id);
    for (const [id, owner] of this.#execs) if (owner === run) this.#execs.delete(id);
    this.#calls.forget(run.key);
  }

  #clock(at: number): void {
    if (!Number.isFinite(at)) return;
    if (at - this.#lookedAt > LOOK_MS) this.#lookForPids(at);
    for (const run of [...this.#runs.values()]) {
      this.#options.give(run.key, { kind: 'clock', at, source: 'sorted' });
      if (run.claimed || run.pids.size > 0) continue;
      const patience = this.#calls.isOpenFor(run.key) ? HANGING_MS : LINGER_MS;
      if (at - run.lastAt < patience) continue;
      this.#forget(run);
      this.#options.closed(run.key, at);
    }
  }

  /** Whose end was not seen would keep its run open for ever. */
  #lookForPids(at: number): void {
    const { isAlive } = this.#options;
    this.#lookedAt = at;
    if (!isAlive) return;
    const before = this.#gone;
    this.#gone = new Set([...this.#pids.keys()].filter((pid) => !isAlive(pid)));
    for (const pid of this.#gone) {
      if (!before.has(pid)) continue;
      this.#calls.endOf(pid);
      this.#pids.get(pid)?.pids.delete(pid);
      this.#pids.delete(pid);
    }
  }

  #fork(record: ForkRecord): void {
    const { pid, childPid } = record;
    if (pid === this.#options.agentPid || this.#own.has(pid)) {
      // Who was claimed for a run as it was started belongs there already.
      if (!this.#pids.has(childPid)) this.#own.add(childPid);
      return;
    }
    const run = this.#pids.get(pid);
    if (!run) return;
    this.#join(run, childPid);
    this.#give(run, record);
  }

  #exit(record: ExitRecord): void {
    const { pid } = record;
    this.#own.delete(pid);
    const run = this.#pids.get(pid);
    if (!run) return;
    this.#pids.delete(pid);
    run.pids.delete(pid);
    this.#calls.endOf(pid);
    this.#give(run, record);
  }

  #toAll(record: RawRecord): void {
    for (const key of this.#runs.keys()) this.#options.give(key, record);
  }

  #toPid(pid: number, record: RawRecord, otherwise?: number): void {
    const run = this.#pids.get(pid) ?? this.#pids.get(otherwise ?? -1);
    if (run) this.#give(run, record);
  }

  #exec(record: ExecRecord): void {
    if (this.#own.has(record.pid)) {
      // An engine of the agent's own serves runs like any other: its children are nobody's before they are sorted.
      if (/\/(dockerd|containerd)$/.test(record.path)) this.#own.delete(record.pid);
      return;
    }
    const root = readRoot(record);
    const run = root ? this.#runOfRoot(root) : this.#pids.get(record.pid);
    if (!run) return;
    if (root) {
      this.#join(run, record.pid);
      if (root.container) this.#keep(run, root.container);
      this.#give(run, root);
    }
    this.#give(run, record);
  }

  #runOfRoot(root: RootRecord): SortedRun | undefined {
    const kin = this.#pids.get(root.pid);
    if (root.role === 'client') {
      const run = kin ?? this.#open(root.at, typedWords(root));
      run.unseenClient ||= isScript(root);
      return run;
    }
    const calls = this.#calls;
    const caller = root.container ? calls.callerOf(root.container, causingVerb(root)) : undefined;
    const called = caller === undefined ? undefined : this.#runs.get(caller.run);
    const owner = root.container ? this.#containers.get(root.container) : undefined;
    const pod = root.role === 'shim' && root.container && !owner ? calls.podMaker(root.container) : undefined;
    const execId = root.argv.map((word) => /([0-9a-f]{64})\.pid$/.exec(word)?.[1]).find((id) => id);
    const run =
      (execId && this.#execs.get(execId)) || called || owner || kin || this.#runs.get(pod?.run ?? '');
    if (!run && isCheck(root)) return undefined;
    const command = root.container && !isTyped(root) ? [] : root.argv;
    return run ?? this.#open(root.at, command, root.container);
  }

  #call(record: CallRecord): void {
    const calls = this.#calls;
    if (record.phase === 'enter') {
      this.#settle(calls.hold(record));
      // What an HTTP request is about stands in its path; of the other calls the payload tells.
      if (record.protocol === 'http') this.#settle(calls.held(record));
      return;
    }
    if (record.phase === 'payload' && record.payload) {
      const held = calls.held(record);
      if (!held) return;
      this.#settle({ ...held, said: decodePayload(held.enter.method ?? '', record.payload.bytes) }, record);
      return;
    }
    this.#settle(calls.held(record));
    const known = calls.get(record);
    if (record.phase === 'exit') calls.end(record);
    const run = known && this.#runs.get(known.run);
    if (!run) return;
    if (record.made) this.#keep(run, record.made);
    this.#give(run, record);
  }

  /** Finds out whose call it is, now that all is known of it that will be. */
  #settle(held: Omit<SortedCall, 'run'> | undefined, payload?: CallRecord): void {
    if (!held) return;
    this.#calls.release(held.enter);
    const run = this.#runOfCall(held);
    if (!run) return;
    this.#calls.begin({ ...held, run: run.key });
    this.#learn(run, held);
    // What the agent itself asks it tells itself.
    if (run.claimed && held.enter.side === 'server' && held.enter.protocol === 'grpc') return;
    const said = payload?.payload ? { payload: payload.payload } : {};
    this.#give(run, { ...held.enter, ...said });
  }

  #runOfCall(call: Omit<SortedCall, 'run'>): SortedRun | undefined {
    const { enter, said } = call;
    const byPid = this.#pids.get(enter.pid);
    if (enter.protocol === 'http') {
      if (enter.side === 'client') return byPid;
      return this.#runOfRequest(enter);
    }
    if (byPid && enter.side === 'client' && enter.protocol === 'grpc') return byPid;
    if (isCri(enter.method)) return this.#runOfCri(call);
    const around = this.#calls.around(enter);
    if (around) return this.#runs.get(around.run);
    const { container, execId } = said ?? {};
    if (!container) return undefined;
    const verb = enter.method?.split('/').at(-1) ?? '';
    const caller = enter.protocol === 'ttrpc' ? this.#calls.callerOf(container, verb, 'grpc') : undefined;
    const called = caller && this.#runs.get(caller.run);
    return (
      (execId && this.#execs.get(execId)) || called || this.#containers.get(container) || this.#foundBy(call)
    );
  }

  /**
   * A container of which nobody was seen to ask for it: its run begins with what is done for it. An exec that nobody asked
   * for is a health check, which comes again every few seconds.
   */
  #foundBy({ enter, said }: Omit<SortedCall, 'run'>): SortedRun | undefined {
    const creates = /\/(Create|Start|Kill)$/.test(enter.method ?? '') && !said?.execId;
    return creates && said?.container ? this.#open(enter.at, [], said.container) : undefined;
  }

  /** A pod is one run, whoever speaks to the runtime: its sandbox, and the containers in it. */
  #runOfCri({ enter, said }: Omit<SortedCall, 'run'>): SortedRun | undefined {
    const announced = enter.side === 'server' ? this.#calls.announced(enter) : undefined;
    const asker = announced && this.#runs.get(announced.run);
    if (asker || criOnlyAsks(enter.method ?? '')) return asker;
    const known = this.#containers.get(criSubject(said) ?? '');
    return known ?? this.#open(enter.at, criCommand(enter.method ?? '', said));
  }

  #runOfRequest(enter: CallRecord): SortedRun | undefined {
    const announced = this.#calls.announced(enter);
    const asker = announced && this.#runs.get(announced.run);
    if (asker) return asker;
    // A client that is no Go program can't be seen sending. Where it is the only one, what nobody else sent is its own.
    const unseen = [...this.#runs.values()].filter((run) => run.unseenClient && run.pids.size > 0);
    if (unseen.length === 1) return unseen[0];
    if (readsOnly(enter.method)) return undefined;
    const { container, execId } = containerOf(enter.path ?? '', enter.query);
    const id = container && (this.#names.get(container) ?? container);
    const known = (execId && this.#execs.get(execId)) || (id && this.#containers.get(id));
    return known || this.#open(enter.at, [enter.method ?? '', enter.path ?? '']);
  }

  #learn(run: SortedRun, { enter, said }: Omit<SortedCall, 'run'>): void {
    if (enter.protocol === 'http') {
      if (enter.side === 'client') this.#calls.announce({ ...enter, run: run.key });
      const { container, execId } = containerOf(enter.path ?? '', enter.query);
      if (container && /^[0-9a-f]{64}$/.test(container) && !readsOnly(enter.method))
        this.#keep(run, container);
      if (execId) this.#remember(execId, run);
      return;
    }
    if (enter.side === 'client' && isCri(enter.method)) this.#calls.announce({ ...enter, run: run.key });
    if (said?.container) this.#keep(run, said.container);
    if (said?.execId) this.#remember(said.execId, run);
  }

  #remember(execId: string, run: SortedRun): void {
    this.#execs.set(execId, run);
    const [oldest] = this.#execs.size > MOST_EXECS ? this.#execs.keys() : [];
    if (oldest !== undefined) this.#execs.delete(oldest);
  }

  #event(record: EngineEventRecord): void {
    const { container, attributes } = record;
    if (container && record.topic === 'container create' && !this.#containers.has(container)) {
      const creator = this.#calls.creatorOf(record);
      const made = creator && this.#runs.get(creator.run);
      if (made) this.#keep(made, container, attributes.name);
    }
    const owner = container ? this.#containers.get(container) : undefined;
    if (container && attributes.name && owner) this.#names.set(attributes.name, container);
    const ids = container ? [container, ...(attributes.name ? [attributes.name] : [])] : [];
    const run = owner ?? this.#runs.get(this.#calls.requestFor(record, ids)?.run ?? '');
    if (run) this.#give(run, record);
  }
}
