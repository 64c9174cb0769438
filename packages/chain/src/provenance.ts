import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { mountLines, readOnlyLine } from './provenance/filesystem.ts';
import { capabilitiesLine, hostnameLine, userLine } from './provenance/identity.ts';
import { CPUS, limitLine, MEMORY, PIDS } from './provenance/limits.ts';
import { envLines, networkLine, portLines } from './provenance/outside.ts';
import { bearsOnFlags, lookThrough, type Seen } from './provenance/seen.ts';
import {
  type DraftLine,
  type DraftLink,
  FLAGS,
  type FlagName,
  type Holds,
  type ProvenanceGap,
  type ProvenanceLine,
  type ProvenanceLink,
} from './provenance/types.ts';
import { bytesWords } from './provenance/values.ts';

export { bearsOnFlags } from './provenance/seen.ts';
export * from './provenance/types.ts';

const LINES: Readonly<Record<FlagName, (seen: Seen) => DraftLine[]>> = {
  memory: (seen) => limitLine(MEMORY, seen),
  cpus: (seen) => limitLine(CPUS, seen),
  pids: (seen) => limitLine(PIDS, seen),
  hostname: hostnameLine,
  user: userLine,
  capabilities: capabilitiesLine,
  'read-only': readOnlyLine,
  mounts: mountLines,
  ports: portLines,
  env: envLines,
  network: networkLine,
};

const ALIASES: Readonly<Record<string, FlagName>> = {
  m: 'memory',
  cpu: 'cpus',
  'pids-limit': 'pids',
  h: 'hostname',
  u: 'user',
  'cap-add': 'capabilities',
  'cap-drop': 'capabilities',
  caps: 'capabilities',
  readonly: 'read-only',
  v: 'mounts',
  volume: 'mounts',
  mount: 'mounts',
  p: 'ports',
  publish: 'ports',
  e: 'env',
  environment: 'env',
  net: 'network',
};

/** The flag that a word means, with docker's own spellings (`--memory`, `-m`, `pids-limit`); undefined for others. */
export function flagNamed(word: string): FlagName | undefined {
  const name = word.replace(/^--?/, '').toLowerCase();
  return FLAGS.find((flag) => flag === name) ?? (Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined);
}

/** Ids of the containers that events speak of, in order of appearance, pods’ sandboxes last; `''` alone where none has an id. */
export function containersIn(events: Iterable<TraceEvent>): string[] {
  const ids = new Set<string>();
  const sandboxes = new Set<string>();
  for (const { container, step } of events) {
    if (!container) continue;
    ids.add(container);
    if (step === 'high-level/has-sandbox') sandboxes.add(container);
  }
  const others = [...ids].filter((id) => !sandboxes.has(id));
  return ids.size > 0 ? [...others, ...sandboxes] : [''];
}

/**
 * How the value of each flag came down from the command to the kernel, as far as the events show it: one line for each
 * value, several or none for flags that may be repeated. `flags` are all unless said otherwise.
 */
export function provenanceOf(
  header: TraceHeader,
  events: readonly TraceEvent[],
  wanted: { flags?: readonly FlagName[]; container?: string } = {},
): ProvenanceLine[] {
  const bearing = events.filter(bearsOnFlags);
  const seen = lookThrough(header, bearing, wanted.container ?? containersIn(bearing)[0]!);
  return (wanted.flags ?? FLAGS).flatMap((flag) => LINES[flag](seen).map((line) => compared(flag, line)));
}

function compared(flag: FlagName, line: DraftLine): ProvenanceLine {
  const said = new Map<string, { value: string | number | null; by: DraftLink }>();
  const steps = line.steps.map((step): ProvenanceLink | ProvenanceGap => {
    if (step.kind !== 'link') return step;
    const { holds = {}, ...rest } = step;
    const differs = difference(holds, said);
    for (const [key, value] of Object.entries(holds)) said.set(key, { value, by: step });
    return { ...withoutEmpty(rest), ...(differs === undefined ? {} : { differs }) };
  });
  const agrees = steps.every((step) => step.kind !== 'link' || step.differs === undefined);
  return { ...line, flag, steps, agrees };
}

function withoutEmpty(step: DraftLink): ProvenanceLink {
  const { note, words, ...rest } = step;
  return { ...rest, ...(words && words !== step.value ? { words } : {}), ...(note ? { note } : {}) };
}

function difference(holds: Holds, said: Map<string, { value: string | number | null; by: DraftLink }>) {
  for (const [key, value] of Object.entries(holds)) {
    const before = said.get(key);
    if (before && !same(key, value, before.value)) {
      return `${before.by.what} says ${inWords(key, before.value)}, this says ${inWords(key, value)}`;
    }
  }
  return undefined;
}

/** The kernel counts memory in whole pages, and processor time in whole µs of a period. */
const SLACK: Readonly<Record<string, number>> = { bytes: 65_535, cpus: 0.005 };

function same(key: string, a: string | number | null, b: string | number | null): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b;
  return Math.abs(a - b) <= (SLACK[key] ?? 0);
}

function inWords(key: string, value: string | number | null): string {
  if (value === null) return 'unlimited';
  if (key === 'bytes' && typeof value === 'number') return bytesWords(value);
  return value === '' ? 'nothing' : String(value);
}
