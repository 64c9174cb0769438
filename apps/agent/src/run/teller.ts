import type { Actor, EventType, Layer } from '@underdock/trace';
import { LAYERS } from '@underdock/trace';
import type { RawRecord, SelfRecord } from '@underdock/weave';
import { describeError } from './error.ts';
import type { Tell, Telling, Told } from './tell.ts';

/** What telling needs: where records go, unused span names, the time. */
export interface TellerOptions {
  add: (record: RawRecord) => void;
  newSpan: () => string;
  now: () => number;
  /** Put in front of what is spawned, where no probe watches from outside. */
  wrap?: (argv: readonly string[]) => string[];
}

const SELF: Actor = { name: 'underdock', pid: process.pid };

/** A Tell whose every call becomes a record. An act that is ended twice is our own fault and throws. */
export function createTeller(options: TellerOptions): Tell {
  const put = (type: EventType, step: string, data: Record<string, unknown>, told: Told) => {
    const { layer = layerOf(step), actor = SELF, ...rest } = told;
    const record: SelfRecord = { kind: 'self', at: options.now(), type, step, layer, actor, data, ...rest };
    options.add(record);
  };
  return {
    begin(step, data, told = {}) {
      const span = told.span ?? options.newSpan();
      put('begin', step, data, { ...told, span });
      return createTelling(step, { ...told, span }, put);
    },
    log: (step, data, told = {}) => put('log', step, data, told),
    fact: (step, data, told = {}) => put('fact', step, data, told),
    spawned(pid, span, layer, actor, container) {
      const at = options.now();
      options.add({ kind: 'spawned', at, pid, span, layer, actor, ...(container ? { container } : {}) });
    },
    ...(options.wrap ? { wrap: options.wrap } : {}),
  };
}

type Put = (type: EventType, step: string, data: Record<string, unknown>, told: Told) => void;

function createTelling(step: string, told: Told & { span: string }, put: Put): Telling {
  let ended = false;
  const { evidence: _first, ...same } = told;
  const end: Telling['end'] = (data = {}, evidence) => {
    if (ended) throw new Error(`${step} (span ${told.span}) has ended already`);
    ended = true;
    put('end', step, data, evidence ? { ...same, evidence } : same);
  };
  return {
    span: told.span,
    progress(data) {
      if (!ended) put('progress', step, data, same);
    },
    end,
    fail(error, data = {}) {
      const { code, message, remedy } = describeError(error);
      end({ ...data, error: code, message, ...(remedy ? { remedy } : {}) });
    },
  };
}

function layerOf(step: string): Layer {
  const name = step.slice(0, step.indexOf('/'));
  return LAYERS.find((layer) => layer === name) ?? 'client';
}
