import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const parsed = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** This underdock's version. */
export const VERSION = parsed.version;

/** Where the build puts the page. */
export const PAGE_FOLDER = fileURLToPath(new URL('../../../web/dist', import.meta.url));

/** Where the recorded traces lie that come with underdock, and their list. */
export const GALLERY_FOLDER = fileURLToPath(new URL('../../../../gallery', import.meta.url));
