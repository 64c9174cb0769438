import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { gallerySchema, verifyTrace } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { ENTRIES } from '../../gallery/entries.ts';
import { listGallery } from '../../gallery/recorder/listing.ts';
import { CLAIMS } from './claims.ts';
import { GALLERY, galleryTrace } from './recorded.ts';

const list = gallerySchema.parse(JSON.parse(readFileSync(join(GALLERY, 'index.json'), 'utf8')));

describe('the gallery', () => {
  it('has a trace for each entry of its table, and a list that says what they are', async () => {
    const names = ENTRIES.map(({ name }) => name);
    const files = readdirSync(GALLERY).filter((name) => name.endsWith('.chain.gz'));
    expect(files.sort()).toEqual(names.map((name) => `${name}.chain.gz`).sort());
    expect(Object.keys(CLAIMS)).toEqual(expect.arrayContaining(names));
    expect(list).toEqual(await listGallery(GALLERY));
  });

  it('is small enough to be shipped', () => {
    expect(Math.max(...list.entries.map(({ bytes }) => bytes))).toBeLessThan(120_000);
    expect(list.entries.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(1_500_000);
  });
});

describe.each(ENTRIES.map(({ name }) => name))('the trace %s', (name) => {
  it('is whole, was watched without losses, and shows what its title says', async () => {
    const trace = await galleryTrace(name);
    expect(await verifyTrace([trace.text])).toMatchObject({ state: 'whole', faults: [] });
    expect(trace.text).not.toContain('"trace/lost-records"');
    expect(trace.header.watchers.filter(({ state }) => state !== 'ok')).toEqual([]);
    CLAIMS[name]!(trace);
  });

  it('names nobody’s machine: no host name, no home, no folder but those of a stock host', async () => {
    const { text } = await galleryTrace(name);
    expect(text.match(/"[^"]*(?:\/home|\/root|\/work|\/Users|\/mnt)\/[^"]*"/)).toBeNull();
    // Folders that programs make for a moment have names of their own; nobody’s project lies there.
    const temporary = [...text.matchAll(/\/tmp\/[\w./-]+/g)].map(([path]) => path);
    expect(
      temporary.filter((path) => !/^\/tmp\/(runc|crun|underdock-|containerd-|docker)/.test(path)),
    ).toEqual([]);
    expect(hostnames(text)).not.toContain(hostname());
  });
});

/** Words of a trace that are a name by themselves: values, and what stands behind @. */
function hostnames(text: string): string[] {
  return [...text.matchAll(/"([\w.-]+)"|@([\w.-]+)/g)].map(([, value, host]) => value ?? host ?? '');
}
