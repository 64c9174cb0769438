import type { Page } from 'playwright-core';

/** The sheet with the layers. */
export const sheet = (page: Page) => page.getByRole('dialog', { name: 'Layers on disk' });
/** The files of the layer that is chosen. */
export const files = (page: Page) => sheet(page).getByRole('region', { name: /^Files of/ });
/** What the layers are called, from the top. */
export const slabs = (page: Page) => sheet(page).locator('.layer-head strong').allInnerTexts();
/** Opens a folder or a file of the list. */
export const open = (page: Page, name: string) =>
  files(page).getByRole('button', { name, exact: true }).click();

/** Opens the sheet and waits for its first list. */
export async function openLayers(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Layers on disk' }).click();
  await files(page).locator('.file-tree').first().waitFor();
}
