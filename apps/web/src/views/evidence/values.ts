/** One field of an event, ready to be shown: `mono` for what a machine really said. */
export interface ShownField {
  name: string;
  value: string;
  mono: boolean;
}

/** Field names that a reader should not have to decode. */
const NAMES: Readonly<Record<string, string>> = {
  argv: 'command line',
  childPid: 'new process',
  ociVersion: 'runtime spec',
  targetPath: 'path',
  fstype: 'filesystem',
  newRoot: 'new root',
  putOld: 'old root goes to',
  exitCode: 'exit code',
  totalBytes: 'size',
  mediaType: 'media type',
  diffId: 'diff id',
  attachedPid: 'process moved',
  hostInode: 'inode of the host',
  pidsLimit: 'processes',
  innerPid: 'pid inside',
  graceMs: 'grace',
  createdBy: 'made by',
  unpackedBytes: 'unpacked',
  readOnly: 'read-only',
  mountPoint: 'mounted at',
  index: 'layer',
  comm: 'name',
  victimPid: 'process killed',
  totalVmKb: 'address space',
  anonRssKb: 'memory in use',
  uncertaintyMs: 'time is sure to',
};

/** Fields that the panel shows elsewhere, or that mean nothing to a reader. */
const ELSEWHERE = new Set(['error', 'message', 'remedy', 'open', 'config', 'provenance', 'script', 'base64']);

/** The fields of an event's data as words; empty ones are left out. */
export function shownFields(data: Readonly<Record<string, unknown>>): ShownField[] {
  return Object.entries(data)
    .filter(([name, value]) => !ELSEWHERE.has(name) && !isEmpty(value))
    .map(([name, value]) => ({
      name: nameOf(name),
      value: shownValue(name, value),
      mono: isMono(name, value),
    }));
}

export function nameOf(field: string): string {
  return NAMES[field] ?? field.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}

/** A value as one would write it down, with its unit. */
export function shownValue(name: string, value: unknown): string {
  if (typeof value === 'number') {
    // Layers count from 0 in the manifest, from 1 for people.
    if (name === 'index') return String(value + 1);
    if (/bytes/i.test(name)) return bytes(value);
    if (/Kb$/.test(name)) return bytes(value * 1024);
    if (/Ms$/.test(name)) return duration(value);
    return String(value);
  }
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) {
    return short(value.map(itemOf).join(name === 'argv' || name === 'command' ? ' ' : ', '));
  }
  if (typeof value === 'object' && value !== null) return itemOf(value);
  return short(String(value));
}

/** File names may break after their underscores, slashes and dots. */
export function breakable(name: string): string {
  return name.replaceAll(/[_./](?=.)/g, '$&\u200b');
}

/** Digests and ids by their first twelve digits, as engines show them; the raw evidence has all of them. */
export function short(text: string): string {
  return text.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');
}

function itemOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, item]) => `${key} ${typeof item === 'object' ? JSON.stringify(item) : String(item)}`)
    .join(', ');
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0)
  );
}

function isMono(name: string, value: unknown): boolean {
  return typeof value === 'string' || Array.isArray(value) || /pid|inode|fd$/i.test(name);
}

/** A failure’s code in words: `command-not-found` is command not found; names of errors stay as the kernel has them. */
export function failureWords(code: string): string {
  return code === 'OOM' ? 'out of memory' : code.replaceAll('-', ' ');
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes with the unit that keeps the number short. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${UNITS[unit]}`;
}

/** A duration in ms, or in s from a second on. */
export function duration(ms: number): string {
  if (ms >= 3_600_000) return `${Math.floor(ms / 3_600_000)} h ${Math.floor((ms % 3_600_000) / 60_000)} min`;
  if (ms >= 60_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms >= 10 ? ms.toFixed(0) : ms.toFixed(ms >= 1 ? 1 : 2)} ms`;
}

/** An instant of the trace: ms since its beginning, from a second on in s, both with the same precision throughout. */
export function instant(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(3)} s` : `${ms.toFixed(1)} ms`;
}
