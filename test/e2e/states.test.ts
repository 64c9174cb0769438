import { join } from 'node:path';
import type { RunSummary } from '@underdock/trace';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPORT, startAgent, type TestAgent } from '../fakes/agent.ts';
import { type SampleEnd, sampleEvents, sampleHeader } from '../fakes/sampleTrace.ts';
import { createTracedRuns, type TracedRun } from '../fakes/tracedRuns.ts';
import { house } from '../structure/house.ts';
import { openBrowser, openPage, picture, sentences } from './browser.ts';

// The real server and the built page, with runs that stand still in states which a real one passes too fast.
let browser: Browser;
let agent: TestAgent;
const runs = createTracedRuns();
const all = new Map<string, TracedRun>();

beforeAll(async () => {
  browser = await openBrowser();
  agent = await startAgent({}, {
    runs,
    pageFolder: join(house, 'apps', 'web', 'dist'),
    doctor: async () => ({
      ...REPORT,
      checks: [
        ...REPORT.checks,
        {
          name: 'crun',
          state: 'missing',
          found: 'no crun',
          effect: 'runc only',
          remedy: 'type: apt-get install crun',
        },
      ],
    }),
  } as Parameters<typeof startAgent>[1]);
  const put = (id: string, until: SampleEnd, state: RunSummary['state'], more = {}, watched = true) => {
    const run = runs.add(sampleHeader(id, watched));
    run.emit(sampleEvents(until), state, more);
    all.set(id, run);
  };
  put('pulling', 'pulling', 'preparing');
  put('live', 'running', 'running', { deadline: new Date(Date.now() + 7_000_000).toISOString() });
  put('held', 'held', 'held');
  put('finished', 'finished', 'finished', { exitCode: 0 });
  put('failed', 'failed', 'failed', { exitCode: 125, error: 'there is no /bin/shh in the image' });
  put('oom', 'oom', 'finished', { exitCode: 137 });
  put('gap', 'running', 'running', {}, false);
  put('console', 'running', 'running', { tty: true, interactive: true });
});
afterAll(async () => {
  await browser?.close();
  await agent?.close();
});

const link = (run = '', token = agent.access.drive) => `${agent.url}/?token=${token}${run && `#run=${run}`}`;
const shown = (page: Page) => page.locator('.story [aria-current=step]').waitFor();
const count = async (page: Page) => (await page.locator('.step-count').textContent())!.trim();

describe('each state of the page', () => {
  it.each([
    ['pulling', ['2: 12 KiB of 20 KiB']],
    ['live', ['pid 1 inside', '4026532202']],
    ['held', ['waits for start']],
    ['finished', ['taken apart']],
    ['failed', ['taken apart', 'exit code 125']],
    ['oom', ['killed: out of memory']],
    ['gap', ['kernel is not watched by bpftrace: bpftrace needs root: start underdock with sudo']],
    ['console', ['pid 1 inside']],
  ])('%s: says what it is, without a serious fault', async (run, words) => {
    // What is written on light ground differs in few states from what is written on dark.
    const schemes = ['live', 'failed'].includes(run) ? (['dark', 'light'] as const) : (['dark'] as const);
    for (const colorScheme of schemes) {
      const { page, errors, faults } = await openPage(browser, link(run), { colorScheme });
      await shown(page);
      if (run === 'console') await page.locator('.console[data-open=true]').waitFor();
      expect(await picture(page)).toEqual(expect.arrayContaining(words));
      expect(await faults()).toEqual([]);
      expect(errors).toEqual([]);
      await page.context().close();
    }
  });

  it.each([
    ['the form', 'New run'],
    ['the library', /^Library/],
    ['what the host can do', /^host/],
    ['the keys', 'Keys'],
    ['the link for an audience', 'Link for the audience'],
  ])('%s: opens, has no serious fault, and gives the focus back', async (_, name) => {
    const { page, errors, faults } = await openPage(browser, link('finished'));
    await shown(page);
    const button = page.getByRole('button', { name });
    await button.click();
    await page.getByRole('dialog').waitFor();
    expect(await faults()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await button.evaluate((one) => one === document.activeElement)).toBe(true);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('tells somebody with a broken link what to do', async () => {
    const { page, faults } = await openPage(browser, link('', 'wrong'));
    await page.getByText('The agent does not know this page').waitFor();
    expect(await faults()).toEqual([]);
    await page.context().close();
  });

  it('says what is wrong with a run that is not there any more', async () => {
    const { page } = await openPage(browser, link('gone'));
    await page.getByText('there is no such run any more').waitFor();
    await page.context().close();
  });
});

describe('the keyboard alone', () => {
  it('goes through a trace, its picture and its levels', async () => {
    const { page, errors } = await openPage(browser, link('finished'));
    await shown(page);
    const [, last] = (await count(page)).split(' of ').map(Number);
    await page.keyboard.press('Home');
    expect(await count(page)).toBe(`0 of ${last}`);
    for (const key of ['ArrowRight', 'PageDown', 'ArrowRight', 'ArrowLeft']) await page.keyboard.press(key);
    expect(await count(page)).toBe(`2 of ${last}`);
    await page.keyboard.press('3');
    expect(Number((await count(page)).split(' of ')[1])).toBeGreaterThan(last!);
    await page.keyboard.press('1');
    await page.keyboard.press('End');
    await page.keyboard.press('PageUp');
    expect(await count(page)).toBe(`${last! - 1} of ${last}`);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('reaches an arrow of the picture with one Tab and shows its evidence', async () => {
    const { page } = await openPage(browser, link('live'));
    await shown(page);
    const stops = await page.locator('.dive [tabindex="0"]').count();
    expect(stops).toBe(1);
    await page.locator('.dive [tabindex="0"]').focus();
    const name = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    const first = await name();
    await page.keyboard.press('ArrowDown');
    expect(await name()).not.toBe(first);
    await page.locator('.dive g[role=button][aria-label*="runc start"]').first().focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('.evidence h3').first().textContent()).toContain('runc start');
    await page.context().close();
  });

  it('presents: the caption is large, the columns are folded away, a remote steps', async () => {
    const { page, faults } = await openPage(browser, link('finished'));
    await shown(page);
    await page.keyboard.press('Home');
    await page.keyboard.press('p');
    await page.locator('.caption').getByText('Nothing has happened yet').waitFor();
    await page.keyboard.press('PageDown');
    expect(await page.locator('.caption strong').textContent()).toMatch(/^1 of/);
    expect(await page.locator('.story').isVisible()).toBe(false);
    const size = await page
      .locator('.dive text')
      .first()
      .evaluate((one) => parseFloat(getComputedStyle(one).fontSize));
    expect(size).toBeGreaterThan(15);
    expect(await faults()).toEqual([]);
    await page.keyboard.press('p');
    expect(await page.locator('.story').isVisible()).toBe(true);
    await page.context().close();
  });

  it('is left alone where somebody types', async () => {
    const { page } = await openPage(browser, link('console'));
    await page.locator('.console[data-open=true]').click();
    const before = await count(page);
    await page.keyboard.type('p 1 t');
    await page.waitForFunction(() => true);
    expect(await count(page)).toBe(before);
    expect(await page.locator('.caption').count()).toBe(0);
    expect(all.get('console')!.typed.join('')).toBe('p 1 t');
    expect(all.get('console')!.sizes.at(-1)).toMatch(/^\d+x\d+$/);
    await page.context().close();
  });
});

describe('a run that goes on', () => {
  it('is drawn as it happens, waits where the reader stays, and is followed again', async () => {
    const events = sampleEvents('finished');
    const run = runs.add(sampleHeader('growing'));
    run.emit(events.slice(0, 30), 'running');
    const { page, errors } = await openPage(browser, link('growing'));
    await shown(page);
    await page.keyboard.press('ArrowLeft');
    const stayed = await count(page);
    run.emit(events.slice(30, 60));
    const follow = page.getByRole('button', { name: /\d+ steps behind: follow/ });
    await follow.waitFor();
    expect((await count(page)).split(' of ')[0]).toBe(stayed.split(' of ')[0]);
    await follow.click();
    await page.getByText('live', { exact: true }).waitFor();
    run.emit(events.slice(60), 'finished', { exitCode: 0 });
    await page.getByText('at the end').waitFor();
    await page.locator('.run-actions', { hasText: 'exit code 0' }).waitFor();
    expect((await sentences(page)).length).toBeGreaterThan(20);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('keeps markup of a trace as text', async () => {
    const evil = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>`;
    const run = runs.add({ ...sampleHeader('evil'), command: ['underdock', 'run', evil] });
    const events = sampleEvents('failed').map((event) => ({
      ...event,
      actor: { ...event.actor, name: event.actor.name === 'runc' ? '<b>runc</b>' : event.actor.name },
      data: Object.fromEntries(
        Object.entries(event.data).map(([key, value]) => [
          key,
          typeof value === 'string' && key !== 'kind' ? value + evil : value,
        ]),
      ),
      evidence: [{ source: 'self' as const, raw: { [evil]: evil } }],
    }));
    run.emit(events, 'failed', { exitCode: 1, error: evil });
    const { page } = await openPage(browser, link('evil'));
    await shown(page);
    for (const key of ['3', 'Home']) await page.keyboard.press(key);
    for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('l');
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate(() => Reflect.get(window, 'hit'))).toBeUndefined();
    expect(await page.locator('#root img, #root b, [role=dialog] img').count()).toBe(0);
    await page.context().close();
  });
});

describe('a narrow screen', () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

  it('holds three cards over one player, and nothing sticks out', async () => {
    const { page, errors, faults } = await openPage(browser, link('live'), phone);
    await shown(page);
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await width()).toBeLessThanOrEqual(390);
    for (const card of ['Dive', 'Evidence', 'Story']) {
      await page.getByRole('button', { name: card, exact: true }).click();
      await page.locator('.card-names [aria-current]', { hasText: card }).waitFor();
      expect(await page.locator('.player').isVisible()).toBe(true);
    }
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'New run' }).click();
    expect(await width()).toBeLessThanOrEqual(390);
    expect(await faults()).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('has its sizes: no text on the desktop is under 13 px', async () => {
    const { page } = await openPage(browser, link('held'));
    await shown(page);
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('#root *')]
        .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()))
        .filter((one) => one.closest('.sr-only, title, option') === null)
        .map((one) => ({
          text: one.textContent?.slice(0, 30),
          size: parseFloat(getComputedStyle(one).fontSize),
        }))
        .filter(({ size }) => size < 12.99),
    );
    expect(small).toEqual([]);
    await page.context().close();
  });
});
