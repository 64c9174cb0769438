import type { TraceEvent } from '@underdock/trace';
import { words } from '../fields.ts';
import type { Seen } from './seen.ts';

/** A mount as it was asked for by `--volume` or `--mount`. */
export interface AskedMount {
  event: TraceEvent;
  flag: '--volume' | '--mount';
  text: string;
  source?: string;
  target: string;
  readOnly: boolean;
}

/** The mounts that were asked for, those without a place in the container left out. */
export function askedMounts(seen: Seen): AskedMount[] {
  if (!seen.asked) return [];
  const { event, options } = seen.asked;
  const volumes = words(options, 'volume').map((text) => ({
    flag: '--volume' as const,
    text,
    ...volume(text),
  }));
  const mounts = words(options, 'mount').map((text) => ({ flag: '--mount' as const, text, ...mount(text) }));
  return [...volumes, ...mounts].flatMap((one) =>
    one.target === undefined ? [] : [{ ...one, event, target: one.target.replace(/(?<=.)\/+$/, '') }],
  );
}

function volume(text: string) {
  const [first = '', second, options = ''] = text.split(':');
  const readOnly = options.split(',').includes('ro');
  return second === undefined ? { target: first, readOnly } : { source: first, target: second, readOnly };
}

function mount(text: string) {
  const fields = new Map(
    text.split(',').map((part) => part.split(/=(.*)/, 2) as [string, string | undefined]),
  );
  const field = (...names: string[]) => names.map((name) => fields.get(name)).find((value) => value);
  const flag = fields.get('readonly') ?? fields.get('ro');
  const readOnly = (fields.has('readonly') || fields.has('ro')) && flag !== 'false' && flag !== '0';
  return { source: field('source', 'src'), target: field('target', 'dst', 'destination'), readOnly };
}
