import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { number, object, text, words } from '../fields.ts';
import { inOrder } from '../order.ts';
import { dockerFlags } from './dockerFlags.ts';

type Data = Readonly<Record<string, unknown>>;

/** One call to the kernel, its begin and end together. */
export interface Act {
  event: TraceEvent;
  data: Data;
  error?: string;
}

/** What the events of one container tell about its flags: where each place can be looked up. */
export interface Seen {
  header: TraceHeader;
  container: string;
  /** What was asked for, under the names of a run request, and the event that says so. */
  asked?: { event: TraceEvent; options: Data };
  /** underdock's own engine: the limits as it took them. */
  engine?: TraceEvent;
  /** Bodies of the engine's API, oldest first; read back with inspect where `grade` says so. */
  bodies: readonly { event: TraceEvent; body: Data }[];
  config?: { event: TraceEvent; path: string; config: Data; origins: readonly Data[] };
  /** Acts that built the container, before its program began; writes into cgroup files also later. */
  acts: ReadonlyMap<string, readonly Act[]>;
  facts: readonly TraceEvent[];
  absent: readonly { what: string; why: string }[];
  init?: number;
  /** Every program that was executed. */
  programs: readonly TraceEvent[];
  /** The execve with which the container's program began. */
  program?: TraceEvent;
  /** A runtime has built it; all is over. */
  built: boolean;
  over: boolean;
  /** Why nobody watched the kernel. */
  unwatched?: string;
  lost: number;
}

const ACTS = [
  'kernel/cgroup-write',
  'kernel/sethostname',
  'kernel/setuid',
  'kernel/capset',
  'kernel/drop-bounding',
  'kernel/mount',
  'kernel/unshare',
  'kernel/clone',
  'kernel/setns',
];
const FACTS = [
  'kernel/has-cgroup-value',
  'kernel/has-restriction',
  'kernel/has-namespace',
  'kernel/has-mount',
];
const OTHERS = [
  'client/run',
  'client/command',
  'client/request',
  'engine/request',
  'engine/call',
  'engine/create-container',
  'engine/has-container',
  'high-level/has-sandbox',
  'high-level/write-config',
  'high-level/has-config',
  'low-level/absent',
  'low-level/create',
  'low-level/run',
  'low-level/start',
  'kernel/execve',
  'process/has-process',
  'trace/watcher-changed',
  'trace/lost-records',
];
const BEARING = new Set([...ACTS, ...FACTS, ...OTHERS]);

/** Whether an event can say anything about a flag: the others need not be kept for it. */
export function bearsOnFlags(event: TraceEvent): boolean {
  return BEARING.has(event.step);
}

/** Looks through the events of a container, in whatever order they come. */
export function lookThrough(header: TraceHeader, events: readonly TraceEvent[], container: string): Seen {
  const all = inOrder(events.filter(bearsOnFlags)).filter(
    (event) => event.container === undefined || event.container === container,
  );
  const init = initOf(all);
  const config = configOf(all);
  const acts = actsOf(all);
  const program = programOf(all, init, config?.config);
  const ends = (...steps: string[]) => all.filter(({ step, type }) => steps.includes(step) && type === 'end');
  return {
    header,
    container,
    asked: askedOf(all),
    engine: all.find(({ step, type }) => step === 'engine/create-container' && type === 'begin'),
    bodies: bodiesOf(all),
    config,
    acts: program ? before(program, acts) : acts,
    facts: all.filter(({ step, data }) => FACTS.includes(step) && data.gone !== true),
    absent: all
      .filter(({ step }) => step === 'low-level/absent')
      .map(({ data }) => ({ what: text(data, 'what') ?? '', why: text(data, 'why') ?? '' })),
    init,
    programs: all.filter(({ step, type }) => step === 'kernel/execve' && type === 'log'),
    program,
    built: program !== undefined || ends('low-level/create', 'low-level/run').some(({ data }) => !data.error),
    over: ends('client/run', 'client/command').length > 0,
    unwatched: unwatched(header, all),
    lost: all
      .filter(({ step }) => step === 'trace/lost-records')
      .reduce((sum, { data }) => sum + (number(data, 'count') ?? 0), 0),
  };
}

function initOf(events: readonly TraceEvent[]): number | undefined {
  const fact = events.findLast(({ step, data }) => step === 'process/has-process' && data.role === 'init');
  return fact && number(fact.data, 'pid');
}

function askedOf(events: readonly TraceEvent[]): Seen['asked'] {
  const run = events.find(({ step, type }) => step === 'client/run' && type === 'begin');
  const options = run && object(run.data, 'options');
  if (run && options) return { event: run, options };
  for (const event of events) {
    const typed = event.step === 'client/command' ? dockerFlags(words(event.data, 'argv')) : undefined;
    if (typed) return { event, options: typed };
  }
  return undefined;
}

const BODIES = ['client/request', 'engine/request', 'engine/call', 'engine/has-container'];

/** `request` is a body as it was sent, `inspect` what the engine answers when it is asked for the container. */
function bodiesOf(events: readonly TraceEvent[]): Seen['bodies'] {
  return events
    .filter(({ step }) => BODIES.includes(step))
    .flatMap((event) => {
      const body = object(event.data, 'request') ?? object(event.data, 'inspect');
      return body ? [{ event, body }] : [];
    });
}

function configOf(events: readonly TraceEvent[]): Seen['config'] {
  const written = events.findLast(({ step, data }) => WRITTEN.includes(step) && object(data, 'config'));
  if (!written) return undefined;
  const begun = events.find(({ span, data }) => span !== undefined && span === written.span && data.path);
  const origins = Array.isArray(written.data.provenance) ? (written.data.provenance as Data[]) : [];
  const path = text(written.data, 'path') ?? (begun && text(begun.data, 'path')) ?? 'config.json';
  return { event: written, path, config: object(written.data, 'config')!, origins };
}
const WRITTEN = ['high-level/write-config', 'high-level/has-config'];

function actsOf(events: readonly TraceEvent[]): Map<string, Act[]> {
  const acts = new Map<string, Act[]>();
  const open = new Map<string, Act>();
  for (const event of events) {
    if (!ACTS.includes(event.step)) continue;
    const begun = event.span === undefined ? undefined : open.get(event.span);
    if (event.type === 'begin') {
      const act = { event, data: event.data };
      acts.set(event.step, [...(acts.get(event.step) ?? []), act]);
      if (event.span !== undefined) open.set(event.span, act);
    } else if (event.type === 'end' && begun) {
      begun.data = { ...begun.data, ...event.data };
      const error = text(event.data, 'error');
      if (error !== undefined) begun.error = error;
    }
  }
  return acts;
}

/** The last execve of the init whose arguments are those of the config: what came before built the container. */
function programOf(events: readonly TraceEvent[], init: number | undefined, config: Data | undefined) {
  const wanted = JSON.stringify(object(config ?? {}, 'process')?.args);
  const own = events.filter(
    ({ step, type, actor }) => step === 'kernel/execve' && type === 'log' && actor.pid === init,
  );
  const exact = own.find(({ data }) => JSON.stringify(data.argv) === wanted);
  const started = events.find(({ step, type }) => step === 'low-level/start' && type === 'begin');
  return exact ?? (started && own.find(({ at }) => at >= started.at));
}

/** Limits may be changed while the program runs; all else that comes later is the program's own doing. */
function before(program: TraceEvent, acts: ReadonlyMap<string, Act[]>): ReadonlyMap<string, readonly Act[]> {
  const kept = [...acts].map(([step, all]) => {
    const late = step === 'kernel/cgroup-write';
    return [step, late ? all : all.filter(({ event }) => event.at <= program.at)] as const;
  });
  return new Map(kept);
}

function unwatched(header: TraceHeader, events: readonly TraceEvent[]): string | undefined {
  const watchers = new Map(
    header.watchers.filter(({ layer }) => layer === 'kernel').map((one) => [one.name, one]),
  );
  if ([...watchers.values()].some(({ state }) => state === 'ok')) return undefined;
  const changed = events.some(
    ({ step, layer, data }) => step === 'trace/watcher-changed' && layer === 'kernel' && data.state === 'ok',
  );
  if (changed) return undefined;
  return [...watchers.values()].map(({ why }) => why).find((why) => why) ?? 'no watcher was there';
}
