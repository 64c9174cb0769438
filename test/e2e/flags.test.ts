import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openPage, runFromForm, untilState } from './browser.ts';
import { withRealHost } from './realHost.ts';

const host = withRealHost();

const evidence = (page: Page) => page.getByRole('region', { name: 'Evidence' });
const way = (page: Page) => evidence(page).getByRole('list', { name: /^The way of/ });
const openFlags = (page: Page) => evidence(page).getByRole('radio', { name: 'Flags' }).check();
const placesOf = (page: Page) => way(page).locator('.place').allInnerTexts();

const COMMAND = 'underdock run --memory 64m --user 1000 starter /bin/sh -c "echo up; sleep 60"';

async function run(options: object = {}) {
  const opened = await openPage(host.browser, host.agent.drive, options);
  await runFromForm(opened.page, COMMAND);
  await untilState(opened.page, 'running');
  await opened.page.getByText('up', { exact: true }).first().waitFor();
  await opened.page.keyboard.press('End');
  return opened;
}

describe('the way of a flag in the page', () => {
  it('opens from a gauge, and each link leads to its event and back', async () => {
    const { page, errors, faults } = await run();
    const gauge = page.locator('.dive g.part-gauge[role=button]', { hasText: /^memory: / });
    await gauge.first().click();
    await expect
      .poll(() => placesOf(page))
      .toEqual([
        'as it was typed',
        'asked of the engine',
        'in config.json',
        'told to the kernel by runc',
        'what the kernel shows',
      ]);
    expect(await way(page).getByRole('button').count()).toBe(5);
    expect(await way(page).getByText('64 MiB').count()).toBe(5);
    expect(await faults()).toEqual([]);

    const written = way(page).locator('li.on-kernel').first().getByRole('button');
    expect(((await written.textContent()) ?? '').replaceAll('\u200b', '')).toMatch(
      /^memory\.(max|limit_in_bytes) = 67108864$/,
    );
    await written.click();
    await evidence(page).getByText('Observed: seen at the moment it happened.').waitFor();
    expect(await evidence(page).locator('.call-name').textContent()).toMatch(/^memory\..* = 67108864$/);
    await evidence(page).getByRole('button', { name: 'Back to --memory' }).click();
    await way(page).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('lists what was asked for before what was not, and unfolds one at a time by keyboard', async () => {
    const { page, errors } = await run();
    await openFlags(page);
    const titles = () => evidence(page).locator('.flag-line > button > .mono').allInnerTexts();
    expect((await titles()).slice(0, 2)).toEqual(['--memory', '--user']);
    expect(await titles()).toContain('--pids-limit');
    await evidence(page)
      .getByRole('button', { name: /^--user/ })
      .focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => way(page).getByText('setuid = 1000').count()).toBe(1);
    await evidence(page)
      .getByRole('button', { name: /^--hostname/ })
      .click();
    await expect.poll(() => evidence(page).getByRole('list', { name: 'The way of --user' }).count()).toBe(0);
    await way(page).getByText('was not given').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows no more than the moment that is looked at knows', async () => {
    const { page } = await run();
    await openFlags(page);
    await evidence(page)
      .getByRole('button', { name: /^--memory/ })
      .click();
    expect(await way(page).locator('li.is-link').count()).toBe(5);
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => way(page).locator('li.is-link').count()).toBeLessThan(3);
    expect(await way(page).getByText('has not come to this yet').count()).toBe(3);
    await page.context().close();
  });

  it('can be read on a phone, without anything cut off at its side', async () => {
    const { page, faults } = await run({
      viewport: { width: 390, height: 844 },
      isMobile: true,
      hasTouch: true,
    });
    await page.getByRole('button', { name: 'Evidence', exact: true }).click();
    await openFlags(page);
    await evidence(page)
      .getByRole('button', { name: /^--memory/ })
      .click();
    await way(page).waitFor();
    const wide = await evidence(page).evaluate((card) => card.scrollWidth - card.clientWidth);
    expect(wide).toBe(0);
    expect(await faults()).toEqual([]);
    await page.context().close();
  });
});
