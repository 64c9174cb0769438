import type { CallRecord } from '@underdock/weave';
import { BegunAgain } from './begunAgain.ts';
import { buildStep } from './buildStep.ts';
import { CALL_KINDS, type CallKind } from './calls.ts';
import { type ProbeLine, utf8 } from './lines.ts';
import { Pieces } from './pieces.ts';

/** What decoding hands on: records with `at` in ms of the probe's own clock. */
export interface CallDecodeOptions {
  emit: (record: CallRecord) => void;
  /** A proof that all older lines were handed on, in ms of the probe's own clock. */
  clock: (at: number) => void;
}

type Begin = Pick<
  CallRecord,
  'kind' | 'at' | 'source' | 'protocol' | 'side' | 'pid' | 'tid' | 'comm' | 'routine'
>;

/** Makes records of the daemons' probe's lines. A line that makes no sense yields false and is the caller's to count. */
export class CallDecoder {
  #options: CallDecodeOptions;
  #pieces = new Pieces();
  #begun = new BegunAgain();
  constructor(options: CallDecodeOptions) {
    this.#options = options;
  }

  line({ letter, words, text }: ProbeLine): boolean {
    const [first = '', second = '', third = ''] = words;
    if (letter === 's') return this.#pieces.string(Number(first), Number(second), Number(third), text);
    if (letter === 'a') return this.#pieces.argument(Number(first), Number(second), text);
    if (letter === 't') return this.#proof(Number(first));
    const begin = beginOf(words, text);
    if (!begin) return false;
    const call = `${begin.pid} ${begin.routine} ${begin.protocol} ${begin.side}`;
    if (letter === 'q') return this.#enter(begin, this.#begun.is(call, words[5] ?? ''));
    // The payload of a ttrpc call is printed with its beginning.
    if (letter !== 'y' || begin.protocol !== 'ttrpc') this.#begun.goesOn(call);
    const value = Number(words[5]);
    if (!Number.isInteger(value) || value < 0) return false;
    if (letter === 'y') return this.#payload(begin, value);
    if (letter === 'w') return this.#answer(begin, value);
    if (letter === 'b') return this.#step(begin, value);
    if (letter === 'z') return this.#exit(begin, value);
    return false;
  }

  #proof(ns: number): boolean {
    if (!Number.isFinite(ns)) return false;
    this.#options.clock(ns / 1e6);
    return true;
  }

  #enter(begin: Begin, again: boolean): boolean {
    const texts = this.#pieces.take(begin.tid);
    const [first, second, query] = [texts.get(0), texts.get(1), texts.get(2)];
    const http = begin.protocol === 'http';
    // Go leaves the method of a client's GET empty (net/http.Request).
    const method = http ? first || 'GET' : begin.protocol === 'ttrpc' ? `${first}/${second}` : first;
    if (method === undefined) return false;
    if (again) return true;
    this.#options.emit({
      ...begin,
      phase: 'enter',
      method,
      ...(http ? { path: second ?? '' } : {}),
      ...(http && query ? { query } : {}),
    });
    return true;
  }

  #payload(begin: Begin, length: number): boolean {
    const bytes = this.#pieces.takeBytes(begin.tid);
    if (bytes.length > length) return false;
    this.#options.emit({ ...begin, phase: 'payload', payload: { bytes, length } });
    return true;
  }

  #answer(begin: Begin, status: number): boolean {
    const made = begin.protocol === 'grpc' ? this.#pieces.take(begin.tid).get(0) : undefined;
    this.#options.emit({
      ...begin,
      phase: 'answer',
      ...(status > 0 ? { status } : {}),
      ...(made ? { made } : {}),
    });
    return true;
  }

  #step(begin: Begin, length: number): boolean {
    const text = this.#pieces.take(begin.tid).get(0) ?? '';
    const step = buildStep(text, length > Buffer.byteLength(text));
    if (step) this.#options.emit({ ...begin, phase: 'step', text: step });
    return true;
  }

  #exit(begin: Begin, failed: number): boolean {
    this.#options.emit({ ...begin, phase: 'exit', ...(failed < 2 ? { failed: failed === 1 } : {}) });
    return true;
  }
}

function beginOf([ns, pid, tid, routine, kind]: string[], comm: string): Begin | undefined {
  if (!routine || !kind || !Object.hasOwn(CALL_KINDS, kind)) return undefined;
  const numbers = [ns, pid, tid].map(Number);
  if (numbers.some((n) => !Number.isFinite(n) || n <= 0)) return undefined;
  const [at = 0, tgid = 0, thread = 0] = numbers;
  return {
    kind: 'call',
    at: at / 1e6,
    source: 'uprobe',
    ...CALL_KINDS[kind as CallKind],
    pid: tgid,
    tid: thread,
    comm: utf8(comm),
    routine,
  };
}
