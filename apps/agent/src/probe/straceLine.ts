import { utf8 } from './lines.ts';

/** What a line of `strace -f -ttt -T -X raw -y --decode-pids=comm,pidns` says. */
export type StraceLine =
  | {
      is: 'call';
      tid: number;
      comm: string;
      wallMs: number;
      name: string;
      args: string[];
      result?: string;
      tookMs?: number;
    }
  | { is: 'unfinished'; tid: number; comm: string; wallMs: number; name: string; text: string }
  | { is: 'resumed'; tid: number; comm: string; wallMs: number; name: string; text: string }
  | { is: 'exit'; tid: number; comm: string; wallMs: number; exitCode?: number; signal?: string }
  | { is: 'other' }
  | { is: 'malformed' };

// A name holds 15 bytes at most; nothing that a process calls itself can reach beyond the instant that follows.
const LINE = /^(\d+)(?:<(.{0,15}?)>)? +(\d+\.\d+) ([\s\S]*)$/;
const CALL = /^([a-z0-9_]+)\(([\s\S]*)\) += ([\s\S]*?)(?: <(\d+\.\d+)>)?$/;

/** Reads one line, given as latin1 text. */
export function readStraceLine(line: string): StraceLine {
  const match = LINE.exec(line);
  if (!match) return { is: 'malformed' };
  const [, tid, comm, wall, text = ''] = match;
  const place = { tid: Number(tid), comm: utf8(comm ?? ''), wallMs: Number(wall) * 1000 };
  if (text.startsWith('+++')) return readEnd(text, place);
  if (text.startsWith('---')) return { is: 'other' };
  const resumed = /^<\.\.\. ([a-z0-9_]+) resumed>([\s\S]*)$/.exec(text);
  if (resumed?.[1]) return { is: 'resumed', ...place, name: resumed[1], text: resumed[2] ?? '' };
  const unfinished = /^([a-z0-9_]+)\(([\s\S]*?) ?<unfinished \.\.\.>$/.exec(text);
  if (unfinished?.[1]) return { is: 'unfinished', ...place, name: unfinished[1], text: unfinished[2] ?? '' };
  return readCall(text, place);
}

/** A whole call, its two halves put together where it was interrupted. */
export function readCall(text: string, place: { tid: number; comm: string; wallMs: number }): StraceLine {
  const call = CALL.exec(text);
  if (!call?.[1]) return { is: 'malformed' };
  const [, name, args = '', result = '', took] = call;
  const tookMs = took === undefined ? undefined : Number(took) * 1000;
  return { is: 'call', ...place, name, args: splitArguments(args), result, tookMs };
}

function readEnd(text: string, place: { tid: number; comm: string; wallMs: number }): StraceLine {
  const exited = /^\+\+\+ exited with (\d+) \+\+\+$/.exec(text);
  if (exited) return { is: 'exit', ...place, exitCode: Number(exited[1]) };
  const killed = /^\+\+\+ killed by (\w+)/.exec(text);
  if (killed) return { is: 'exit', ...place, signal: killed[1] };
  return { is: 'other' };
}

/** Splits a call's arguments at the commas that stand outside of strings, brackets and descriptors' paths. */
export function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') i = endOfString(text, i);
    else if (c === '{' || c === '[' || c === '(') depth++;
    else if (c === '}' || c === ']' || c === ')') depth--;
    // A path or a name behind a number; strace writes < and > within it in octal.
    else if (c === '<' && /\d/.test(text[i - 1] ?? '')) i = Math.max(i, text.indexOf('>', i));
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  const last = text.slice(from).trim();
  return last === '' && parts.length === 0 ? [] : [...parts, last];
}

function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i;
  }
  return text.length;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', v: '\v', f: '\f' };

/** The text of a quoted string as UTF-8; undefined for NULL or an address that could not be read. */
export function stringOf(argument: string | undefined): string | undefined {
  if (argument === undefined || !argument.startsWith('"')) return undefined;
  const end = endOfString(argument, 0);
  const bytes = argument
    .slice(1, end)
    .replaceAll(/\\(?:([0-7]{1,3})|([\s\S]))/g, (_, octal, letter) =>
      octal ? String.fromCharCode(Number.parseInt(octal, 8) & 0xff) : (ESCAPES[letter] ?? letter),
    );
  return utf8(bytes) + (argument.slice(end + 1).startsWith('...') ? '…' : '');
}

/** A number as passed: decimal, hexadecimal, or flags joined by `|`; 0 for what is none. */
export function numberOf(argument: string | undefined): number {
  if (argument === undefined) return 0;
  let sum = 0;
  for (const part of argument.split('|')) {
    const number = Number.parseInt(part, part.startsWith('0x') ? 16 : 10);
    if (!Number.isNaN(number)) sum += number;
  }
  return sum;
}

/** The path that -y puts behind a descriptor: `7</sys/fs/cgroup/x>`. */
export function pathOf(argument: string | undefined): string | undefined {
  const match = /^-?\d+<([\s\S]*)>/.exec(argument ?? '');
  return match?.[1] === undefined ? undefined : stringOf(`"${match[1].replaceAll('"', '\\"')}"`);
}

/** The field of a struct: `{flags=0x100, exit_signal=17}`. */
export function fieldOf(argument: string | undefined, name: string): string | undefined {
  return new RegExp(`[{ ]${name}=([^,}]*)`).exec(argument ?? '')?.[1];
}
