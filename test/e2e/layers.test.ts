import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { programPath } from '../../apps/agent/src/programs.ts';
import { openPage, runFromForm, untilState } from './browser.ts';
import { withStockEngine } from './realHost.ts';

const host = withStockEngine();

const SCRIPT =
  'rm -r /usr; mkdir -p /usr/new /made; echo written > /made/note; rm /etc/motd; echo up; read line; echo more > /made/later; sleep 600';
const COMMAND = `underdock run -i --name disk starter /bin/sh -c "${SCRIPT}"`;

const sheet = (page: Page) => page.getByRole('dialog', { name: 'Layers on disk' });
const files = (page: Page) => sheet(page).getByRole('region', { name: /^Files of/ });
const slabs = (page: Page) => sheet(page).locator('.layer-head strong').allInnerTexts();
const open = (page: Page, name: string) => files(page).getByRole('button', { name, exact: true }).click();
const overflow = (page: Page) =>
  sheet(page).evaluate((top) =>
    [top, ...top.querySelectorAll('.disk, .disk-stack, .disk-files')].map(
      (one) => one.scrollWidth - one.clientWidth,
    ),
  );

async function openLayers(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Layers on disk' }).click();
  await files(page).locator('.file-tree').first().waitFor();
}

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
    await page.getByRole('button', { name: /^Runs/ }).click();
    await page.locator('.run-row', { hasText: '--name disk' }).click();
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
    await page.getByRole('button', { name: /^Runs/ }).click();
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
    await page.getByRole('button', { name: /^Runs/ }).click();
    await page.locator('.run-row', { hasText: '--name disk' }).click();
    await page.getByRole('button', { name: 'Layers on disk' }).click();
    await files(page).getByText('not for an audience').waitFor();
    expect(await slabs(page)).toHaveLength(4);
    expect(await files(page).locator('.file-tree').count()).toBe(0);
    await page.context().close();
  });
});

describe('the layers of a container that somebody types beside a page that watches', () => {
  const docker = (...args: string[]) =>
    execFileSync(programPath('docker'), ['-H', `unix://${host.engine.socket}`, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, DOCKER_BUILDKIT: '0' },
    });

  const build = () => {
    const context = join(host.engine.folder, 'context');
    mkdirSync(context);
    const steps = ['RUN mkdir /app && echo one > /app/old && echo x:y > /etc/shadow', 'RUN rm /app/old'];
    writeFileSync(join(context, 'Dockerfile'), ['FROM img', ...steps].join('\n'));
    docker('build', '-q', '--network', 'none', '-t', 'layered', context);
  };

  it('are those of the engine, with what made each, its own one between, and no passwords', async () => {
    build();
    const { page, errors } = await openPage(host.browser, host.agent.drive);
    await page.getByRole('button', { name: 'Watch', exact: true }).click();
    await page.locator('.watch-state.is-on').waitFor();
    docker(
      'run',
      '-d',
      '--name',
      'found',
      '--network',
      'none',
      'layered',
      'sh',
      '-c',
      'rm /bin/echo; sleep 600',
    );
    await page.getByRole('button', { name: /^Runs/ }).click();
    await page.locator('.run-row', { hasText: '--name found' }).click();
    await openLayers(page);
    expect(await slabs(page)).toEqual([
      'What the container changed',
      'The engine’s own',
      'Image layer 3',
      'Image layer 2',
      'Image layer 1',
    ]);
    await sheet(page).getByText('RUN rm /app/old').waitFor();
    await open(page, 'bin/');
    await files(page).getByText('deletes echo').waitFor();
    await sheet(page)
      .getByRole('button', { name: /^Image layer 2/ })
      .click();
    await open(page, 'etc/');
    await open(page, 'shadow');
    await files(page)
      .getByText('The content is not shown: by its name it holds passwords or keys.')
      .waitFor();
    docker('rm', '-f', 'found');
    await sheet(page).getByRole('button', { name: 'Read again' }).click();
    await sheet(page)
      .getByText(/can’t be opened: its folder is not there any more/)
      .first()
      .waitFor();
    expect(errors.filter((line) => !line.includes('403'))).toEqual([]);
    await page.context().close();
  });
});
