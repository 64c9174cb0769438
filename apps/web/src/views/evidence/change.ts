import type { TraceEvent } from '@underdock/trace';
import { bytes } from './values.ts';

/** What a fact changed: what was before, what is now. */
export interface Change {
  seq: number;
  what: string;
  before?: string;
  after: string;
}

type Data = Readonly<Record<string, unknown>>;
const text = (data: Data, key: string): string => {
  const value = data[key];
  return Array.isArray(value) ? value.join(' ') : value === undefined || value === null ? '' : String(value);
};

const SHAPES: Readonly<Record<string, (data: Data) => Omit<Change, 'seq'> | undefined>> = {
  'kernel/has-namespace': (data) =>
    data.own === false
      ? { what: `${text(data, 'kind')} namespace`, after: `the host’s own, ${text(data, 'inode')}` }
      : {
          what: `${text(data, 'kind')} namespace`,
          before: data.hostInode === undefined ? undefined : `${text(data, 'hostInode')} (the host’s)`,
          after: `${text(data, 'inode')} (its own)`,
        },
  'kernel/has-cgroup': (data) => ({
    what: `cgroup ${text(data, 'controllers').replaceAll(' ', ', ')}`.trim(),
    after: text(data, 'path'),
  }),
  'kernel/has-cgroup-value': (data) => ({
    what: text(data, 'name'),
    after: [text(data, 'value').trim(), meaning(data)].filter(Boolean).join(' '),
  }),
  'kernel/has-mount': (data) => ({
    what: text(data, 'mountPoint'),
    after: `${text(data, 'fstype')} from ${text(data, 'source')}${data.readOnly === true ? ', read-only' : ''}`,
  }),
  'kernel/has-restriction': restriction,
  'process/has-process': (data) => ({
    what: `process ${text(data, 'pid')}${data.innerPid === undefined ? '' : `, inside ${text(data, 'innerPid')}`}`,
    after:
      data.alive === false
        ? `ended${data.exitCode === undefined ? '' : `, exit code ${text(data, 'exitCode')}`}`
        : `${text(data, 'comm')}${data.waiting === true ? ', waits for start' : ''}`,
  }),
  'engine/has-container': (data) => ({
    what: 'container',
    after: [text(data, 'name'), text(data, 'state')].filter(Boolean).join(', '),
  }),
  'high-level/has-layer': (data) => ({
    what: `image layer ${Number(data.index) + 1}`,
    after: [
      typeof data.bytes === 'number' ? bytes(data.bytes) : '',
      typeof data.unpackedBytes === 'number' ? `${bytes(data.unpackedBytes)} unpacked` : '',
      data.cached === true ? 'was here already' : '',
    ]
      .filter(Boolean)
      .join(', '),
  }),
  'high-level/has-snapshot': (data) => ({
    what: 'root filesystem',
    after: `${text(data, 'kind')} at ${text(data, 'target')}`,
  }),
};

/** A fact as a line of before and after. A fact that this page doesn't know is shown plainly. */
export function changeOf(fact: TraceEvent): Change {
  const shaped = Object.hasOwn(SHAPES, fact.step) ? SHAPES[fact.step]!(fact.data) : undefined;
  const plain = { what: fact.step, after: JSON.stringify(fact.data) };
  const change = { seq: fact.seq, ...(shaped ?? plain) };
  return fact.data.gone === true ? { ...change, before: change.after, after: 'gone' } : change;
}

function restriction(data: Data): Omit<Change, 'seq'> {
  const dropped = Array.isArray(data.dropped) ? data.dropped.length : 0;
  const kind = text(data, 'kind');
  const kept = Array.isArray(data.value) ? data.value.length : undefined;
  if (kind === 'capabilities' && kept !== undefined) {
    return { what: 'capabilities', after: `${kept} kept${dropped > 0 ? `, ${dropped} dropped` : ''}` };
  }
  return { what: kind.replaceAll('-', ' '), after: text(data, 'value') };
}

function meaning(data: Data): string {
  if (data.number === null) return '(no limit)';
  if (typeof data.number !== 'number') return '';
  if (data.meaning === 'memory') return `(${bytes(data.number)})`;
  return data.meaning === 'cpu' ? `(${data.number} CPU)` : '';
}
