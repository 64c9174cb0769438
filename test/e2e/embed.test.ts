import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express, { type Express } from 'express';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_FOLDER } from '../../apps/agent/src/cli/about.ts';
import { house } from '../structure/house.ts';
import { openBrowser, openPage } from './browser.ts';

// A course page on one origin, the built page on another: neither lets the other read its files.
let browser: Browser;
let servers: Server[];
let site: string;
let course: string;
let lesson = '';
beforeAll(async () => {
  const player = await served((app) => app.use('/lab', express.static(PAGE_FOLDER)));
  const school = await served((app) => {
    app.get('/course', (_req, res) => void res.type('html').send(lesson));
    app.use('/files', express.static(join(house, 'test/fixtures/traces')));
  });
  servers = [player.server, school.server];
  site = `${player.origin}/lab/`;
  course = school.origin;
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  for (const server of servers ?? []) server.close();
});

async function served(prepare: (app: Express) => void): Promise<{ server: Server; origin: string }> {
  const app = express();
  prepare(app);
  const server = createServer(app).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function open(body: string) {
  lesson = `<!doctype html><html lang="en"><title>A course</title><link rel="icon" href="data:,"><body><h1>Week 3</h1>${body}
    <script>
      window.heard = [];
      for (const type of ['ready', 'step', 'ended'])
        document.addEventListener(type, (event) => heard.push([type, event.detail]));
    </script>
    <script src="${site}underdock-player.js"></script></body></html>`;
  return openPage(browser, `${course}/course`);
}

type Heard = [type: string, detail: { step?: number; steps?: number; level?: string; text?: string }][];
const heard = (page: Page) => page.evaluate(() => (globalThis as unknown as { heard: Heard }).heard);
const change = (page: Page, name: string, value: string) =>
  page
    .locator('underdock-player')
    .evaluate((player, [key, to]) => player.setAttribute(key!, to!), [name, value]);

describe('a player in a page of another origin', () => {
  it('plays a trace that lies beside that page, follows its attributes, and tells what it shows', async () => {
    const { page, errors, faults } = await open(
      '<underdock-player src="files/runc.chain.gz" step="12" width="720" height="480"></underdock-player>',
    );
    const frame = page.frameLocator('iframe');
    await frame.locator('.embed-count', { hasText: '12 of' }).waitFor();
    const words = await frame.locator('.embed-words').textContent();
    await frame.getByRole('button', { name: 'Next step' }).click();
    await frame.locator('.embed-count', { hasText: '13 of' }).waitFor();
    const box = await page.locator('iframe').boundingBox();
    expect([box?.width, box?.height]).toEqual([720, 480]);
    expect(await faults()).toEqual([]);
    await change(page, 'level', 'calls');
    await change(page, 'step', '2');
    await frame.locator('.embed-count', { hasText: /^2 of/ }).waitFor();
    await change(page, 'controls', 'none');
    await frame.locator('.embed-bar').waitFor({ state: 'detached' });
    await change(page, 'theme', 'light');
    await frame.locator('html[data-theme=light]').waitFor();
    await change(page, 'step', '9999');
    await expect.poll(async () => (await heard(page)).at(-1)?.[0]).toBe('ended');
    const all = await heard(page);
    expect(all[0]).toEqual([
      'ready',
      { title: expect.stringContaining('starter'), steps: expect.any(Number) },
    ]);
    expect(all.filter(([type]) => type === 'step').map(([, { step }]) => step)).toEqual(
      expect.arrayContaining([12, 13, 2]),
    );
    expect(all.find(([, { step }]) => step === 12)?.[1]).toMatchObject({ level: 'story', text: words });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows all of the page where that is asked for, and a trace of the gallery by its name', async () => {
    const { page, errors } = await open(
      '<underdock-player gallery="docker-run" controls="full" level="calls" height="90vh"></underdock-player>',
    );
    const frame = page.frameLocator('iframe');
    await frame.locator('.story .sentence').first().waitFor();
    await frame.locator('.evidence').first().waitFor();
    expect(await frame.locator('.top-bar').count()).toBe(0);
    expect((await heard(page))[0]![0]).toBe('ready');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('understands what it can of its attributes, and says what it does not', async () => {
    const warnings: string[] = [];
    const { page } = await open('<p>nothing yet</p>');
    page.on('console', (message) => warnings.push(message.text()));
    await page.evaluate(() => {
      document.body.insertAdjacentHTML(
        'beforeend',
        '<underdock-player src="javascript:alert(1)" step="-1" level="deep" width="1px;color:red"></underdock-player>',
      );
    });
    await page.frameLocator('iframe').getByText('Waiting for the trace').waitFor();
    const address = new URL((await page.locator('iframe').getAttribute('src'))!);
    expect(Object.fromEntries(address.searchParams)).toEqual({ embed: '1', parent: course });
    for (const name of ['step="-1"', 'level="deep"', 'width="1px;color:red"', 'src="javascript:alert(1)"'])
      expect(warnings.join('\n')).toContain(`<underdock-player>: ${name}`);
    await page.context().close();
  });

  it('listens to nobody but the origin that its address names', async () => {
    const trace = encodeURIComponent(`${site}gallery/docker-run.chain.gz`);
    const frameOf = (parent: string) =>
      `<iframe title="a run" src="${site}?embed=1&trace=${trace}&parent=${encodeURIComponent(parent)}"></iframe>`;
    const { page } = await open(`${frameOf('https://elsewhere.example')}${frameOf(course)}`);
    const counts = () =>
      Promise.all(
        [0, 1].map((index) =>
          page.frameLocator('iframe').nth(index).locator('.embed-count strong').textContent(),
        ),
      );
    await expect.poll(counts, { timeout: 30_000 }).toEqual(['1', '1']);
    await page.evaluate(() => {
      for (const frame of document.querySelectorAll('iframe'))
        frame.contentWindow!.postMessage({ underdock: 1, type: 'move', to: 'next' }, '*');
    });
    await expect.poll(counts, { timeout: 30_000 }).toEqual(['1', '2']);
    await page.context().close();
  });
});
