import { chaptersOf, createTimeline } from '@underdock/chain';
import { CHAPTER_WORDS } from '@underdock/story';
import { describe, expect, it } from 'vitest';
import { longTrace } from '../fakes/longTrace.ts';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';

const chapters = async (name: string) => {
  const { header, events } = await recordedTrace(name);
  const timeline = createTimeline(header, events);
  return { found: chaptersOf(timeline.stateAt(events.length), timeline.events), timeline };
};

describe('the chapters of a trace', () => {
  it.each(RECORDED)('are at events of it, in order, each with words: %s', async (name) => {
    const { found, timeline } = await chapters(name);
    const seqs = new Set(timeline.events.map(({ seq }) => seq));
    for (const [i, { seq, at, kind }] of found.entries()) {
      expect(seqs.has(seq)).toBe(true);
      expect(CHAPTER_WORDS[kind]).toBeTruthy();
      if (i > 0) expect(at).toBeGreaterThanOrEqual(found[i - 1]!.at);
    }
  });

  it('tell a whole life', async () => {
    const kinds = (await chapters('runc')).found.map(({ kind }) => kind);
    expect(kinds.slice(0, 2)).toEqual(['image', 'filesystem']);
    expect(kinds.indexOf('process')).toBeGreaterThan(kinds.indexOf('isolation'));
    expect(kinds.indexOf('process')).toBeGreaterThan(kinds.indexOf('limits'));
    expect(kinds.slice(-2)).toEqual(['ended', 'cleanup']);
  });

  it('say where it broke', async () => {
    const { found } = await chapters('docker-no-such-command');
    expect(found.map(({ kind }) => kind)).toContain('failed');
    expect(found.map(({ kind }) => kind)).not.toContain('process');
  });

  it('stay few where there are many containers', async () => {
    const { header, events } = await longTrace(30_000);
    const timeline = createTimeline(header, events);
    const found = chaptersOf(timeline.stateAt(events.length), timeline.events);
    expect(found.length).toBeGreaterThan(20);
    expect(found.length).toBeLessThan(120);
  });
});
