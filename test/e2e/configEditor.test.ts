import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openPage, untilState } from './browser.ts';
import { withRealHost } from './realHost.ts';

const host = withRealHost();

/** The image is fetched and unpacked first; and other tests share the machine. */
const WITHIN = { timeout: 30_000 };

const editor = (page: Page) => page.getByRole('region', { name: 'config.json' });
const text = (page: Page) => editor(page).locator('textarea');

/** The form with a command on the road oci, and config.json beside it. */
async function look(options: object = {}) {
  const opened = await openPage(host.browser, host.agent.drive, options);
  const { page } = opened;
  await page.getByRole('button', { name: 'New run' }).click();
  await page
    .getByLabel('The command, as one would type it')
    .fill('underdock run --via oci --runtime runc --hostname pier starter hostname');
  await editor(page).getByRole('button', { name: 'Look at config.json before it runs' }).click();
  await expect.poll(() => text(page).inputValue(), WITHIN).toContain('"hostname": "pier"');
  return opened;
}

describe('config.json before it runs', () => {
  it('is shown with what each field is for, and where it comes from', async () => {
    const { page, errors, faults } = await look();
    const fields = editor(page).locator('.config-fields');
    await fields.getByText('No shell stands between.').waitFor();
    const hostname = fields.locator('div', { hasText: /^hostname/ });
    expect(await hostname.textContent()).toContain('from --hostname');
    expect(await faults()).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('says beside the text what is wrong with which field, and leads to it', async () => {
    const { page, errors, faults } = await look();
    const before = await text(page).inputValue();
    await text(page).fill(before.replace('"terminal": false', '"terminal": "no"'));
    const fault = editor(page).locator('.config-faults li');
    await expect
      .poll(() => fault.textContent(), WITHIN)
      .toMatch(/process\.terminal must be true or false.*"no".*line \d+/);
    await fault.getByRole('button').click();
    const chosen = () =>
      text(page).evaluate((area: HTMLTextAreaElement) =>
        area.value.slice(area.selectionStart, area.selectionEnd),
      );
    expect(await chosen()).toMatch(/^"terminal": "no"/);
    await text(page).fill(before.replace('"noNewPrivileges": true', '"noNewPrivileges": false'));
    await expect.poll(() => fault.textContent(), WITHIN).toContain('--allow-config');
    expect(await faults()).toEqual([]);
    await text(page).fill(before);
    await editor(page).getByText('It holds to the OCI runtime spec').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('runs as it was edited, and the bands of this road say who is not there', async () => {
    const { page, errors } = await look();
    await text(page).fill((await text(page).inputValue()).replace('"pier"', '"from-the-editor"'));
    await editor(page).getByText('Edited: this text runs').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Run it' }).click();
    await untilState(page, 'exit code 0');
    await page.getByText('from-the-editor').first().waitFor();
    await page
      .locator('.dive')
      .getByText(/^not on this road/)
      .first()
      .waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
