import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the house: its path from the root, with forward slashes, and its text. */
export interface HouseFile {
  path: string;
  text: string;
}

/** What a rule found: where, and in words what is wrong and what to do. */
export interface Offence {
  path: string;
  line?: number;
  what: string;
}

/** The root folder of the repository. */
export const house = fileURLToPath(new URL('../../', import.meta.url));

const OUTSIDE = new Set(['node_modules', 'dist', 'coverage', '.git', '.tools', '.work']);
const UNTRACKED = /\.(log|tsbuildinfo)$|^\.DS_Store$/;
const TEXT = /\.(ts|tsx|js|mjs|cjs|css|html|md|sh|bt|proto|json|yaml|yml|toml|txt|chain|svg)$|(^|\/)[^.]+$/;

/** Every text file that belongs to the house, new ones included: what git would track, found without git. */
export function houseFiles(): HouseFile[] {
  return walk('').map((path) => ({ path, text: readFileSync(join(house, path), 'utf8') }));
}

function walk(folder: string): string[] {
  return readdirSync(join(house, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return OUTSIDE.has(entry.name) ? [] : walk(path);
    return entry.isFile() && !UNTRACKED.test(entry.name) && TEXT.test(path) ? [path] : [];
  });
}

/** The offences as lines to read: `path:line what`. */
export function lines(offences: Offence[]): string[] {
  return offences.map(({ path, line, what }) => `${path}${line === undefined ? '' : `:${line}`} ${what}`);
}
