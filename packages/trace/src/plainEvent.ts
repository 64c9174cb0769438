import { EVENT_TYPES, EVIDENCE_SOURCES, GRADES, type TraceEvent } from './event.ts';
import { LAYERS } from './layer.ts';
import { MAX_AT } from './limits.ts';

const TYPES: ReadonlySet<unknown> = new Set(EVENT_TYPES);
const SOURCES: ReadonlySet<unknown> = new Set(EVIDENCE_SOURCES);
const GRADED: ReadonlySet<unknown> = new Set(GRADES);
const LAYERED: ReadonlySet<unknown> = new Set(LAYERS);
const STEP = /^[a-z-]+\/[a-z0-9-]+$/;
const KEYS = new Set('seq at type step layer actor span cause container data evidence grade'.split(' '));
/** Steps that were found to be well-formed: there are few of them, and many events. */
const known = new Set<string>();
const MOST_KNOWN = 1000;

/**
 * Whether a value is an event just as `eventSchema` would give it back, with nothing to be taken out. It says yes only where
 * the schema does, and says no where that has to be asked: a long trace is read several times faster this way.
 */
export function isPlainEvent(value: Record<string, unknown>): boolean {
  const { seq, at, type, step, layer, data, evidence, grade } = value;
  for (const key in value) if (!KEYS.has(key)) return false;
  return (
    Number.isSafeInteger(seq) &&
    (seq as number) > 0 &&
    typeof at === 'number' &&
    at >= -3_600_000 &&
    at <= MAX_AT &&
    TYPES.has(type) &&
    isStep(step) &&
    LAYERED.has(layer) &&
    isActor(value.actor) &&
    isRelated(value) &&
    isObject(data) &&
    isEvidence(evidence) &&
    GRADED.has(grade)
  );
}

function isStep(step: unknown): boolean {
  if (typeof step !== 'string') return false;
  if (known.has(step)) return true;
  if (step.length > 80 || !STEP.test(step)) return false;
  if (known.size < MOST_KNOWN) known.add(step);
  return true;
}

function isActor(actor: unknown): boolean {
  if (!isObject(actor)) return false;
  for (const key in actor) if (key !== 'name' && key !== 'pid' && key !== 'version') return false;
  const { name, pid, version } = actor as Partial<TraceEvent['actor']>;
  return (
    isText(name, 64) &&
    name !== '' &&
    (pid === undefined || (Number.isSafeInteger(pid) && pid >= 0)) &&
    (version === undefined || isText(version, 120))
  );
}

/** The span, the causes and the container, where they are told. */
function isRelated({ span, cause, container }: Record<string, unknown>): boolean {
  if (span !== undefined && !isSpan(span)) return false;
  if (container !== undefined && !isText(container, 128)) return false;
  return cause === undefined || (Array.isArray(cause) && cause.length <= 16 && cause.every(isSpan));
}

function isEvidence(evidence: unknown): boolean {
  if (!Array.isArray(evidence) || evidence.length > 64) return false;
  for (const one of evidence) {
    if (!isObject(one) || !SOURCES.has(one.source) || !isObject(one.raw)) return false;
    for (const key in one) if (key !== 'source' && key !== 'raw') return false;
  }
  return true;
}

function isSpan(span: unknown): boolean {
  return isText(span, 40) && span !== '';
}

function isText(text: unknown, most: number): boolean {
  return typeof text === 'string' && text.length <= most;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
