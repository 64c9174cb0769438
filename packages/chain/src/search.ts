import type { Layer, TraceEvent } from '@underdock/trace';
import type { LaneMark } from './lanes.ts';

/** What somebody looks for; every part must fit. */
export interface Search {
  step: readonly string[];
  actor: readonly string[];
  pid: readonly number[];
  layer: readonly string[];
  /** Found anywhere: in the name, the step, the actor, a value of what was said. Lower case. */
  text: readonly string[];
  failed: boolean;
}

/** Reads `mount step:kernel/mount actor:runc pid:42 layer:kernel failed "two words"`; undefined for nothing to look for. */
export function searchOf(typed: string): Search | undefined {
  const parts = typed.toLowerCase().match(/(?:\w+:)?"[^"]*"?|\S+/g) ?? [];
  const search = { step: [] as string[], actor: [] as string[], pid: [] as number[], layer: [] as string[] };
  const text: string[] = [];
  let failed = false;
  for (const part of parts) {
    const [, field = '', value = ''] = part.match(/^(step|actor|pid|layer):(.*)$/) ?? [];
    const word = (field ? value : part).replaceAll('"', '');
    if (word === '') continue;
    if (field === 'pid') search.pid.push(Number(word));
    else if (field) search[field as 'step' | 'actor' | 'layer'].push(word);
    else if (word === 'failed') failed = true;
    else text.push(word);
  }
  const nothing = text.length === 0 && !failed && Object.values(search).every((words) => words.length === 0);
  return nothing ? undefined : { ...search, text, failed };
}

/** One thing that may be found. */
export interface Searched {
  name: string;
  step: string;
  layer: Layer;
  actor: string;
  pid?: number | undefined;
  failed: boolean;
  data: TraceEvent['data'];
}

/** Whether something is what is looked for. */
export function fits(search: Search, one: Searched): boolean {
  const { step, actor, pid, layer, text, failed } = search;
  if (failed && !one.failed) return false;
  if (pid.length > 0 && !pid.some((wanted) => one.pid === wanted || one.data.pid === wanted)) return false;
  if (!all(layer, (word) => one.layer.startsWith(word))) return false;
  if (!all(step, (word) => one.step.includes(word))) return false;
  if (!all(actor, (word) => one.actor.toLowerCase().includes(word))) return false;
  return all(text, (word) => holdsText(one, word));
}

/** The marks of a lane that fit, by the events that began them. */
export function fitsMark(
  search: Search,
  mark: LaneMark,
  actor: string,
  began: TraceEvent | undefined,
): boolean {
  const { name, step, layer, failed } = mark;
  const data = mark.call?.data ?? mark.event?.data ?? {};
  return fits(search, {
    name,
    step,
    layer,
    failed,
    actor: began?.actor.name ?? actor,
    pid: began?.actor.pid,
    data,
  });
}

function all<T>(words: readonly T[], holds: (word: T) => boolean): boolean {
  for (const word of words) if (!holds(word)) return false;
  return true;
}

function holdsText(one: Searched, word: string): boolean {
  return (
    one.name.toLowerCase().includes(word) ||
    one.step.includes(word) ||
    one.actor.toLowerCase().includes(word) ||
    inValue(one.data, word, 0)
  );
}

/** A value of an untrusted trace may lie deep: nobody looks deeper than this. */
const DEEPEST = 8;

function inValue(value: unknown, word: string, depth: number): boolean {
  if (typeof value === 'string') return value.toLowerCase().includes(word);
  if (typeof value === 'number') return String(value).includes(word);
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return false;
  for (const inner of Object.values(value)) if (inValue(inner, word, depth + 1)) return true;
  return false;
}
