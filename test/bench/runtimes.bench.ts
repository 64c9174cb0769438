import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundle } from '../live/bundle.ts';
import { HIDE_V2 } from '../live/hideV2.ts';
import { estimate, quantile, shown } from './pairs.ts';

const PAIRS = Number(process.env.UNDERDOCK_BENCH_ROUNDS ?? 20);
const RUNTIMES = ['runc', 'crun'] as const;
const VERBS = ['create', 'start', 'delete'] as const;
type Runtime = (typeof RUNTIMES)[number];
type Times = Record<(typeof VERBS)[number] | 'all three', number>;

/** One bundle, the same commands, in pairs whose order turns: what one runtime needs as a multiple of what the other needs. */
const folder = mkdtempSync(join(tmpdir(), 'underdock-bench-'));
const bundle = makeBundle({ command: ['/bin/sh', '-c', 'exit 0'] });
const times: Record<Runtime, Times[]> = { runc: [], crun: [] };
try {
  for (let pair = -1; pair < PAIRS; pair++) {
    for (const runtime of pair % 2 === 0 ? RUNTIMES : RUNTIMES.toReversed()) {
      const time = once(runtime);
      if (pair >= 0) times[runtime].push(time);
    }
  }
  tell();
} finally {
  bundle.remove();
  rmSync(folder, { recursive: true, force: true });
}

/** Both begin in a mount namespace of their own: crun needs one on hybrid cgroups, and runc is to pay for it as well. */
function once(runtime: Runtime): Times {
  const id = `bench-${process.hrtime.bigint()}`;
  const call = (...words: string[]) => {
    const began = performance.now();
    const root = join(folder, runtime);
    const args = ['-m', 'sh', '-c', HIDE_V2, 'sh', runtime, '--root', root, ...words];
    // A pipe would be held open by the container.
    const { status } = spawnSync('unshare', args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${runtime} ${words.join(' ')} ended with ${status}`);
    return performance.now() - began;
  };
  const create = call('create', '--bundle', bundle.folder, id);
  const start = call('start', id);
  const gone = call('delete', '--force', id);
  return { create, start, delete: gone, 'all three': create + start + gone };
}

function tell(): void {
  console.log(`runc and crun on one bundle, ${PAIRS} pairs in turning order, wall time`);
  for (const what of [...VERBS, 'all three'] as const) {
    for (const runtime of RUNTIMES)
      console.log(
        `  ${what.padEnd(10)} ${runtime}  ${shown(estimate(times[runtime].map((one) => one[what])), ' ms')}`,
      );
    const ratios = times.runc.map((one, pair) => one[what] / times.crun[pair]![what]);
    console.log(`  ${what.padEnd(10)} runc / crun  ${shown(estimate(ratios))}, ${spread(ratios)}`);
  }
  console.log('  (median and its 95 % interval; then the middle half of the pairs, and all of them)');
}

function spread(ratios: readonly number[]): string {
  const sorted = ratios.toSorted((a, b) => a - b);
  const at = (q: number) => quantile(sorted, q).toFixed(2);
  return `half of the pairs ${at(0.25)} to ${at(0.75)}, all ${at(0)} to ${at(1)}`;
}
