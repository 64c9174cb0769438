import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openPage, runFromForm, untilState } from './browser.ts';
import { files, open, openLayers, sheet, slabs } from './layersSheet.ts';
import { withRealHost } from './realHost.ts';

const host = withRealHost();

const SCRIPT =
  'rm -r /usr; mkdir -p /usr/new /made; echo written > /made/note; rm /etc/motd; echo up; read line; echo more > /made/later; sleep 600';
const COMMAND = `underdock run -i --name disk starter /bin/sh -c "${SCRIPT}"`;

const overflow = (page: Page) =>
  sheet(page).evaluate((top) =>
    [top, ...top.querySelectorAll('.disk, .disk-stack, .disk-files')].map(
      (one) => one.scrollWidth - one.clientWidth,
    ),
  );

describe('the layers of a run on disk', () => {
  it('are stacked, opened folder by folder, with marks in words and files to look at', async () => {
    const { page, errors, faults } = await openPage(host.browser, host.agent.drive);
    await runFromForm(page, COMMAND);
    await untilState(page, 'running');
    await page.getByText('up', { exact: true }).first().waitFor();
    await openLayers(page);
    expect(await slabs(page)).toEqual([
      'What the container changed',
      'Image layer 3',
      'Image layer 2',
      'Image layer 1',
    ]);
    await open(page, 'etc/');
    await files(page).getByText('deletes motd').waitFor();
    await files(page).getByText('whiteout, character device 0/0').waitFor();
    await files(page).getByText('opaque, trusted.overlay.opaque=y').waitFor();
    await open(page, 'made/');
    await open(page, 'note');
    await files(page).getByRole('region', { name: 'Content of /made/note' }).getByText('written').waitFor();
    expect(await sheet(page).locator('.mount-line dt').allInnerTexts()).toEqual(
      expect.arrayContaining(['lowerdir', 'upperdir', 'workdir', 'mounted at']),
    );
    expect(await sheet(page).locator('.lower-folder em').allInnerTexts()).toEqual([
      'Image layer 3',
      'Image layer 2',
      'Image layer 1',
    ]);
    await sheet(page).getByText('as the kernel shows them now').waitFor();
    expect(await faults()).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('show what the container writes meanwhile when they are read again, and keep open what is open', async () => {
    const { page, errors } = await openPage(host.browser, host.agent.drive);
    await page.getByRole('button', { name: /^Library/ }).click();
    await page.locator('.run-row', { hasText: '--name disk' }).click();
    // The key is for a run that is shown.
    await page.getByRole('button', { name: 'Layers on disk' }).waitFor();
    await page.keyboard.press('d');
    await open(page, 'made/');
    await files(page).getByRole('button', { name: 'note', exact: true }).waitFor();
    await sheet(page).getByRole('button', { name: 'Close' }).click();
    await page.getByLabel('Input', { exact: true }).fill('go on');
    await page.keyboard.press('Enter');
    await openLayers(page);
    await open(page, 'made/');
    await expect
      .poll(async () => {
        await sheet(page).getByRole('button', { name: 'Read again' }).click();
        return files(page).getByRole('button', { name: 'later', exact: true }).count();
      })
      .toBe(1);
    expect(errors).toEqual([]);
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
    const { page, faults } = await openPage(host.browser, host.agent.drive, options);
    await page.getByRole('button', { name: /^Library/ }).click();
    await page.locator('.run-row', { hasText: '--name disk' }).click();
    if ('isMobile' in options) await page.getByRole('button', { name: 'Evidence', exact: true }).click();
    await openLayers(page);
    await open(page, 'made/');
    await open(page, 'note');
    await files(page).getByText('written').waitFor();
    expect(Math.max(...(await overflow(page)))).toBe(0);
    expect(await faults()).toEqual([]);
    await page.context().close();
  });

  it('are shown to an audience as the trace tells them, without their files', async () => {
    const { page } = await openPage(host.browser, host.agent.watch);
    await page.getByRole('button', { name: /^Library/ }).click();
    await page.locator('.run-row', { hasText: '--name disk' }).click();
    await page.getByRole('button', { name: 'Layers on disk' }).click();
    await files(page).getByText('not for an audience').waitFor();
    expect(await slabs(page)).toHaveLength(4);
    expect(await files(page).locator('.file-tree').count()).toBe(0);
    await page.context().close();
  });
});
