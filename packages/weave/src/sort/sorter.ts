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
import { Members } from './members.ts';
import { OpenCalls, type SortedCall } from './openCalls.ts';
import { Owners } from './owners.ts';
import { decodePayload } from './payload.ts';
import { containerOf, readsOnly } from './requestPath.ts';
import { causingVerb, isCheck, isScript, isTyped, readRoot, recordingOf, typedWords } from './roots.ts';
import type { SortedRun } from './sortedRun.ts';

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
  /**
   * A run of one command that is about to be started under the name of RECORDER with this key: what descends from it and
   * is part of a chain, and what that causes. It is closed when nothing of it is left. Returns how to end it before.
   */
  record(key: string, at: number): () => void;
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
/** A command that is to be recorded is waited for so long (ms). */
const AWAITED_MS = 120_000;
/** A run of which so long (ms) nothing was seen is told the time no more often than this: of hundreds nearly all are idle. */
const ACTIVE_MS = 500;
const IDLE_CLOCK_MS = 200;

/** Creates a sorter. It holds no clock: `clock` records tell it the time. */
export function createSorter(options: SorterOptions): Sorter {
  return new HostSorter(options);
}

class HostSorter implements Sorter {
  readonly #options: SorterOptions;
  readonly #runs = new Map<string, SortedRun>();
  readonly #members: Members;
  readonly #owners = new Owners();
  readonly #calls = new OpenCalls();
  /** Processes of a recorded command that are no part of a chain: shells, compilers, whatever it starts. */
  readonly #bystanders = new Set<number>();
  // Its sources promise without exception; what is said later by others waits in the weave.
  readonly #order = new Order((record) => this.#take(record), { patience: PATIENCE, slackMs: 0 });
  #count = 0;

  constructor(options: SorterOptions) {
    this.#options = options;
    this.#members = new Members(options.agentPid);
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
    const run: SortedRun = { key, claimed: true, lastAt: 0, toldAt: 0, pids: new Set() };
    this.#runs.set(key, run);
    return {
      request: (at, method, path, query) => this.#calls.announce({ at, run: key, method, path, query }),
      container: (id, name) => this.#owners.keepMade(run, id, name),
      process: (pid) => this.#members.join(run, pid),
      expects: (at) => this.#order.hold(at),
      leave: () => this.#forget(run),
    };
  }

  record(key: string, at: number): () => void {
    const run: SortedRun = {
      key,
      claimed: false,
      lastAt: at,
      toldAt: 0,
      pids: new Set(),
      recorded: 'awaited',
    };
    this.#runs.set(key, run);
    return () => this.#forget(run);
  }

  #open(at: number, command: readonly string[], container?: string): SortedRun {
    const key = `found-${++this.#count}`;
    const run: SortedRun = { key, claimed: false, lastAt: at, toldAt: 0, pids: new Set() };
    this.#runs.set(key, run);
    this.#options.opened({ key, at, command, ...(container ? { container } : {}) });
    if (container) this.#owners.keep(run, container);
    return run;
  }

  #give(run: SortedRun, record: RawRecord): void {
    run.lastAt = Math.max(run.lastAt, record.at);
    this.#options.give(run.key, record);
  }

  #forget(run: SortedRun): void {
    this.#runs.delete(run.key);
    for (const pid of run.pids) this.#bystanders.delete(pid);
    this.#members.forget(run);
    this.#owners.forget(run);
    this.#calls.forget(run.key);
  }

  #clock(at: number): void {
    if (!Number.isFinite(at)) return;
    const { isAlive } = this.#options;
    if (isAlive) for (const pid of this.#members.lookFor(at, isAlive)) this.#gone(pid);
    for (const run of [...this.#runs.values()]) {
      if (at - run.lastAt < ACTIVE_MS || at - run.toldAt > IDLE_CLOCK_MS) {
        run.toldAt = at;
        this.#options.give(run.key, { kind: 'clock', at, source: 'sorted' });
      }
      if (run.claimed || run.pids.size > 0) continue;
      const idle = this.#calls.isOpenFor(run.key) ? HANGING_MS : LINGER_MS;
      const patience = run.recorded === 'awaited' ? AWAITED_MS : idle;
      if (at - run.lastAt < patience) continue;
      this.#forget(run);
      this.#options.closed(run.key, at);
    }
  }

  #gone(pid: number): void {
    this.#bystanders.delete(pid);
    this.#calls.endOf(pid);
  }

  #fork(record: ForkRecord): void {
    const { pid, childPid } = record;
    if (this.#members.isOwn(pid)) {
      this.#members.own(childPid);
      return;
    }
    const run = this.#members.of(pid);
    if (!run) return;
    this.#members.join(run, childPid);
    if (this.#bystanders.has(pid)) this.#bystanders.add(childPid);
    else this.#give(run, record);
  }

  #exit(record: ExitRecord): void {
    const run = this.#members.leave(record.pid);
    if (!run) return;
    this.#calls.endOf(record.pid);
    if (!this.#bystanders.delete(record.pid) || run.recorded === record.pid) this.#give(run, record);
  }

  #toAll(record: RawRecord): void {
    for (const key of this.#runs.keys()) this.#options.give(key, record);
  }

  #toPid(pid: number, record: RawRecord, otherwise?: number): void {
    const run = this.#ofChain(pid) ?? this.#ofChain(otherwise ?? -1);
    if (run) this.#give(run, record);
  }

  #ofChain(pid: number): SortedRun | undefined {
    return this.#bystanders.has(pid) ? undefined : this.#members.of(pid);
  }

  #exec(record: ExecRecord): void {
    if (this.#beginsRecorded(record)) return;
    if (this.#members.isOwn(record.pid)) {
      // An engine of the agent's own serves runs like any other: its children are nobody's before they are sorted.
      if (/\/(dockerd|containerd)$/.test(record.path)) this.#members.disown(record.pid);
      return;
    }
    const root = readRoot(record);
    const run = root ? this.#runOfRoot(root) : this.#members.of(record.pid);
    if (!run || (!root && this.#bystanders.has(record.pid))) return;
    if (root) {
      this.#bystanders.delete(record.pid);
      this.#members.join(run, record.pid);
      if (root.container) this.#owners.keep(run, root.container);
      this.#give(run, root);
    }
    this.#give(run, record);
  }

  /** A key is good once: who reads it from the process list later can’t join. */
  #beginsRecorded(record: ExecRecord): boolean {
    const run = this.#runs.get(recordingOf(record) ?? '');
    if (run?.recorded !== 'awaited') return false;
    run.recorded = record.pid;
    this.#members.join(run, record.pid);
    this.#bystanders.add(record.pid);
    this.#give(run, record);
    return true;
  }

  #runOfRoot(root: RootRecord): SortedRun | undefined {
    const kin = this.#members.of(root.pid);
    if (root.role === 'client') {
      const run = kin ?? this.#open(root.at, typedWords(root));
      run.unseenClient ||= isScript(root);
      return run;
    }
    const calls = this.#calls;
    const caller = root.container ? calls.callerOf(root.container, causingVerb(root)) : undefined;
    const called = caller === undefined ? undefined : this.#runs.get(caller.run);
    const owner = this.#owners.ofContainer(root.container);
    const pod = root.role === 'shim' && root.container && !owner ? calls.podMaker(root.container) : undefined;
    const execId = root.argv.map((word) => /([0-9a-f]{64})\.pid$/.exec(word)?.[1]).find((id) => id);
    const run = this.#owners.ofExec(execId) || called || owner || kin || this.#runs.get(pod?.run ?? '');
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
    if (record.made) this.#owners.keep(run, record.made);
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
    const byPid = this.#members.of(enter.pid);
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
      this.#owners.ofExec(execId) || called || this.#owners.ofContainer(container) || this.#foundBy(call)
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
    const known = this.#owners.ofContainer(criSubject(said));
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
    const known = this.#owners.ofExec(execId) ?? this.#owners.ofContainer(container);
    return known ?? this.#open(enter.at, [enter.method ?? '', enter.path ?? '']);
  }

  #learn(run: SortedRun, { enter, said }: Omit<SortedCall, 'run'>): void {
    if (enter.protocol === 'http') {
      if (enter.side === 'client') this.#calls.announce({ ...enter, run: run.key });
      const { container, execId } = containerOf(enter.path ?? '', enter.query);
      if (container && /^[0-9a-f]{64}$/.test(container) && !readsOnly(enter.method))
        this.#owners.keep(run, container);
      if (execId) this.#owners.keepExec(run, execId);
      return;
    }
    if (enter.side === 'client' && isCri(enter.method)) this.#calls.announce({ ...enter, run: run.key });
    if (said?.container) this.#owners.keep(run, said.container);
    if (said?.execId) this.#owners.keepExec(run, said.execId);
  }

  #event(record: EngineEventRecord): void {
    const { container, attributes } = record;
    if (container && record.topic === 'container create' && !this.#owners.ofContainer(container)) {
      const creator = this.#calls.creatorOf(record);
      const made = creator && this.#runs.get(creator.run);
      if (made) this.#owners.keep(made, container, attributes.name);
    }
    const owner = this.#owners.ofContainer(container);
    if (container && attributes.name && owner) this.#owners.keep(owner, container, attributes.name);
    const ids = container ? [container, ...(attributes.name ? [attributes.name] : [])] : [];
    const run = owner ?? this.#runs.get(this.#calls.requestFor(record, ids)?.run ?? '');
    if (run) this.#give(run, record);
  }
}
