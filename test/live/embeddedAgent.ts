// An agent without a page, to be killed: runs one request in a state directory. Arguments: folder, request as JSON.
import { runRequestSchema } from '@underdock/trace';
import { openRuns } from '../../apps/agent/src/run/openRuns.ts';
import { watchNothing } from './embeddedLab.ts';

const [stateDir = '', text = '{}'] = process.argv.slice(2);
const { stopWhenRunning, allowAll, ...request } = JSON.parse(text);

const { runs, close } = await openRuns({
  stateDir,
  allowedMounts: allowAll ? ['/'] : [],
  watch: watchNothing,
  calls: [],
});
const run = await runs.start(runRequestSchema.parse(request), 'cli');
run.attach((stream, bytes) => process[stream].write(bytes));
if (stopWhenRunning) {
  runs.onChange(() => {
    if (run.summary().state === 'running') void run.stop({ graceMs: 60_000 });
  });
}
const { exitCode, error } = await run.done;
if (error) process.stderr.write(`${error.code}: ${error.message}\n`);
await close();
process.exitCode = exitCode;
