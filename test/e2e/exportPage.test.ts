import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportTo, portableOf } from '@underdock/chain/portable';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAgent, type TestAgent } from '../fakes/agent.ts';
import { createTracedRuns } from '../fakes/tracedRuns.ts';
import { recordedTrace } from '../fixtures/traces.ts';
import { house } from '../structure/house.ts';
import { openBrowser, openPage } from './browser.ts';

// The real server and the built page, with real runs of three roads that were recorded once.
let browser: Browser;
let agent: TestAgent;
const runs = createTracedRuns();

beforeAll(async () => {
  browser = await openBrowser();
  agent = await startAgent({}, { runs, pageFolder: join(house, 'apps', 'web', 'dist') });
});
afterAll(async () => {
  await browser?.close();
  await agent?.close();
});

/** A page that shows a recorded trace, of which a part has happened so far. */
async function openRun(name: string, { part = 1, token = agent.access.drive, ...options } = {}) {
  const { header, events } = await recordedTrace(name);
  const container = events.find((event) => event.container)!.container!;
  const run = runs.add({ ...header, id: name });
  const [some, rest] = [Math.floor(events.length * part), events.length];
  run.emit(events.slice(0, some), part === 1 ? 'finished' : 'running', { container });
  const opened = await openPage(browser, `${agent.url}/?token=${token}#run=${name}`, options);
  await opened.page.locator('.story [aria-current=step]').waitFor();
  const goOn = () => run.emit(events.slice(some, rest), 'finished', { container, exitCode: 0 });
  return { ...opened, goOn, portable: portableOf(header, events, container) };
}

const sheet = (page: Page) => page.getByRole('dialog', { name: 'Take it elsewhere' });
const text = (page: Page) => sheet(page).locator('.export-text');
const tab = (page: Page, name: string) => sheet(page).getByRole('tab', { name });
const marked = (page: Page) => text(page).locator('mark').allInnerTexts();
const terms = (page: Page, heading: string) =>
  sheet(page)
    .locator('section', { has: page.locator('> h3', { hasText: heading }) })
    .locator('dt')
    .allTextContents();

describe('the export of a run', () => {
  it('shows the text that the command line writes, marks what stays the same, and lists what is lost', async () => {
    const { page, errors, faults, portable } = await openRun('portable-embedded');
    await page.getByRole('button', { name: 'Export' }).click();
    expect(await text(page).textContent()).toBe(exportTo('docker', portable).files[0]!.text);
    const digest = portable.image.digest!.value;
    expect((await marked(page)).some((one) => one.includes(digest))).toBe(true);
    expect(await marked(page)).toContain('--memory 64m');
    expect(await terms(page, 'Stays the same')).toEqual(
      expect.arrayContaining(['Image digest', 'Process', 'Memory', 'Processors', 'Number of processes']),
    );
    await tab(page, 'Azure Container Apps').click();
    expect(await terms(page, 'Can’t be said')).toContain('Memory, 64 MiB');
    expect(await terms(page, 'Stays the same')).not.toContain('Memory');
    expect(await faults()).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('goes by keyboard: opened by its key, from tab to tab by arrows, closed with Escape', async () => {
    const { page } = await openRun('portable-watch');
    await page.keyboard.press('e');
    await sheet(page).waitFor();
    await tab(page, 'docker run').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await tab(page, 'Kubernetes').getAttribute('aria-selected')).toBe('true');
    expect(await text(page).textContent()).toContain('kind: Pod');
    await page.keyboard.press('End');
    await sheet(page).getByRole('button', { name: 'fetch-rootfs.sh' }).click();
    expect(await text(page).textContent()).toContain('skopeo copy');
    await page.keyboard.press('Escape');
    await sheet(page).waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.getByText('Export the run: what carries it to other platforms').waitFor();
    await page.context().close();
  });

  it('can be downloaded as the file that it is', async () => {
    const { page, portable } = await openRun('portable-docker');
    await page.keyboard.press('e');
    await tab(page, 'Compose').click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      sheet(page).getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('compose.yaml');
    const file = readFileSync(await download.path(), 'utf8');
    expect(file).toBe(exportTo('compose', portable).files[0]!.text);
    await page.context().close();
  });

  it('follows a run that goes on, also for an audience', async () => {
    const { page, goOn } = await openRun('portable-embedded', { part: 0.05, token: agent.access.watch });
    await page.keyboard.press('e');
    await tab(page, 'OCI bundle').click();
    await sheet(page).getByText('The run’s own config.json').waitFor();
    goOn();
    await text(page).locator('mark', { hasText: '"seccomp"' }).waitFor();
    expect(await terms(page, 'Can’t be said')).not.toContain('The run’s own config.json');
    await page.context().close();
  });

  it('asks which container where a trace holds several', async () => {
    const { page } = await openRun('docker-start-three');
    await page.keyboard.press('e');
    await sheet(page).getByLabel('Container').selectOption({ label: 'shop-api' });
    await text(page).getByText('echo api; sleep 2').waitFor();
    await page.context().close();
  });

  it('fits on a phone', async () => {
    const { page, faults } = await openRun('portable-watch', {
      viewport: { width: 390, height: 844 },
    } as object);
    await page.getByRole('button', { name: 'Export' }).click();
    for (const name of ['docker run', 'Kubernetes', 'OCI bundle']) {
      await tab(page, name).click();
      const over = await sheet(page).evaluate((top) => top.scrollWidth - top.clientWidth);
      expect(over).toBe(0);
    }
    expect(await faults()).toEqual([]);
    await page.context().close();
  });
});
