import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createTimeline } from '@underdock/chain';
import {
  decodeTrace,
  type Gallery,
  LAYERS,
  type GalleryEntry as ListedEntry,
  type TraceEvent,
  type TraceHeader,
} from '@underdock/trace';
import { ENTRIES, type GalleryEntry } from '../entries.ts';
import { recordingLine } from './record.ts';

/** What `index.json` has to say of the traces that lie in `folder`, in the order of the table; those not recorded yet are left out. */
export async function listGallery(folder: string): Promise<Gallery> {
  const recorded = ENTRIES.filter(({ name }) => existsSync(fileOf(folder, name)));
  return { entries: await Promise.all(recorded.map((entry) => listed(entry, folder))) };
}

/** Writes `index.json` anew. */
export async function writeListing(folder: string): Promise<void> {
  writeFileSync(join(folder, 'index.json'), `${JSON.stringify(await listGallery(folder), null, 1)}\n`);
}

const fileOf = (folder: string, name: string): string => join(folder, `${name}.chain.gz`);

async function listed(entry: GalleryEntry, folder: string): Promise<ListedEntry> {
  const { name, group, title, look, command, beside = [] } = entry;
  const file = fileOf(folder, name);
  const { header, events } = await read(file);
  return {
    ...{ name, group, title, look, command, again: `npm run record-gallery ${name}` },
    typed: [entry.before, recordingLine(entry), entry.after].filter((line) => line !== undefined),
    beside: [...beside],
    via: header.via,
    recordedAt: header.startedAt,
    host: header.host,
    events: events.length,
    durationMs: Math.round(Math.max(0, ...events.map(({ at }) => at))),
    bytes: statSync(file).size,
    story: storyOf(header, events),
  };
}

async function read(file: string): Promise<{ header: TraceHeader; events: TraceEvent[] }> {
  const events: TraceEvent[] = [];
  let header: TraceHeader | undefined;
  for await (const item of decodeTrace([gunzipSync(readFileSync(file)).toString('utf8')])) {
    if (item.kind === 'header') header = item.header;
    else if (item.kind === 'event') events.push(item.event);
  }
  return { header: header!, events };
}

function storyOf(header: TraceHeader, events: readonly TraceEvent[]): string {
  const { steps } = createTimeline(header, events, 'story');
  return steps.map(({ layer, failure }) => (failure ? 'abcdef' : '012345')[LAYERS.indexOf(layer)]).join('');
}
