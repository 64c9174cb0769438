import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureSystemPackages } from '../../test/runner/packages.ts';
import { ENTRIES } from '../entries.ts';
import { writeListing } from './listing.ts';
import { recordInMachine } from './machine.ts';
import { apart } from './place.ts';

const GALLERY = fileURLToPath(new URL('..', import.meta.url));
const ENTER = fileURLToPath(new URL('./enter.ts', import.meta.url));

/** `npm run record-gallery [NAMES…]`: records the traces that are named, or all. Returns the exit code. */
async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !ENTRIES.some((entry) => entry.name === name));
  if (unknown.length > 0) {
    const known = ENTRIES.map(({ name }) => name).join(', ');
    console.error(`underdock: the gallery has no ${unknown.join(', ')}; there are: ${known}`);
    return 2;
  }
  if (process.geteuid?.() !== 0) {
    console.error('underdock: recording the gallery makes containers and watches the kernel: run it as root');
    return 1;
  }
  await ensureSystemPackages();
  const wanted = ENTRIES.filter(({ name }) => names.length === 0 || names.includes(name));
  const namesOn = (place: string) => wanted.filter(({ on }) => on === place).map(({ name }) => name);
  const code = recordHere(namesOn('host'));
  const failed = await recordInMachine(namesOn('machine'), GALLERY);
  await writeListing(GALLERY);
  return failed > 0 ? 1 : code;
}

function recordHere(names: readonly string[]): number {
  if (names.length === 0) return 0;
  const [file = '', ...argv] = apart([process.execPath, ENTER, ...names]);
  return spawnSync(file, argv, { stdio: 'inherit' }).status ?? 1;
}

process.exitCode = await main(process.argv.slice(2));
