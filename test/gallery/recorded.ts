import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decodeTrace, type TraceEvent, type TraceHeader } from '@underdock/trace';
import { house } from '../structure/house.ts';

/** Where the gallery lies. */
export const GALLERY = join(house, 'gallery');

/** A trace of the gallery, as its file has it. */
export interface GalleryTrace {
  text: string;
  bytes: number;
  header: TraceHeader;
  events: TraceEvent[];
}

/** Reads one; throws when a line of it is faulty. */
export async function galleryTrace(name: string): Promise<GalleryTrace> {
  const packed = readFileSync(join(GALLERY, `${name}.chain.gz`));
  const text = gunzipSync(packed).toString('utf8');
  const events: TraceEvent[] = [];
  let header: TraceHeader | undefined;
  for await (const item of decodeTrace([text])) {
    if (item.kind === 'header') header = item.header;
    else if (item.kind === 'event') events.push(item.event);
    else throw new Error(`${name}: line ${item.line} is faulty`);
  }
  if (!header) throw new Error(`${name} has no header`);
  return { text, bytes: packed.length, header, events };
}
