import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** A page that remembers what went wrong in it. */
export interface WatchedPage {
  page: Page;
  /** Errors of scripts and of the console. */
  errors: string[];
  /** Serious faults for people with screen readers or without a mouse, by axe. */
  faults(): Promise<string[]>;
}

/** Debian's Chromium, without its talk to the outside. */
export function openBrowser(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      ...args,
    ],
  });
}

/** A new page in a browser profile of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 720 },
    colorScheme: 'dark',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    errors,
    async faults() {
      // Only faults are wanted, and from this one frame: without another page to gather results in it takes a quarter of the time.
      const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] });
      const { violations } = await axe.analyze();
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
    },
  };
}

/** The story's sentences, in order. */
export function sentences(page: Page): Promise<string[]> {
  return page.locator('.story .sentence').allInnerTexts();
}

/** What is written in the picture, in painting order. */
export function picture(page: Page): Promise<string[]> {
  return page.locator('.dive text').allTextContents();
}

/** Waits until the run that is shown is in a state, in the words of the page. */
export async function untilState(page: Page, words: string | RegExp): Promise<void> {
  await page.locator('.run-actions [role=status]', { hasText: words }).waitFor({ timeout: 60_000 });
}

/** Starts a command line from the form. */
export async function runFromForm(page: Page, command: string): Promise<void> {
  await page.getByRole('button', { name: 'New run' }).click();
  await page.getByLabel('The command, as one would type it').fill(command);
  await page.getByRole('dialog').getByRole('button', { name: 'Run it' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}
