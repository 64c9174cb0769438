import { type Guide, newGuide, writeGuide } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { dropGuide, takeDropped } from '../../../apps/web/src/source/guideFile.ts';

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
