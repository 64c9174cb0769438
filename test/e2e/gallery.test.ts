import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PAGE_FOLDER } from '../../apps/agent/src/cli/about.ts';
import { ENTRIES } from '../../gallery/entries.ts';
import { openBrowser, openPage } from './browser.ts';

// The built page in a folder of any static server.
let browser: Browser;
let server: Server;
let site: string;
beforeAll(async () => {
  server = createServer(express().use('/lab', express.static(PAGE_FOLDER))).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lab/`;
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

it('the site opens on the gallery, and each card plays its trace from its first step to its last', async () => {
  const { page, errors, faults } = await openPage(browser, site);
  const cards = page.locator('.gallery-card');
  await cards.first().waitFor();
  expect(await cards.locator('h4').allInnerTexts()).toEqual(ENTRIES.map(({ title }) => title));
  expect(await faults()).toEqual([]);
  for (const [index, { name }] of ENTRIES.entries()) {
    await cards.nth(index).locator('.gallery-open').press('Enter');
    await page.locator('.story .sentence').first().waitFor();
    await page.keyboard.press('Home');
    await stepToTheEnd(page);
    await page.getByText('at the end', { exact: true }).waitFor();
    expect(errors, name).toEqual([]);
    expect(await page.getByRole('alert').allInnerTexts(), name).toEqual([]);
    await page.getByRole('link', { name: 'Gallery' }).click();
    await cards.first().waitFor();
  }
  await page.context().close();
});

/** Presses the right arrow once for each step, as fast as the page draws. */
async function stepToTheEnd(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const steps = document.querySelectorAll('.story .sentence').length;
    for (let step = 0; step < steps; step++) {
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  });
}
