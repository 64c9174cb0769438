import type { RunRequestInput } from '@underdock/trace';
import { OPTIONS, type RunOption } from './options.ts';

/** A run as the form holds it: texts as typed, not yet checked. */
export type Draft = Record<string, string | boolean | string[]>;

/** What was read from a command line: the draft, and what could not be understood. */
export interface ReadCommand {
  draft: Draft;
  problem?: string;
}

const WORD = /^[\w@%+=:,./-]+$/;

/** One word as a POSIX shell needs it. */
export function quoteWord(word: string): string {
  return WORD.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The command that does what the draft says, as one would type it. */
export function writeCommand(draft: Draft): string {
  const words = ['underdock', 'run'];
  for (const option of OPTIONS) {
    const value = draft[option.key];
    if (option.kind === 'switch') {
      if (value === true) words.push(option.flag);
    } else if (option.kind === 'list') {
      for (const item of (value as string[] | undefined) ?? [])
        if (item !== '') words.push(option.flag, item);
    } else if (typeof value === 'string' && value !== '') words.push(option.flag, value);
  }
  words.push(textOf(draft.image), ...splitWords(textOf(draft.command)).words);
  return words
    .filter((word, i) => word !== '' || i > 1)
    .map(quoteWord)
    .join(' ');
}

/** Reads a command line: `underdock run [flags] IMAGE [COMMAND…]`, `docker run …`, or just what follows. */
export function readCommand(line: string): ReadCommand {
  const split = splitWords(line);
  const words = split.words;
  const draft: Draft = {};
  let at = 0;
  if (/^(.*\/)?(underdock|docker)$/.test(words[at] ?? '')) at++;
  if (words[at] === 'run') at++;
  for (; at < words.length && words[at]!.startsWith('-'); at++) {
    const taken = takeFlag(words, at, draft);
    if (typeof taken === 'string') return { draft, problem: taken };
    at += taken;
  }
  const image = words[at];
  draft.image = image ?? '';
  draft.command = words
    .slice(at + 1)
    .map(quoteWord)
    .join(' ');
  if (split.open) return { draft, problem: `a ${split.open} is opened and never closed` };
  return image || draft.bundle
    ? { draft }
    : { draft, problem: 'the image is missing: name one after the flags, such as starter' };
}

/** Reads the flag at `at`; returns how many words more it took, or what is wrong with it. */
function takeFlag(words: string[], at: number, draft: Draft): number | string {
  const word = words[at]!;
  const [name, given] = word.startsWith('--') && word.includes('=') ? cut(word) : [word, undefined];
  const option = OPTIONS.find((one) => one.flag === name || one.short === name);
  if (option) return putFlag(option, given, words[at + 1], draft);
  if (IGNORED.has(name)) return 0;
  const switches = /^-[a-z]{2,}$/.test(word) ? [...word.slice(1)].map((letter) => `-${letter}`) : [];
  const known = switches.map((one) => OPTIONS.find((o) => o.short === one && o.kind === 'switch'));
  if (known.length > 0 && known.every((one) => one !== undefined)) {
    for (const one of known) draft[one.key] = true;
    return 0;
  }
  return `${name} is not a flag that underdock knows`;
}

/** Accepted for docker's sake; the container is removed at its exit anyway. */
const IGNORED = new Set(['--rm', '-d', '--detach', '-P']);

function putFlag(
  option: RunOption,
  given: string | undefined,
  next: string | undefined,
  draft: Draft,
): number | string {
  if (option.kind === 'switch') {
    draft[option.key] = given !== 'false';
    return 0;
  }
  const value = given ?? next;
  if (value === undefined) return `${option.flag} needs a value, such as ${option.example}`;
  if (option.kind === 'list') draft[option.key] = [...((draft[option.key] as string[]) ?? []), value];
  else draft[option.key] = value;
  return given === undefined ? 1 : 0;
}

/** What the agent is asked for. Texts stay texts: the schema of the trace package judges them. */
export function requestOf(draft: Draft): { request: RunRequestInput; problem?: string } {
  const request: Record<string, unknown> = { image: textOf(draft.image).trim() };
  for (const option of OPTIONS) {
    const value = draft[option.key];
    if (option.kind === 'list') {
      const items = ((value as string[] | undefined) ?? []).filter((item) => item.trim() !== '');
      if (items.length > 0) request[option.key] = items;
    } else if (option.kind === 'switch') {
      if (value === true) request[option.key] = true;
    } else if (typeof value === 'string' && value.trim() !== '') request[option.key] = value.trim();
  }
  const command = splitWords(textOf(draft.command));
  if (command.words.length > 0) request.command = command.words;
  const result = { request: request as RunRequestInput };
  return command.open ? { ...result, problem: `a ${command.open} is opened and never closed` } : result;
}

/** A form filled with an earlier run's request. */
export function draftOf(request: Record<string, unknown>): Draft {
  const draft: Draft = { image: textOf(request.image) };
  for (const option of OPTIONS) {
    const value = request[option.key];
    if (option.kind === 'switch') {
      if (value === true) draft[option.key] = true;
    } else if (option.kind === 'list') {
      if (Array.isArray(value) && value.length > 0) draft[option.key] = value.map(String);
    } else if (value !== undefined && value !== null) draft[option.key] = String(value);
  }
  const command = Array.isArray(request.command) ? request.command.map(String) : [];
  draft.command = command.map(quoteWord).join(' ');
  return draft;
}

/** Splits a line as a POSIX shell does (sh, section 2.2: quoting), without expansions. `open` = the unclosed quote. */
export function splitWords(line: string): { words: string[]; open?: string } {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quote === "'") {
      if (c === quote) quote = undefined;
      else word += c;
    } else if (c === '\\' && i + 1 < line.length && (!quote || '"\\$`'.includes(line[i + 1]!))) {
      word = (word ?? '') + line[++i];
    } else if (quote) {
      if (c === quote) quote = undefined;
      else word += c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + c;
  }
  if (word !== undefined) words.push(word);
  return quote ? { words, open: quote === '"' ? 'double quote' : 'single quote' } : { words };
}

function cut(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
