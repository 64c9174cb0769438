import type { TraceEvent, TraceHeader } from '@underdock/trace';
import type { Names } from './names.ts';
import { bytesOf, isOutput } from './output.ts';
import { visitPlaces } from './places.ts';
import type { Hideable } from './words.ts';

/** One kind of thing that a trace tells, for a reader to look at before it is shared. */
export interface Shown {
  title: string;
  /** Different texts, in the order of their coming; at most MOST_SHOWN of them. */
  values: readonly string[];
  /** How many there are in all. */
  count: number;
  /** By which word it can be hidden, if by any. */
  hide?: Hideable;
}

/** So many texts of a kind are shown. */
export const MOST_SHOWN = 40;
const LONGEST = 200;

/** What a trace tells, kind by kind; kinds that it has nothing of are left out. */
export function reviewOf(header: TraceHeader, events: readonly TraceEvent[], names: Names): Shown[] {
  const { commands, folders, containers } = gathered(header, events);
  const output = events.filter(isOutput).map(bytesOf).join('');
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const host = header.host;
  return [
    shown('What the container wrote', lines.map(printable), 'output'),
    shown('Commands', commands),
    shown('Names of variables (their values are not in it)', names.variables, 'variables'),
    shown('Folders and files of your own', folders, 'home-paths'),
    shown('Images', names.images, 'images'),
    shown('Names of containers', containers),
    shown('The machine', [
      `kernel ${host.kernel}, ${host.arch}`,
      ...Object.entries(host.versions).map(([name, version]) => `${name} ${version}`),
    ]),
    shown('When it was recorded', [header.startedAt]),
  ].filter(({ count }) => count > 0);
}

function shown(title: string, all: Iterable<string>, hide?: Hideable): Shown {
  const values = [...new Set(all)];
  const cut = values
    .slice(0, MOST_SHOWN)
    .map((one) => (one.length > LONGEST ? `${one.slice(0, LONGEST)}…` : one));
  return { title, values: cut, count: values.length, ...(hide ? { hide } : {}) };
}

/** Fields that name a folder of whoever recorded. */
const FOLDER_FIELDS = /^(source|bundle|folder|upper|cwd|Source|WorkingDir)$/;
const OWN = /^\/(home|Users|root|srv|mnt|media|opt|data|workspace|tmp)\//;
const SYSTEM = /^\/(proc|sys|dev|run|var\/(lib|run))(\/|$)/;

function gathered(header: TraceHeader, events: readonly TraceEvent[]) {
  const commands = new Set([header.command.join(' ')]);
  const folders = new Set<string>();
  const containers = new Set<string>();
  for (const event of events) {
    const { argv, name } = event.data;
    if (Array.isArray(argv)) commands.add(argv.join(' '));
    if (event.step.endsWith('-container') && typeof name === 'string') containers.add(name);
  }
  visitPlaces(header, events, {
    text: (text, key) => {
      if (!text.startsWith('/') || text.length < 2 || /[\s:]/.test(text)) return;
      if (OWN.test(text) || (FOLDER_FIELDS.test(key) && !SYSTEM.test(text)))
        folders.add(text.split('/').slice(0, 6).join('/'));
    },
  });
  return { commands, folders, containers };
}

function printable(bytes: string): string {
  return bytes.replace(/[^\u0020-\u007e\u00a0-\u00ff]/g, ' ').trim();
}
