import { readdirSync } from 'node:fs';
import { ensureSystemPackages } from './packages.ts';
import { call } from './process.ts';

/** Runs every test/bench/*.bench.ts, or those whose names hold one of the words given. */
export async function bench(words: string[]): Promise<number> {
  await ensureSystemPackages();
  const files = readdirSync('test/bench').filter((name) => name.endsWith('.bench.ts'));
  const chosen = files.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
  if (chosen.length === 0) {
    console.error(`no bench is named so; there are ${files.join(', ')}`);
    return 2;
  }
  let worst = 0;
  for (const file of chosen) worst = Math.max(worst, await call(process.execPath, [`test/bench/${file}`]));
  return worst;
}
