import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import express from 'express';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_FOLDER } from '../../apps/agent/src/cli/about.ts';
import { house } from '../structure/house.ts';
import { openBrowser, openPage } from './browser.ts';
import { openMutated } from './openMutated.ts';

const TRACES = join(house, 'test/fixtures/traces');
let browser: Browser;
let server: Server;
let site: string;
beforeAll(async () => {
  const app = express();
  app.use('/traces', express.static(TRACES));
  app.use(express.static(PAGE_FOLDER));
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  server?.close();
});

describe('a recording', () => {
  it('is played by chapters, to any step, in true time past long waits; and a link lands on step, level and view', async () => {
    const { page, errors } = await openPage(browser, `${site}?trace=traces/docker-run.chain.gz`);
    await page.getByRole('list', { name: 'Chapters' }).waitFor();
    const count = page.locator('.step-count');
    await page.keyboard.press(']');
    await page.locator('.chapters [aria-current]', { hasText: 'Limits set' }).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.type('12');
    await page.keyboard.press('Enter');
    await count.getByText('12').waitFor();
    await page.getByLabel('stop at each chapter').check();
    await page.getByLabel('told time, very fast').check();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await page.locator('.chapters [aria-current]', { hasText: 'Limits set' }).waitFor();
    await page.getByRole('button', { name: 'Play', exact: true }).waitFor();

    // The program sleeps a second: in true time, ten times slower, that is a wait of ten.
    await page.keyboard.press('m');
    await page.locator('.play-options summary').click();
    await page.getByLabel('true time, 10 × slower').check();
    await page.keyboard.press('Escape');
    await page.locator('.chapters').getByText('Process running').click();
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await page.getByText(/a wait of .* left out/).waitFor();
    await page.getByRole('button', { name: 'Stay here' }).click();

    await page.keyboard.press('2');
    await page.keyboard.press('t');
    await page.waitForURL(/level=calls.*view=timeline/);
    const told = (await page.locator('.instant strong').textContent())!;
    const { page: again } = await openPage(browser, page.url());
    await again.locator('.timeline canvas').waitFor();
    await again.getByRole('radio', { name: 'calls' }).and(again.locator(':checked')).waitFor();
    await again.locator('.instant strong', { hasText: told }).waitFor();
    expect(errors).toEqual([]);
    await again.context().close();
    await page.context().close();
  });

  it('lies on a timeline: searched, enlarged, brushed, and every bar leads to its evidence', async () => {
    const { page, errors, faults } = await openPage(
      browser,
      `${site}?trace=traces/docker-run.chain.gz#view=timeline&level=syscalls`,
    );
    await page.locator('.timeline canvas').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('step:pivot-root');
    await page.keyboard.press('Enter');
    await page.locator('.evidence-card', { hasText: 'pivot_root' }).waitFor();
    await page.locator('.found-count', { hasText: '1 of 1' }).waitFor();
    const sight = page.locator('.time-spent h3');
    const whole = (await sight.textContent())!;
    for (let i = 0; i < 6; i++) await page.getByRole('button', { name: 'Closer' }).click();
    await expect.poll(() => sight.textContent()).not.toBe(whole);
    const strip = (await page.locator('.timeline-strip').boundingBox())!;
    await page.getByRole('button', { name: 'All', exact: true }).click();
    await expect.poll(() => sight.textContent()).toBe(whole);
    const numbers = await page.locator('.time-spent dd strong').allTextContents();
    const ms = numbers.map((text) => Number.parseFloat(text) * (/ s$/.test(text) ? 1000 : 1));
    const all = Number.parseFloat(whole.match(/[\d.]+/)![0]) * 1000;
    expect(Math.abs(ms.reduce((a, b) => a + b, 0) - all)).toBeLessThan(30);

    const canvas = (await page.locator('.timeline canvas').boundingBox())!;
    await page.mouse.click(canvas.x + 40, canvas.y + 36);
    await page.locator('.evidence-card', { hasText: 'docker run' }).waitFor();
    await page.mouse.move(strip.x + 100, strip.y + 10);
    await page.mouse.wheel(0, 0);
    await page.getByText('The same as a list').click();
    await page.getByRole('region', { name: 'What is in sight' }).getByRole('button').first().waitFor();
    expect(await faults()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('svg.dive').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('that is damaged or hostile is shown as far as it goes, or refused in words: twenty of them, one after the other', async () => {
    const text = gunzipSync(readFileSync(join(TRACES, 'docker-exec.chain.gz'))).toString();
    const { page, errors } = await openPage(browser, site);
    await openMutated(page, text, { first: 1, count: 20 });
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
