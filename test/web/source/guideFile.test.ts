import { type Guide, newGuide, writeGuide } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { dropGuide, givenGuide, takeDropped } from '../../../apps/web/src/source/guideFile.ts';

const fileOf = (guide: Guide) => new File([writeGuide(guide)], 'a.guide.json');

/** What becomes of a guide that is dropped while `trace` is read: taken, or refused in words. */
async function dropped(guide: Guide, trace: string): Promise<Guide | string> {
  const { promise, resolve } = Promise.withResolvers<Guide | string>();
  const end = takeDropped(trace, resolve, (problem) => problem && resolve(problem.message));
  expect(dropGuide(fileOf(guide))).toBe(true);
  try {
    return await promise;
  } finally {
    end();
  }
}

describe('a guide that is dropped on the page', () => {
  it('is taken by the trace that it was made for, and by no other', async () => {
    const guide = { ...newGuide('run-1'), title: 'A dive' };
    expect(await dropped(guide, 'run-1')).toEqual(guide);
    expect(await dropped(guide, 'run-2')).toMatch(/guide to the trace run-1, this is run-2/);
  });

  it('is nobody’s where no trace is read', () => {
    expect(dropGuide(fileOf(newGuide('run-1')))).toBe(false);
  });
});

describe('a guide that the page’s address names', () => {
  const page = new URL('https://lab.example/?guide=a.guide.json');

  it('is read, and no further than a guide can go on', async () => {
    const guide = { ...newGuide('run-1'), title: 'Grüße' };
    expect(await givenGuide(page, async () => new Response(writeGuide(guide)))).toEqual(guide);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 100_000;
        if (sent > 50_000_000) controller.close();
        else controller.enqueue(new Uint8Array(100_000).fill(0x78));
      },
    });
    await expect(givenGuide(page, async () => new Response(endless))).rejects.toThrow(/more than 1000000/);
    expect(sent).toBeLessThan(6_000_000);
  });
});
