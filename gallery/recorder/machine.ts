import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { debianImage } from '../../test/vm/debianImage.ts';
import { houseImages } from '../../test/vm/houseImages.ts';
import { boot } from '../../test/vm/machine.ts';
import { ensureHostPackages } from '../../test/vm/packages.ts';
import { ENTRIES } from '../entries.ts';
import { keep } from './files.ts';

/** The same as `npm run test:vm` uses: what it has made needs not be made again. */
const CACHE =
  process.env.UNDERDOCK_VM_CACHE ?? fileURLToPath(new URL('../../test/.work/vm', import.meta.url));
const TIMEOUT_MS = 7_200_000;

const lineSchema = z.object({
  name: z.string(),
  said: z.array(z.string()),
  text: z.string().optional(),
  problem: z.string().optional(),
});

/**
 * Records the entries that are named inside the virtual machine, which has cgroup v2 alone (guest.ts does it there). An emulated
 * processor takes some ten minutes to begin. Resolves with how many failed.
 */
export async function recordInMachine(names: readonly string[], gallery: string): Promise<number> {
  if (names.length === 0) return 0;
  await ensureHostPackages();
  await mkdir(CACHE, { recursive: true });
  const debian = await debianImage(CACHE);
  const house = await houseImages(CACHE);
  const consoleLog = join(CACHE, `console-${process.pid}.log`);
  const kept = new Set<string>();
  try {
    const plan = { debian, house, consoleLog, only: '', gallery: names, timeoutMs: TIMEOUT_MS };
    for await (const line of boot(plan, console.log)) {
      const { name, said, text, problem } = lineSchema.parse(JSON.parse(line));
      for (const one of said) console.log(one);
      const entry = ENTRIES.find((one) => one.name === name);
      if (problem !== undefined) console.error(`  ${name} was not recorded: ${problem}`);
      if (!entry || text === undefined) continue;
      await keep(entry, text, gallery);
      kept.add(name);
    }
    if (kept.size < names.length) console.error(`the console said: ${await lastWords(consoleLog)}`);
  } finally {
    await rm(house.sources, { force: true });
    await rm(consoleLog, { force: true });
  }
  return names.filter((name) => !kept.has(name)).length;
}

async function lastWords(consoleLog: string): Promise<string> {
  const said = await readFile(consoleLog, 'utf8').catch(() => 'nothing');
  return said.trim().split('\n').slice(-15).join('\n');
}
