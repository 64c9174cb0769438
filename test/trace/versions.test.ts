import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { containersOf, createTimeline } from '@underdock/chain';
import { collectTrace, FORMAT_VERSION, verifyTrace } from '@underdock/trace';
import { expect, test } from 'vitest';

/**
 * What the trace of each version shows, by the version: never recorded again, so that what is out there stays readable.
 * A new version adds a fixture here and an upgrade in packages/trace/src/upgrade.ts.
 */
const SHOWN: Record<number, { via: string; events: number; steps: number; containers: number }> = {
  1: { via: 'watch', events: 380, steps: 32, containers: 1 },
};

test('each version that ever existed has a trace here', () => {
  const versions = Array.from({ length: FORMAT_VERSION }, (_, index) => index + 1);
  expect(Object.keys(SHOWN).map(Number)).toEqual(versions);
});

test.each(Object.keys(SHOWN).map(Number))(
  'a trace of version %i shows what it always did',
  async (version) => {
    const packed = readFileSync(new URL(`../fixtures/versions/${version}.chain.gz`, import.meta.url));
    const text = gunzipSync(packed).toString();
    expect(JSON.parse(text.split('\n', 1)[0]!).underdock).toBe(version);
    const { header, events, faults, cut } = await collectTrace([text]);
    expect({ faults, cut, version: header.underdock }).toEqual({
      faults: [],
      cut: false,
      version: FORMAT_VERSION,
    });
    const timeline = createTimeline(header, events, 'story');
    expect({
      via: header.via,
      events: events.length,
      steps: new Set(events.map(({ step }) => step)).size,
      containers: containersOf(timeline.stateAt(events.length)).length,
    }).toEqual(SHOWN[version]);
    expect((await verifyTrace([text])).state).toBe('whole');
  },
);
