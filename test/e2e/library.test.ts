import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAgent, type TestAgent } from '../fakes/agent.ts';
import { house } from '../structure/house.ts';
import { openBrowser, openPage, type WatchedPage } from './browser.ts';

// The real server and library on a disk of their own, and the built page. Only the runs are plain processes.
let browser: Browser;
let agent: TestAgent;
beforeAll(async () => {
  browser = await openBrowser();
  agent = await startAgent({}, { pageFolder: join(house, 'apps', 'web', 'dist') });
});
afterAll(async () => {
  await browser?.close();
  await agent?.close();
});

const fixture = (name: string) => join(house, 'test', 'fixtures', 'traces', `${name}.chain.gz`);
const link = (token: string) => `${agent.url}/?token=${token}`;
const rows = (page: Page) => page.locator('.run-row code').allTextContents();
const count = (page: Page, words: string | RegExp) => page.getByRole('status').getByText(words).waitFor();

async function openLibrary(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Library' }).waitFor();
  await page.keyboard.press('l');
  await page.getByRole('searchbox').waitFor();
}

it('files come in, are found, described, taken home, deleted and brought back', async () => {
  const opened = await openPage(browser, link(agent.access.drive), { acceptDownloads: true });
  const { page, errors } = opened;
  await takeIn(page);
  await describeOne(page);
  await search(opened);
  await takeHome(page);
  await deleteAndBack(opened);
  await page.getByRole('searchbox').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.locator('.story [aria-current=step]').waitFor();
  expect(await page.locator('.command-line').textContent()).toContain('docker run');
  expect(errors.filter((error) => !error.includes('422'))).toEqual([]);
  await page.context().close();
});

async function takeIn(page: Page): Promise<void> {
  await openLibrary(page);
  await page.getByText('Nothing has been recorded yet').waitFor();
  const cut = gunzipSync(readFileSync(fixture('docker-oom'))).subarray(0, 40_000);
  await page.locator('input[type=file][multiple]').setInputFiles([
    {
      name: 'docker-run.chain.gz',
      mimeType: 'application/gzip',
      buffer: readFileSync(fixture('docker-run')),
    },
    { name: 'half.chain', mimeType: 'text/plain', buffer: cut },
    { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('dear all') },
  ]);
  await page.getByText('letter.txt: this is no whole trace').waitFor();
  await count(page, /^2 traces/);
  const half = page.locator('.library-row', { hasText: 'from half.chain' });
  expect(await half.textContent()).toContain('cut off');
}

async function describeOne(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Edit docker run .* hello/ }).click();
  await page.getByLabel('Title', { exact: true }).fill('Mein erster Container');
  await page.getByLabel('Tags', { exact: true }).fill('lesson 2, first');
  await page.getByLabel('Notes', { exact: true }).fill('<b>shown</b> in week two');
  await page.keyboard.press('Escape');
  expect(await page.getByRole('dialog').isVisible()).toBe(true);
  await page.getByRole('button', { name: /^Edit docker run .* hello/ }).click();
  expect(await page.getByLabel('Title', { exact: true }).inputValue()).toBe('');
  await page.getByLabel('Title', { exact: true }).fill('Mein erster Container');
  await page.getByLabel('Tags', { exact: true }).fill('lesson 2, first');
  await page.getByLabel('Notes', { exact: true }).fill('<b>shown</b> in week two');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Written down.').waitFor();
  expect(await page.locator('.row-notes').textContent()).toBe('<b>shown</b> in week two');
}

async function search({ page, faults }: WatchedPage): Promise<void> {
  await page.getByRole('searchbox').fill('week erster');
  await count(page, /^1 of 2 traces/);
  await page.getByRole('searchbox').fill('nothing like it');
  await page.getByText('Nothing fits').waitFor();
  await page.getByRole('searchbox').fill('');
  await page.getByRole('button', { name: /^first 1/ }).click();
  await count(page, /^1 of 2 traces/);
  expect(await faults()).toEqual([]);
  await page.getByRole('button', { name: /^first 1/ }).click();
  await count(page, /^2 traces/);
}

async function takeHome(page: Page): Promise<void> {
  const loading = page.waitForEvent('download');
  await page.getByRole('button', { name: /^Download Mein/ }).click();
  const download = await loading;
  expect(download.suggestedFilename()).toMatch(/^mein-erster-container-\w+\.chain\.gz$/);
  expect(gunzipSync(readFileSync(await download.path()))).toEqual(
    gunzipSync(readFileSync(fixture('docker-run'))),
  );
}

async function deleteAndBack({ page, faults }: WatchedPage): Promise<void> {
  await page.getByRole('button', { name: /^Delete Mein/ }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('It is back.').waitFor();
  await page.getByRole('button', { name: /^Delete docker run/ }).click();
  await page.getByRole('button', { name: /^Trash/ }).click();
  await page.getByRole('button', { name: /^Delete for good/ }).click();
  expect(await faults()).toEqual([]);
  await page.getByRole('button', { name: 'Yes, for good' }).click();
  await page.getByText('Deleted for good.').waitFor();
  await count(page, /^1 trace,/);
}

it('what is dropped on it is kept, and an audience sees it at once but can change nothing', async () => {
  const audience = await openPage(browser, link(agent.access.watch), {
    viewport: { width: 390, height: 844 },
  });
  await openLibrary(audience.page);
  const { page } = await openPage(browser, link(agent.access.drive));
  await openLibrary(page);
  const bytes = [...readFileSync(fixture('runc'))];
  const files = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(all)], 'dropped.chain.gz'));
    return transfer;
  }, bytes);
  for (const type of ['dragover', 'drop']) await page.dispatchEvent('body', type, { dataTransfer: files });
  await page.getByText('Imported dropped.chain.gz.').waitFor();
  await audience.page.locator('.library-row', { hasText: 'from dropped.chain.gz' }).waitFor();
  expect(await rows(audience.page)).toHaveLength(2);
  expect(await audience.page.getByRole('button', { name: /^(Edit|Delete|Import|Trash)/ }).count()).toBe(0);
  expect(await audience.page.getByRole('button', { name: /^Download/ }).count()).toBe(2);
  expect(await audience.faults()).toEqual([]);
  await page.context().close();
  await audience.page.context().close();
});
