import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunError } from '../../apps/agent/src/run/error.ts';
import { startAgent, type TestAgent } from '../fakes/agent.ts';
import { createTracedRuns, type TracedRun } from '../fakes/tracedRuns.ts';
import { recordedTrace } from '../fixtures/traces.ts';
import { house } from '../structure/house.ts';
import { openBrowser, openPage, picture, sentences } from './browser.ts';

// The real server and the built page, with runs that were recorded once on a host with a stock Docker engine.
let browser: Browser;
let agent: TestAgent;
const runs = createTracedRuns();
let minute = 0;

beforeAll(async () => {
  browser = await openBrowser();
  agent = await startAgent({}, { runs, pageFolder: join(house, 'apps', 'web', 'dist') });
});
afterAll(async () => {
  await browser?.close();
  await agent?.close();
});

/** Puts a recorded trace among the runs, as one that has just begun; `part` of its events have happened. */
async function found(name: string, id: string, part = 1): Promise<TracedRun> {
  const { header, events } = await recordedTrace(name);
  const startedAt = new Date(Date.UTC(2026, 0, 1, 0, minute++)).toISOString();
  const container = events.find((event) => event.container)?.container;
  const over = part === 1;
  const run = runs.add({ ...header, id, startedAt });
  run.emit(events.slice(0, Math.floor(events.length * part)), over ? 'finished' : 'running', {
    ...(container ? { container } : {}),
    ...(over ? { exitCode: 0 } : {}),
  });
  return run;
}

const open = (run = '', token = agent.access.drive, options = {}) =>
  openPage(browser, `${agent.url}/?token=${token}${run && `#run=${run}`}`, options);
const watch = (page: Page) => page.getByRole('button', { name: /^Watch/ });
const shown = (page: Page) => page.locator('.story [aria-current=step]').waitFor();
const command = (page: Page) => page.locator('.command-line').textContent();

describe('the watch button', () => {
  it('says why a host can’t be watched, and what to do', async () => {
    runs.refuseWatch(new RunError('not-watching', 'bpftrace needs root', { remedy: 'start it with sudo' }));
    const { page, faults } = await open();
    await watch(page).click();
    const told = page.getByRole('alert');
    await told.getByText('bpftrace needs root. What to do: start it with sudo').waitFor();
    expect(await watch(page).getAttribute('aria-pressed')).toBe('false');
    expect(await faults()).toEqual([]);
    await told.getByRole('button', { name: 'Close' }).click();
    expect(await told.count()).toBe(0);
    runs.refuseWatch(undefined);
    await page.context().close();
  });

  it('begins and ends by a key, tells everybody, and says what to type', async () => {
    const { page, errors, faults } = await open();
    const audience = await open('', agent.access.watch);
    await page.getByRole('button', { name: 'Watch', exact: true }).waitFor();
    await page.keyboard.press('w');
    await page.getByRole('heading', { name: 'Watching this host' }).waitFor();
    await page.getByText('docker run --rm alpine echo hello').waitFor();
    await audience.page.getByText('Watching', { exact: true }).waitFor();
    expect(await audience.page.getByRole('button', { name: /^Watch/ }).count()).toBe(0);
    expect(await faults()).toEqual([]);
    await page.keyboard.press('w');
    await page.getByRole('heading', { name: 'A command dives' }).waitFor();
    expect(errors).toEqual([]);
    for (const one of [page, audience.page]) await one.context().close();
  });
});

describe('a command that somebody types while the host is watched', () => {
  it('opens by itself, and is followed by the next one until the reader touches something', async () => {
    await runs.watchHost(true);
    const { page, errors, faults } = await open();
    await page.getByRole('heading', { name: 'Watching this host' }).waitFor();
    await found('docker-run', 'first', 0.6);
    await shown(page);
    expect(await command(page)).toMatch(/^docker run --rm --name hello .* sh -c 'echo hello; sleep 1'$/);
    await found('docker-oom', 'second');
    await page.waitForFunction(() => location.hash === '#run=second');
    await shown(page);
    await page.keyboard.press('ArrowLeft');
    await found('docker-no-such-command', 'third');
    await page.getByText('New on this host: docker run --rm --network none').waitFor();
    expect(new URL(page.url()).hash).toBe('#run=second');
    expect(await faults()).toEqual([]);
    await page.keyboard.press('n');
    await page.waitForFunction(() => location.hash === '#run=third');
    await page.locator('.news').waitFor({ state: 'hidden' });
    await page.keyboard.press('l');
    await page.getByRole('dialog').waitFor();
    expect(await page.locator('.run-row code').allTextContents()).toEqual(
      expect.arrayContaining([expect.stringMatching(/nosuch$/), expect.stringMatching(/tail \/dev\/zero$/)]),
    );
    expect(errors).toEqual([]);
    await page.context().close();
    await runs.watchHost(false);
  });

  it('can’t be stopped, repeated or typed into', async () => {
    await found('docker-run', 'going', 0.6);
    const { page } = await open('going');
    await shown(page);
    await page.getByText('going on').waitFor();
    for (const name of ['Stop', 'Run it again'])
      expect(await page.getByRole('button', { name }).count()).toBe(0);
    expect(await page.locator('.output').count()).toBe(0);
    await page.context().close();
  });
});

describe('the picture of a stock Docker host', () => {
  it.each([
    ['docker-run', ['docker', 'dockerd', 'containerd', 'containerd-shim', 'runc', 'taken apart']],
    ['docker-oom', ['killed: out of memory', 'out of memory']],
    ['docker-no-such-command', ['containerd-shim', 'taken apart', 'exit code 1']],
    ['docker-exec', ['docker', 'dockerd', 'containerd', 'containerd-shim', 'runc']],
  ])('%s: at most nine boxes, each with its name, without a serious fault', async (name, words) => {
    await found(name, `of-${name}`);
    for (const colorScheme of ['dark', 'light'] as const) {
      const { page, errors, faults } = await open(`of-${name}`, agent.access.drive, { colorScheme });
      await shown(page);
      expect(await picture(page)).toEqual(expect.arrayContaining(words));
      expect(await page.locator('.dive g.part-box[aria-label]').count()).toBeLessThanOrEqual(9);
      expect(await faults()).toEqual([]);
      expect(errors).toEqual([]);
      await page.context().close();
    }
  });

  it('has the real name of each message on its arrow, from the typed command down to the kernel', async () => {
    await found('docker-run', 'arrows');
    const { page } = await open('arrows');
    await shown(page);
    await page.keyboard.press('Home');
    const names = new Set<string>();
    for (let step = 0; step < 24; step++) {
      await page.keyboard.press('ArrowRight');
      for (const text of await picture(page)) names.add(text);
    }
    const spoken = ['POST /containers/create', 'Tasks/Create', 'Task/Create', 'runc create'];
    expect([...names]).toEqual(expect.arrayContaining([...spoken, expect.stringMatching(/^unshare NEW/)]));
    expect(await sentences(page)).toContain(
      'containerd is asked to build the container and let its process wait: Tasks/Create',
    );
    await page.context().close();
  });

  it('shows each of several containers, goes with the story, and keeps to the one that is chosen', async () => {
    await found('docker-start-three', 'three');
    const { page, errors, faults } = await open('three');
    await shown(page);
    expect(await page.locator('.lane-names span').allTextContents()).toEqual([
      'command',
      'shop-db',
      'shop-api',
      'shop-web',
    ]);
    const pressed = () => page.locator('.container-choice [aria-pressed=true]').textContent();
    await page.keyboard.press('Home');
    for (let step = 0; step < 20; step++) await page.keyboard.press('ArrowRight');
    expect(await pressed()).toBe('shop-db');
    await page.getByRole('button', { name: 'shop-web', exact: true }).click();
    expect(await picture(page)).toContain('not yet there');
    await page.keyboard.press('ArrowRight');
    expect(await pressed()).toBe('shop-web');
    await page.getByRole('button', { name: 'Go with the story' }).click();
    expect(await pressed()).toBe('shop-db');
    expect(await faults()).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('fits a phone', async () => {
    await found('docker-start-three', 'small');
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
    const { page, faults } = await open('small', agent.access.drive, phone);
    await shown(page);
    await page.getByRole('button', { name: 'Dive', exact: true }).click();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await picture(page)).toContain('shim');
    expect(await faults()).toEqual([]);
    await page.context().close();
  });
});
