import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { newGuide, readGuide, verifyTrace, writeGuide } from '@underdock/trace';
import express from 'express';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_FOLDER } from '../../apps/agent/src/cli/about.ts';
import { recordedTrace } from '../fixtures/traces.ts';
import { house } from '../structure/house.ts';
import { openBrowser, openPage, sentences } from './browser.ts';

// The built page in a folder of any static server, with no agent anywhere.
let browser: Browser;
let server: Server;
let site: string;
let folder: string;
const asked: string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-site-'));
  const app = express();
  app.use((req, _res, next) => {
    asked.push(req.url);
    next();
  });
  app.use('/lab/traces', express.static(join(house, 'test/fixtures/traces')));
  app.use('/lab/own', express.static(folder));
  app.use('/lab', express.static(PAGE_FOLDER));
  server = createServer(app).listen(0, '127.0.0.1');
  site = await new Promise<string>((resolve) =>
    server.once('listening', () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/lab/`),
    ),
  );
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a page without an agent', () => {
  it('plays the trace that its address names from its first step to its last, and asks nobody for anything else', async () => {
    asked.length = 0;
    const { page, errors, faults } = await openPage(browser, `${site}?trace=traces/docker-run.chain.gz`);
    await page.locator('.sentence', { hasText: 'Somebody types: docker run' }).waitFor();
    const steps = await sentences(page);
    for (let step = 1; step < steps.length; step++) await page.keyboard.press('ArrowRight');
    await page.locator('.sentence', { hasText: 'The command is over' }).waitFor();
    expect(steps.length).toBeGreaterThan(30);
    await page.keyboard.press('ArrowLeft');
    expect(await faults()).toEqual([]);
    expect(errors).toEqual([]);
    expect(
      asked.filter(
        (url) => !/^\/lab\/($|\?trace=|assets\/|favicon|gallery\/index.json$|traces\/docker-run)/.test(url),
      ),
    ).toEqual([]);
    await page.context().close();
  });

  it('shows what would be shared, hides what the reader ticks, and makes the file itself', async () => {
    const named = join(folder, 'jane.chain');
    const text = gunzipSync(readFileSync(join(house, 'test/fixtures/traces/runc.chain.gz'))).toString();
    writeFileSync(named, text.replaceAll('/tmp/rec/state', '/home/jane.doe/falcon'));
    const { page, errors, faults } = await openPage(browser, site);
    await page.getByLabel('A trace: a file').first().setInputFiles(named);
    await page.locator('.sentence').first().waitFor();
    await page.keyboard.press('s');
    await page.locator('.share-replaced', { hasText: 'jane.doe → user1' }).waitFor();
    await page.locator('.share-shown', { hasText: 'hello' }).waitFor();
    expect(await faults()).toEqual([]);
    await page.getByLabel('What the container wrote').check();
    await page.getByLabel('Words of your own').fill('falcon, lucky');
    await page.locator('.share-replaced', { hasText: 'falcon → hidden' }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the trace' }).click(),
    ]);
    await download.saveAs(join(folder, 'shared.chain.gz'));
    const shared = gunzipSync(readFileSync(join(folder, 'shared.chain.gz'))).toString();
    expect(shared).not.toMatch(/jane|falcon|lucky|aGVsbG8K/);
    expect(await verifyTrace([shared])).toMatchObject({ state: 'whole' });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('opens a file from a disk', async () => {
    const { page, errors } = await openPage(browser, site);
    await page.getByText('A trace of your own opens').waitFor();
    await page
      .getByLabel('A trace: a file')
      .first()
      .setInputFiles(join(house, 'test/fixtures/traces/runc.chain.gz'));
    await page.locator('.run-actions', { hasText: 'a recording' }).waitFor();
    await page.locator('.sentence').first().waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('is one file with its trace in it, which plays from a disk and asks nobody for anything', async () => {
    const file = join(folder, 'one.html');
    const from = join(house, 'test/fixtures/traces/runc.chain.gz');
    execFileSync(join(house, 'bin/underdock'), ['export', from, '--to', 'html', '--out', file], {
      stdio: 'pipe',
    });
    const { page, errors, faults } = await openPage(browser, 'about:blank');
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(`file://${file}`);
    await page.locator('.sentence').first().waitFor();
    const steps = await sentences(page);
    for (let step = 1; step < steps.length; step++) await page.keyboard.press('ArrowRight');
    await page.getByText('at the end', { exact: true }).waitFor();
    expect(await faults()).toEqual([]);
    expect(errors).toEqual([]);
    expect(requests).toEqual([`file://${file}`]);
    await page.context().close();
  });

  it('tells a trace by the guide that its address names, and by one’s own words', async () => {
    const { header, events } = await recordedTrace('docker-run');
    const guide = {
      ...newGuide(header.id),
      hide: [{ step: 'kernel/cgroup-mkdir' }],
      notes: [{ seq: events[60]!.seq, title: 'Deeper', text: 'Now the kernel.', pause: false }],
    };
    writeFileSync(join(folder, 'a.guide.json'), writeGuide(guide));
    const named = `${site}?trace=traces/docker-run.chain.gz&guide=own/a.guide.json`;
    const { page, errors, faults } = await openPage(browser, named);
    await page.locator('.chapter', { hasText: 'Deeper' }).waitFor();
    await page.locator('.own-words', { hasText: 'Now the kernel.' }).waitFor();
    await page.locator('.step-count', { hasText: '1 of 42' }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('g');
    await page.getByLabel('What you say here').fill('Docker asks.');
    await page.getByRole('button', { name: 'Begin here' }).click();
    await page.locator('.step-count', { hasText: '1 of 41' }).waitFor();
    expect(await faults()).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download', exact: true }).click(),
    ]);
    const own = readGuide(readFileSync(await download.path(), 'utf8'));
    expect(own.notes.map(({ text }) => text)).toEqual(['Docker asks.', 'Now the kernel.']);
    await page.reload();
    await page.locator('.own-words', { hasText: 'Docker asks.' }).waitFor();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('p');
    await page.locator('.caption', { hasText: 'Docker asks.' }).waitFor();
    await page.keyboard.press('p');
    await page.keyboard.press('g');
    await page.getByRole('button', { name: 'Discard my changes' }).click();
    await page.locator('.step-count', { hasText: 'of 42' }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('says what is wrong with an address, and opens nothing but web addresses', async () => {
    const { page } = await openPage(browser, `${site}?trace=traces/none.chain.gz`);
    await page.getByRole('alert').filter({ hasText: 'there is no trace at' }).waitFor();
    await page.goto(`${site}?trace=javascript:alert(1)`);
    await page.getByRole('alert').filter({ hasText: 'is no address of a trace' }).waitFor();
    await page.context().close();
  });
});
