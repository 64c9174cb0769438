import { TraceError } from './error.ts';
import { MAX_DEPTH } from './limits.ts';

/** What an object and an entry of it cost in a JavaScript engine, bytes, roughly. */
const OBJECT = 48;
const ENTRY = 8;

/**
 * Makes a value that JSON.parse gave harmless, in place: keys that would change an object’s nature are taken out, and half
 * characters (lone surrogates), which can neither be sent nor stored as UTF-8, become U+FFFD. Returns what it weighs beyond
 * its text, in bytes. Throws TraceError `too-deep`: what is nested without end overflows the stack of whoever walks it.
 */
export function tamed(value: object, line: number, depth = 1): number {
  if (depth > MAX_DEPTH) {
    throw new TraceError('too-deep', `line ${line} is nested deeper than ${MAX_DEPTH} levels`, { line });
  }
  return Array.isArray(value)
    ? tamedList(value, line, depth)
    : tamedObject(value as Record<string, unknown>, line, depth);
}

function tamedList(list: unknown[], line: number, depth: number): number {
  let weight = OBJECT + ENTRY * list.length;
  for (let index = 0; index < list.length; index++) {
    const one = list[index];
    if (typeof one === 'string') {
      if (!one.isWellFormed()) list[index] = one.toWellFormed();
    } else if (typeof one === 'object' && one !== null) weight += tamed(one, line, depth + 1);
  }
  return weight;
}

function tamedObject(holder: Record<string, unknown>, line: number, depth: number): number {
  let weight = OBJECT;
  for (const key of Object.keys(holder)) {
    const one = holder[key];
    weight += ENTRY;
    if (key === '__proto__') delete holder[key];
    else if (!key.isWellFormed()) weight += renamed(holder, key, line, depth);
    else if (typeof one === 'string') {
      if (!one.isWellFormed()) holder[key] = one.toWellFormed();
    } else if (typeof one === 'object' && one !== null) weight += tamed(one, line, depth + 1);
  }
  return weight;
}

function renamed(holder: Record<string, unknown>, key: string, line: number, depth: number): number {
  const entry = { [key.toWellFormed()]: holder[key] };
  delete holder[key];
  const weight = tamedObject(entry, line, depth);
  Object.assign(holder, entry);
  return weight;
}
