import { bench } from './runner/bench.ts';
import { check } from './runner/check.ts';
import { dev } from './runner/dev.ts';
import { ensureSystemPackages } from './runner/packages.ts';
import { call } from './runner/process.ts';
import { Tally } from './runner/tally.ts';

/** What `npm test`, `npm run check|bench|dev|test:long|test:vm|record-gallery` come to, once the bootstrap has brought Node and the libraries. */
const commands: Record<string, (args: string[]) => Promise<number>> = {
  check: async () => ((await check()) ? 0 : 1),
  test,
  'test:long': long,
  'test:vm': async (args) => call(process.execPath, ['test/vm/run.ts', ...args]),
  'record-gallery': async (args) => call(process.execPath, ['gallery/recorder/main.ts', ...args]),
  bench,
  dev,
};

/** Types, lint, then unit, live and browser tests, the fastest first; closes with one line that counts them all. */
async function test(args: string[]): Promise<number> {
  const tally = new Tally();
  const began = performance.now();
  const clean = await check();
  const counted = clean ? { passed: 2, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
  tally.add('types and lint', counted, (performance.now() - began) / 1000);
  await ensureSystemPackages();
  if ((await call(process.execPath, ['bin/bootstrap.mjs', 'build'])) !== 0)
    tally.add('build', { passed: 0, failed: 1, skipped: 0 });
  for (const project of args.length > 0 ? args : ['unit', 'live', 'e2e']) await tally.vitest(project);
  return tally.close();
}

/** Soak, fuzzing at full count and scale: what `npm test` only samples. */
async function long(): Promise<number> {
  const tally = new Tally();
  await ensureSystemPackages();
  process.env.UNDERDOCK_FUZZ ??= '100000';
  process.env.UNDERDOCK_LONG = '1';
  for (const project of ['unit', 'live', 'long']) await tally.vitest(project);
  return tally.close();
}

const [name = 'test', ...args] = process.argv.slice(2);
const command = commands[name];
if (!command) {
  console.error(`underdock: no command ${name}; there are ${Object.keys(commands).join(', ')}`);
  process.exitCode = 2;
} else {
  process.exitCode = await command(args);
}
