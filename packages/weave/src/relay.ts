import type { Actor, Evidence } from '@underdock/trace';
import { type ToldCall, tellCall } from './callSteps.ts';
import { ContainerStates } from './containerStates.ts';
import { CriPods } from './criPods.ts';
import { callEvidence, rootEvidence } from './evidence.ts';
import type { Lineage } from './lineage.ts';
import type {
  CallRecord,
  EngineEventRecord,
  ExitRecord,
  RootRecord,
  RuntimeLogRecord,
  SelfRecord,
} from './record.ts';
import { roleOf, tellRoot } from './rootSteps.ts';
import { CriCalls } from './sort/criCalls.ts';
import { isCri } from './sort/criServed.ts';
import { keyOf, OpenCalls } from './sort/openCalls.ts';
import { OwnCalls } from './sort/ownCalls.ts';
import { containerOf } from './sort/requestPath.ts';
import { causingVerb, isScript } from './sort/roots.ts';
import type { Draft, Writer } from './writer.ts';

/** An act that was begun for a call or a program, until its end is seen. */
interface OpenAct {
  draft: Omit<Draft, 'at' | 'type' | 'data' | 'evidence'>;
  status?: number;
}

/**
 * Turns the calls between client, engine, containerd and shims, and the programs that they start, into acts. What made
 * an act happen is found by goroutine, by container and verb, and by lineage.
 */
export class RelayEvents {
  readonly #lineage: Lineage;
  readonly #writer: Writer;
  readonly #calls = new OpenCalls();
  readonly #ownCalls = new OwnCalls(this.#calls);
  readonly #criCalls = new CriCalls();
  readonly #pods = new CriPods();
  readonly #acts = new Map<string, OpenAct>();
  /** Programs of the chain by pid, until they exit. */
  readonly #programs = new Map<number, OpenAct>();
  readonly #shims = new Map<string, Actor>();
  /** The span of what the engine was last asked about a container. */
  readonly #lastAsked = new Map<string, string>();
  readonly #states: ContainerStates;
  /** Requests of underdock’s own whose act it tells itself: the probe’s sight of it is a detail. */
  readonly #toldSpans = new Set<string>();
  /** What a program said of its failure, by pid. */
  readonly #said = new Map<number, string>();
  #client: string | undefined;
  /** The command whose requests can’t be seen where they are sent. */
  #unseenClient: string | undefined;

  constructor(lineage: Lineage, writer: Writer) {
    this.#lineage = lineage;
    this.#writer = writer;
    this.#states = new ContainerStates(writer);
  }

  /** underdock's own request is what the engine will be seen to serve. */
  sent(record: SelfRecord): void {
    // What the waiting init does from here on, it does because it was started.
    if (record.type === 'begin' && record.step === 'low-level/start' && record.container && record.span) {
      this.#lineage.blame(record.container, record.span);
    }
    if (record.span && record.step === 'client/run') this.#client = record.span;
    if (record.step === 'client/command') this.#client ??= record.span;
    if (record.layer === 'engine' && record.type === 'begin')
      for (const span of record.cause ?? []) this.#toldSpans.add(span);
    this.#ownCalls.sent(record);
    this.#criCalls.sent(record);
    if (record.step !== 'client/request' || record.type !== 'begin' || !record.span) return;
    const { protocol, method, path, query } = record.data as Record<string, string | undefined>;
    if (protocol === 'grpc') return;
    this.#calls.announce({ at: record.at, run: record.span, method, path, query });
  }

  call(record: CallRecord): void {
    if (record.phase === 'enter') this.#enter(record);
    else this.#goesOn(record);
  }

  #goesOn(record: CallRecord): void {
    const key = keyOf(record);
    const act = this.#acts.get(key);
    if (!act) return;
    if (record.phase === 'answer' && record.status !== undefined) act.status = record.status;
    if (record.made) this.#pods.made(record, record.made);
    if (record.phase === 'step') this.#buildStep(act, record);
    if (record.phase !== 'exit') return;
    this.#acts.delete(key);
    const span = this.#calls.get(record)?.run;
    this.#calls.end(record);
    this.#end(act, record.at, outcome(act, record), [callEvidence(record)]);
    if (span) this.#states.called(act.draft, record);
    const pod = this.#pods.ended(record);
    if (pod) this.#pod(pod, act, record);
  }

  /** A build is one request, and tells line by line what it does. */
  #buildStep({ draft }: OpenAct, record: CallRecord): void {
    this.#writer.write({
      at: record.at,
      type: 'log',
      step: 'engine/build-step',
      layer: 'engine',
      actor: draft.actor,
      cause: list(draft.span),
      data: { text: record.text ?? '' },
      evidence: [callEvidence(record)],
      grade: 'observed',
    });
  }

  root(record: RootRecord): void {
    const { container, at, pid } = record;
    const kin = this.#lineage.get(pid);
    const isOurs = record.role === 'client' && kin?.spawned === true;
    const told = isOurs ? undefined : tellRoot(record);
    // crun begins by executing a copy of itself, so that no container can change the file.
    if (record.role === 'runtime' && this.#programs.get(pid)?.draft.step === told?.step) return;
    const caller = container ? this.#calls.callerOf(container, causingVerb(record)) : undefined;
    const pod = record.role === 'shim' && container ? this.#calls.podMaker(container) : undefined;
    const cause = caller?.run ?? kin?.cause ?? this.#askedFor(container) ?? pod?.run ?? this.#client;
    if (record.role === 'shim' && container) this.#shims.set(container, { name: record.actor, pid });
    const span = told ? this.#writer.newSpan() : isOurs ? kin.cause : cause;
    if (record.role === 'client' && isScript(record)) this.#unseenClient = span;
    if (told && span) {
      const draft = {
        ...told,
        actor: { name: record.actor, pid },
        span,
        ...whose(container),
        cause: list(cause),
        grade: 'observed' as const,
      };
      const { data, ...rest } = draft;
      this.#writer.write({ ...rest, at, type: 'begin', data, evidence: [rootEvidence(record)] });
      this.#programs.set(pid, { draft: rest });
      if (record.role === 'client') this.#client ??= span;
      if (record.verb === 'start' && record.role === 'runtime' && container)
        this.#lineage.blame(container, span);
    }
    this.#lineage.adopt({
      pid,
      span: span ?? '',
      actor: record.actor,
      role: roleOf(record),
      ...whose(container),
      enters: record.verb === 'exec',
    });
  }

  /** A runtime’s own words about its failure belong to the end of its call. */
  said({ pid, message, level }: RuntimeLogRecord): void {
    if (pid !== undefined && level === 'error' && this.#programs.has(pid)) this.#said.set(pid, message);
  }

  /** A program of the chain has ended: so has what it was started for. */
  exited(record: ExitRecord): void {
    this.#cutOff(record);
    const act = this.#programs.get(record.pid);
    if (!act) return;
    this.#programs.delete(record.pid);
    const { exitCode, signal } = record;
    const message = this.#said.get(record.pid);
    this.#said.delete(record.pid);
    const error = signal ? `signal ${signal}` : `exit ${exitCode}`;
    const failed = exitCode === 0 ? {} : { error, ...(message ? { message } : {}) };
    const ofClient = act.draft.step === 'client/command';
    this.#end(act, record.at, { exitCode, ...(ofClient ? {} : failed) }, [
      { source: record.source, raw: { event: 'sched_process_exit', pid: record.pid, exitCode } },
    ]);
  }

  /** What a program still asks for when it ends is answered to nobody. */
  #cutOff({ pid, at, source }: ExitRecord): void {
    this.#calls.endOf(pid);
    for (const [key, act] of this.#acts) {
      if (!key.startsWith(`${pid}:`)) continue;
      this.#acts.delete(key);
      const data = { ...(act.status === undefined ? {} : { status: act.status }), cutOff: true };
      this.#end({ draft: { ...act.draft, grade: 'inferred' } }, at, data, [
        { source, raw: { event: 'sched_process_exit', pid } },
      ]);
    }
  }

  event(record: EngineEventRecord): void {
    this.#states.told(record);
  }

  #enter(record: CallRecord): void {
    const seen = tellCall(record);
    const cause = this.#causeOf(record, seen);
    const isTold = seen.step === 'engine/request' && cause !== undefined && this.#toldSpans.has(cause);
    const told = isTold ? { ...seen, step: 'engine/query' } : seen;
    const span = this.#writer.newSpan();
    const path = containerOf(record.path ?? '', record.query).container;
    const pod = isCri(record.method) && typeof told.data.id === 'string' ? told.data.id : undefined;
    const container = told.said.container ?? pod ?? (path && /^[0-9a-f]{64}$/.test(path) ? path : undefined);
    const actor = this.#asked(told, record, container);
    const draft = {
      step: told.step,
      layer: told.layer,
      actor,
      span,
      ...whose(container),
      cause: list(cause),
      grade: 'observed' as const,
    };
    this.#writer.write({
      ...draft,
      at: record.at,
      type: 'begin',
      data: told.data,
      evidence: [callEvidence(record)],
    });
    this.#acts.set(keyOf(record), { draft });
    this.#calls.begin({ enter: record, said: told.said, run: span });
    this.#pods.begun(record, told.said);
    if (pod) this.#lastAsked.set(pod, span);
    if (container && /Task\/Create$/.test(record.method ?? '')) this.#pods.made(record, container);
    if (record.side === 'client' && isCri(record.method)) this.#calls.announce({ ...record, run: span });
    if (record.protocol !== 'http') return;
    if (record.side === 'client') this.#calls.announce({ ...record, run: span });
    else if (container && seen.step === 'engine/request') this.#lastAsked.set(container, span);
  }

  #causeOf(record: CallRecord, { said }: ToldCall): string | undefined {
    if (record.protocol === 'http') {
      if (record.side === 'client') return this.#lineage.get(record.pid)?.cause ?? this.#client;
      return this.#calls.announced(record)?.run ?? this.#unseenClient ?? this.#client;
    }
    if (record.side === 'server') return this.#calls.announced(record)?.run ?? this.#client;
    const { container } = said;
    const verb = record.method?.split('/').at(-1) ?? '';
    const around = this.#calls.around(record)?.run;
    const caller =
      container && record.protocol === 'ttrpc'
        ? this.#calls.callerOf(container, verb, 'grpc')?.run
        : undefined;
    const last = this.#askedFor(container);
    return around ?? caller ?? last ?? this.#lineage.get(record.pid)?.cause ?? this.#client;
  }

  /** What somebody asks about a container now, or asked last. */
  #askedFor(container: string | undefined): string | undefined {
    return container ? (this.#criCalls.causeOf(container) ?? this.#lastAsked.get(container)) : undefined;
  }

  #asked(told: ToldCall, record: CallRecord, container: string | undefined): Actor {
    if (told.asked === undefined) return { name: record.comm || 'unknown', pid: record.pid };
    const shim = container && told.asked === 'containerd-shim' ? this.#shims.get(container) : undefined;
    return shim ?? { name: told.asked };
  }

  /** A runtime has made, stopped or removed a pod. */
  #pod(data: Record<string, unknown> & { id: string }, { draft }: OpenAct, record: CallRecord): void {
    this.#writer.write({
      at: record.at,
      type: 'fact',
      step: 'high-level/has-sandbox',
      layer: 'high-level',
      actor: draft.actor,
      container: data.id,
      cause: list(draft.span),
      data,
      evidence: [callEvidence(record)],
      grade: 'inferred',
    });
  }

  #end(act: OpenAct, at: number, data: Record<string, unknown>, evidence: Evidence[]): void {
    this.#writer.write({ ...act.draft, at, type: 'end', data, evidence });
  }
}

const list = (cause: string | undefined) => (cause ? [cause] : []);
const whose = (container: string | undefined) => (container ? { container } : {});

function outcome({ status }: OpenAct, record: CallRecord): Record<string, unknown> {
  const error = (status ?? 0) >= 400 ? `HTTP ${status}` : record.failed ? 'failed' : undefined;
  return { ...(status === undefined ? {} : { status }), ...(error ? { error } : {}) };
}
