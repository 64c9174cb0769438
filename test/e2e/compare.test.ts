import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openPage, runFromForm, untilState } from './browser.ts';
import { withRealHost } from './realHost.ts';

const host = withRealHost();
const COMMANDS = ['runc', 'by-hand'].map(
  (runtime) => `underdock run --via embedded --runtime ${runtime} --memory 64m starter true`,
);
const SLEEP = 'underdock run --via embedded --runtime runc --name slow starter sleep 300';

let ids: string[];
beforeAll(async () => {
  const { page } = await openPage(host.browser, host.agent.drive);
  ids = [];
  for (const command of COMMANDS) {
    await runFromForm(page, command);
    await untilState(page, 'exit code 0');
    ids.push(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('run')!);
  }
  await page.context().close();
});

const table = (page: Page) => page.locator('.compare-table');
const linkTo = (link: string, compared: readonly string[]) => `${link}&compare=${compared.join(',')}`;
const row = (page: Page, title: string) =>
  table(page)
    .locator('tbody')
    .filter({ has: page.getByRole('button', { name: title, exact: true }) });

async function openCompared(link: string, options: Parameters<typeof openPage>[2] = {}) {
  const opened = await openPage(host.browser, linkTo(link, ids), options);
  await table(opened.page).getByText('Altogether').waitFor();
  // The table stands from the first event on, and the traces come one after the other.
  await expect
    .poll(
      () =>
        table(opened.page)
          .getByText(/events so far/)
          .count(),
      { timeout: 30_000 },
    )
    .toBe(0);
  return opened;
}

describe('runs side by side', () => {
  it('are chosen in the list of runs, and stay in the address', async () => {
    const { page, errors, faults } = await openPage(host.browser, host.agent.drive);
    await page.getByRole('button', { name: /^Library/ }).click();
    await page.getByRole('button', { name: 'Compare some of them' }).click();
    const choice = page.getByRole('dialog', { name: 'Compare runs' });
    for (const runtime of ['runc', 'by-hand'])
      await choice.getByRole('checkbox', { name: new RegExp(`--runtime ${runtime} `) }).check();
    expect(await faults()).toEqual([]);
    await choice.getByRole('button', { name: 'Compare these 2' }).click();
    await table(page).getByText('Altogether').waitFor();
    expect(new URL(page.url()).searchParams.get('compare')?.split(',')).toEqual(ids);
    await page.reload();
    await table(page).getByText('Altogether').waitFor();
    expect(await table(page).locator('.side-name .link').allInnerTexts()).toEqual([
      'embedded, runc',
      'embedded, by-hand',
    ]);
    await page.goBack();
    await table(page).waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('stand in a table by what they achieve, opened row by row to what only one of them has', async () => {
    const { page, errors, faults } = await openCompared(host.agent.watch);
    expect(await table(page).locator('.achievement button').allInnerTexts()).toEqual([
      'Order handed down',
      'Image there',
      'Filesystem ready',
      'Isolation made',
      'Limits set',
      'Process running',
      'Cleaned up',
    ]);
    const isolation = row(page, 'Isolation made');
    expect(await isolation.locator('.actors').allInnerTexts()).toEqual(['runc', 'by-hand']);
    await isolation.getByRole('button').click();
    const acts = page.getByRole('table', { name: 'Acts of: Isolation made' });
    await acts.getByText('only A').first().waitFor();
    await page.getByRole('button', { name: /^Show \d+ more$/ }).click();
    await acts.getByText('only B').first().waitFor();
    await page.getByRole('radio', { name: /^Every act/ }).check();
    await acts
      .getByRole('row', { name: /^mount proc / })
      .first()
      .getByText('same')
      .waitFor();
    await page.getByText('one run each does not say which road is faster').waitFor();
    expect(await faults()).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('can be read by keyboard alone', async () => {
    const { page, faults } = await openPage(host.browser, linkTo(host.agent.drive, ids));
    await table(page).getByText('Altogether').waitFor();
    await row(page, 'Limits set').getByRole('button').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('table', { name: 'Acts of: Limits set' }).waitFor();
    await page.getByRole('tab', { name: /^config\.json/ }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Namespaces and mounts');
    await page.getByRole('table', { name: 'Namespaces and mounts' }).getByText('seccomp').first().waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('table', { name: 'Cgroup values' }).getByText('cpuset.cpus').waitFor();
    expect(await faults()).toEqual([]);
    await page.keyboard.press('c');
    const choice = page.getByRole('dialog', { name: 'Compare runs' });
    await expect.poll(() => choice.getByRole('checkbox', { checked: true }).count()).toBe(2);
    await page.keyboard.press('Escape');
    await choice.waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.getByText('Compare runs side by side').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await table(page).waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('are followed while one of them still runs', async () => {
    const starter = await openPage(host.browser, host.agent.drive);
    await runFromForm(starter.page, SLEEP);
    await untilState(starter.page, 'running');
    const slow = new URLSearchParams(new URL(starter.page.url()).hash.slice(1)).get('run')!;
    const { page, errors } = await openPage(host.browser, linkTo(host.agent.watch, [ids[0]!, slow]));
    // As a page opens, the finished one is still on its way too.
    const growing = table(page).getByText(/events so far/);
    await expect.poll(() => growing.count(), { timeout: 30_000 }).toBe(1);
    await row(page, 'Cleaned up').getByText('not so far in this trace').waitFor();
    await starter.page.getByRole('button', { name: 'Stop', exact: true }).click();
    await row(page, 'Cleaned up').getByText('not so far in this trace').waitFor({ state: 'detached' });
    await expect.poll(() => growing.count(), { timeout: 30_000 }).toBe(0);
    expect(errors).toEqual([]);
    await page.context().close();
    await starter.page.context().close();
  });

  it('say which one can’t be had', async () => {
    const { page } = await openPage(host.browser, linkTo(host.agent.drive, [ids[0]!, 'nobody-knows']));
    await page.getByRole('alert').getByText('nobody-knows').waitFor();
    expect(await table(page).count()).toBe(0);
    await page.context().close();
  });

  it.each([
    ['a laptop', { viewport: { width: 1280, height: 720 } }],
    ['a projector', { viewport: { width: 1920, height: 1080 }, colorScheme: 'light' }],
    ['a phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
    [
      'a small phone',
      { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true, colorScheme: 'light' },
    ],
  ] as const)('fit on %s, without anything cut off at a side', async (_what, options) => {
    const { page, faults } = await openCompared(host.agent.watch, options);
    await row(page, 'Isolation made').getByRole('button').click();
    await page.getByRole('table', { name: 'Acts of: Isolation made' }).waitFor();
    await page.getByRole('tab', { name: /Namespaces/ }).click();
    const beyond = await page.locator('.compare').evaluate((top) => top.scrollWidth - top.clientWidth);
    expect(beyond).toBe(0);
    expect(await faults()).toEqual([]);
    await page.context().close();
  });
});
