import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { baseName, number, object, text, words } from '../fields.ts';
import { type TypedRun, typedRun } from '../provenance/dockerFlags.ts';
import { lookThrough, type Seen } from '../provenance/seen.ts';
import { at } from '../provenance/values.ts';
import type { Origin, Told } from './types.ts';

/** All places where values of one container can be looked up. */
export interface Sources {
  header: TraceHeader;
  seen: Seen;
  /** What was asked for, under the names of a run request, and the container’s own words. */
  asked?: TypedRun & { event: TraceEvent };
  /** The container’s events and those that name none. */
  events: readonly TraceEvent[];
}

/** Looks through the events of a container. */
export function sourcesOf(header: TraceHeader, events: readonly TraceEvent[], container: string): Sources {
  const own = events.filter((event) => event.container === undefined || event.container === container);
  return { header, seen: lookThrough(header, own, container), asked: askedOf(own), events: own };
}

function askedOf(events: readonly TraceEvent[]): Sources['asked'] {
  const run = events.find(({ step, type }) => step === 'client/run' && type === 'begin');
  if (run) {
    const typed = typedRun(words(run.data, 'command')) ?? { options: {}, command: [], others: [] };
    const options = { ...typed.options, ...object(run.data, 'options') };
    return { ...typed, options, image: text(run.data, 'image') ?? typed.image, event: run };
  }
  for (const event of events) {
    const typed = event.step === 'client/command' && typedDocker(words(event.data, 'argv'));
    if (typed) return { ...typed, event };
  }
  return undefined;
}

/** Others have a `run` too, with words in another order: ctr, runc, kubectl, and compose behind docker. */
function typedDocker(argv: readonly string[]): TypedRun | undefined {
  const before = argv.slice(
    0,
    argv.findIndex((word) => word === 'run' || word === 'create'),
  );
  const program = baseName(argv[0] ?? '');
  if (!/^(docker|podman|nerdctl)$/.test(program) || before.includes('compose')) return undefined;
  return typedRun(argv);
}

/** The first that is there. */
export function first<T>(...all: (Told<T> | undefined | false)[]): Told<T> | undefined {
  return all.find((one) => one !== undefined && one !== false) || undefined;
}

/** Says where a value was found. */
export function told<T>(value: T, what: string, { seq, grade }: TraceEvent, isDefault = false): Told<T> {
  const from: Origin = { what, seq, grade, ...(isDefault ? { isDefault: true as const } : {}) };
  return { value, from };
}

/** What was asked for under this name; undefined where `read` makes nothing of it. */
export function option<T>(
  { asked }: Sources,
  name: string,
  flag: string,
  read: (value: unknown) => T | undefined,
): Told<T> | undefined {
  const said = asked?.options[name];
  const value = said === undefined ? undefined : read(said);
  return asked && value !== undefined ? told(value, flag, asked.event) : undefined;
}

/** A field of the engine’s API: the newest request that has it, else what inspect answered. */
export function inBody<T>(
  { seen }: Sources,
  path: string,
  read: (value: unknown, body: Readonly<Record<string, unknown>>) => T | undefined,
): Told<T> | undefined {
  const readBack = (one: { event: TraceEvent }) => Number(one.event.grade === 'read-back');
  const bodies = seen.bodies.toReversed().sort((a, b) => readBack(a) - readBack(b));
  for (const { event, body } of bodies) {
    const said = at(body, path);
    const value = said === undefined || said === null ? undefined : read(said, body);
    if (value === undefined) continue;
    const defaults = words(body, 'defaults').includes(DEFAULTS[path] ?? '-');
    return told(value, readBack({ event }) ? `${path} (inspect)` : path, event, defaults);
  }
  return undefined;
}
const DEFAULTS: Readonly<Record<string, string>> = {
  'HostConfig.Memory': 'memory',
  'HostConfig.PidsLimit': 'pidsLimit',
};

/** A field of config.json. */
export function inConfig<T>(
  { seen }: Sources,
  path: string,
  read: (value: unknown) => T | undefined,
): Told<T> | undefined {
  const said = at(seen.config?.config, path);
  const value = said === undefined || said === null ? undefined : read(said);
  return seen.config && value !== undefined ? told(value, path, seen.config.event) : undefined;
}

/** A limit as underdock’s own engine took it. */
export function inLimits({ seen }: Sources, name: string): Told<number> | undefined {
  const limits = seen.engine && object(seen.engine.data, 'limits');
  const value = limits && number(limits, name);
  if (!seen.engine || value === undefined || value <= 0) return undefined;
  return told(value, `limits.${name}`, seen.engine, words(seen.engine.data, 'defaults').includes(name));
}

/** The event of these steps that has the field, the newest first. */
export function inEvent(
  { events }: Sources,
  steps: readonly string[],
  field: string,
  fits: (value: string, event: TraceEvent) => boolean = () => true,
): Told<string> | undefined {
  const event = events.findLast((one) => {
    const value = steps.includes(one.step) ? text(one.data, field) : undefined;
    return value !== undefined && value !== '' && fits(value, one);
  });
  return event && told(text(event.data, field)!, `${event.step} ${field}`, event);
}

/** Nothing else than text that says something. */
export const filled = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
/** Nothing else than a number above zero. */
export const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && value > 0 ? value : undefined;
/** Nothing else than `true`. */
export const yes = (value: unknown): true | undefined => (value === true ? true : undefined);
/** A list of words; one word is a list of one, none is none. */
export const wordList = (value: unknown): readonly string[] | undefined => {
  if (typeof value === 'string') return value === '' ? undefined : [value];
  if (!Array.isArray(value)) return undefined;
  const list = value.filter((one) => typeof one === 'string');
  return list.length > 0 ? list : undefined;
};
