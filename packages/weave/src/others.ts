import type { LostRecord, RawRecord, ReadBackRecord, RuntimeLogRecord, WatcherRecord } from './record.ts';
import type { Draft } from './writer.ts';

/** Records that become one event each, whatever went before. */
export type OtherRecord = ReadBackRecord | RuntimeLogRecord | WatcherRecord | LostRecord;

const KINDS: readonly string[] = ['read-back', 'runtime-log', 'watcher', 'lost'];

/** Whether a record is of such a kind. */
export function isOther(record: RawRecord): record is OtherRecord {
  return KINDS.includes(record.kind);
}

/** The event that such a record becomes. */
export function tellOther(record: OtherRecord): Draft {
  switch (record.kind) {
    case 'read-back':
      return readBack(record);
    case 'runtime-log':
      return runtimeLog(record);
    case 'watcher': {
      const { name, state, why } = record;
      return ofWatcher(record, 'trace/watcher-changed', { name, state, why });
    }
    case 'lost': {
      const { name, count, why } = record;
      return ofWatcher(record, 'trace/lost-records', { name, count, ...(why ? { why } : {}) });
    }
  }
}

function readBack(record: ReadBackRecord): Draft {
  const { at, step, layer, actor, container, span, data, file, text } = record;
  const source = file.startsWith('/proc/') ? 'procfs' : file.startsWith('GET ') ? 'http' : 'file';
  const evidence = [{ source, raw: { file, text } }] satisfies Draft['evidence'];
  return { at, type: 'fact', step, layer, actor, container, span, data, evidence, grade: 'read-back' };
}

function runtimeLog(record: RuntimeLogRecord): Draft {
  const { at, runtime, span, container, level, message, uncertaintyMs } = record;
  return {
    at,
    type: 'log',
    step: 'low-level/log',
    layer: 'low-level',
    actor: { name: runtime.slice(0, 64) },
    span,
    container,
    data: { level, message, uncertaintyMs },
    evidence: [{ source: 'runtime-log', raw: { level, message } }],
    grade: 'observed',
  };
}

function ofWatcher(record: WatcherRecord | LostRecord, step: string, data: Record<string, unknown>): Draft {
  const { at, layer, name } = record;
  const evidence = [{ source: 'self', raw: data }] satisfies Draft['evidence'];
  return {
    at,
    type: 'log',
    step,
    layer,
    actor: { name: name.slice(0, 64) },
    data,
    evidence,
    grade: 'observed',
  };
}
