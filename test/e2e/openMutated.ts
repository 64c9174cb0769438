import type { Page } from 'playwright-core';
import { mutate, randomFrom } from '../trace/mutations.ts';

/** A file that takes the page longer than this (ms) hangs it. */
const MOST_MS = 30_000;

/**
 * Opens mutations of a trace in a page, one after the other, as somebody drops files on it, and goes through each: to its
 * end, back, to every level, over its timeline. Throws with the seed of the one that the page can’t bear.
 */
export async function openMutated(
  page: Page,
  text: string,
  { first, count }: { first: number; count: number },
): Promise<void> {
  for (let seed = first; seed < first + count; seed++) {
    const buffer = Buffer.from(mutate(text, randomFrom(seed)));
    try {
      await openOne(page, { name: `${seed}.chain`, mimeType: 'application/octet-stream', buffer });
    } catch (cause) {
      throw new Error(`seed ${seed}: the page can’t bear it`, { cause });
    }
  }
}

async function openOne(page: Page, file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
  const before = page.url();
  await page.getByLabel('A trace: a file').first().setInputFiles(file, { timeout: MOST_MS });
  await page.waitForURL((url) => url.href !== before, { timeout: MOST_MS });
  const shown = page.locator('.sentence').or(page.getByRole('alert')).first();
  await shown.waitFor({ timeout: MOST_MS });
  for (const key of ['3', 'End', 'ArrowLeft', 't', '1', 't', 'Home', 'ArrowRight'])
    await page.keyboard.press(key);
  const alive = page.evaluate(() => document.querySelector('.player, [role=alert]') !== null);
  if (!(await alive)) throw new Error('nothing is shown any more');
}
