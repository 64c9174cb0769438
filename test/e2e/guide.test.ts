import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startAgent, type TestAgent } from '../fakes/agent.ts';
import { createTracedRuns } from '../fakes/tracedRuns.ts';
import { recordedTrace } from '../fixtures/traces.ts';
import { house } from '../structure/house.ts';
import { openBrowser, openPage } from './browser.ts';

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

it('what a teacher says is saved beside the trace, and an audience reads it, is stopped by it, and can’t save', async () => {
  const { header, events } = await recordedTrace('runc');
  runs.add(header).emit(events, 'finished', { exitCode: 0 });
  mkdirSync(join(agent.folder, 'traces'), { recursive: true });
  writeFileSync(join(agent.folder, 'traces', `${header.id}.chain`), '');
  const link = (token: string) => `${agent.url}/?token=${token}#run=${header.id}`;
  const teacher = await openPage(browser, link(agent.access.drive));
  await teacher.page.locator('.story [aria-current=step]').waitFor();
  await teacher.page.keyboard.press('Home');
  for (let step = 0; step < 4; step++) await teacher.page.keyboard.press('ArrowRight');
  await teacher.page.keyboard.press('g');
  await teacher.page.getByLabel('What you say here').fill('<b>Mind</b> the gap');
  await teacher.page.getByLabel('Stop here while playing').check();
  await teacher.page.getByRole('button', { name: 'Save beside the trace' }).click();
  await teacher.page.getByRole('button', { name: 'Save beside the trace' }).waitFor({ state: 'detached' });
  expect(teacher.errors).toEqual([]);

  const { page, errors } = await openPage(browser, link(agent.access.watch));
  await page.locator('.own-words', { hasText: '<b>Mind</b> the gap' }).waitFor();
  await page.keyboard.press('Home');
  await page.keyboard.press(' ');
  await page.locator('.step-count', { hasText: /^4 of/ }).waitFor();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await page.keyboard.press('g');
  await page.getByLabel('What you say here').fill('mine');
  await page.getByText('Kept in this browser: download it to share it.').waitFor();
  expect(await page.getByRole('button', { name: 'Save beside the trace' }).count()).toBe(0);
  expect(errors).toEqual([]);
  for (const one of [page, teacher.page]) await one.context().close();
});
