import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import express, { type RequestHandler } from 'express';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PAGE_FOLDER } from '../../apps/agent/src/cli/about.ts';
import { ENTRIES } from '../../gallery/entries.ts';
import { openBrowser, openPage } from './browser.ts';

/** Compressed, what has to come before somebody sees the gallery. */
const MOST_BYTES = 250_000;

// The built page in a folder of a static server that compresses as most do.
let browser: Browser;
let server: Server;
let site: string;
let sent = 0;
beforeAll(async () => {
  const app = express().use('/lab', counted, express.static(PAGE_FOLDER));
  server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lab/`;
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

it('the site opens on the gallery with few bytes, and each card plays its trace from its first step to its last', async () => {
  const { page, errors, faults } = await openPage(browser, site);
  const cards = page.locator('.gallery-card');
  await cards.first().waitFor();
  await page.waitForLoadState('networkidle');
  expect(sent).toBeGreaterThan(50_000);
  expect(sent).toBeLessThan(MOST_BYTES);
  expect(await cards.locator('h4').allInnerTexts()).toEqual(ENTRIES.map(({ title }) => title));
  expect(await faults()).toEqual([]);
  for (const [index, { name }] of ENTRIES.entries()) {
    await cards.nth(index).locator('.gallery-open').press('Enter');
    await page.locator('.run-actions', { hasText: 'a recording' }).waitFor();
    await page.locator('.story .sentence').first().waitFor();
    await stepToTheEnd(page);
    await page.getByText('at the end', { exact: true }).waitFor();
    expect(errors, name).toEqual([]);
    expect(await page.getByRole('alert').allInnerTexts(), name).toEqual([]);
    if (index < ENTRIES.length - 1) await page.getByRole('link', { name: 'Gallery' }).click();
  }
  await page.context().close();
});

it('two of them lie side by side by one link', async () => {
  const { page, errors, faults } = await openPage(browser, site);
  await page
    .locator('.gallery-card')
    .getByRole('link', { name: /^Side by side/ })
    .first()
    .click();
  await page.getByText('Order handed down').waitFor();
  expect(new URL(page.url()).searchParams.getAll('trace')).toHaveLength(2);
  await page.reload();
  await page.getByText('Order handed down').waitFor();
  expect(await faults()).toEqual([]);
  expect(errors).toEqual([]);
  await page.context().close();
});

/** From the first step, the right arrow again and again until the last one of what was read, as fast as the page draws. */
async function stepToTheEnd(page: Page): Promise<void> {
  await page.keyboard.press('Home');
  await page.evaluate(async () => {
    const count = () => /(\d+) of (\d+)/.exec(document.querySelector('.step-count')?.textContent ?? '');
    for (let pressed = 1; pressed < 5000; pressed++) {
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
      if (pressed % 4 > 0) continue;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const [, step, all] = count() ?? [];
      if (step !== undefined && step === all) return;
    }
  });
}

const counted: RequestHandler = (_request, response, next) => {
  const send = response.write.bind(response);
  const chunks: Buffer[] = [];
  const take = (chunk: unknown) => chunk instanceof Uint8Array && chunks.push(Buffer.from(chunk));
  response.write = ((chunk: unknown, ...rest: []) => {
    take(chunk);
    return send(chunk as Buffer, ...rest);
  }) as typeof response.write;
  response.on('finish', () => {
    const isPacked = extname(_request.path) === '.gz';
    sent += isPacked ? Buffer.concat(chunks).length : gzipSync(Buffer.concat(chunks)).length;
  });
  next();
};
