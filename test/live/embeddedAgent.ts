// An agent without a page, to be killed: runs one request in a state directory. Arguments: folder, request as JSON.
import { runRequestSchema } from '@underdock/trace';
import { createWeave } from '@underdock/weave';
import { createReadBack } from '../../apps/agent/src/layers/6-process/readBack.ts';
import type { KernelWatch } from '../../apps/agent/src/layers/watcher.ts';
import { createRuns } from '../../apps/agent/src/run/agentRuns.ts';
import { describeHost } from '../../apps/agent/src/run/host.ts';
import { openEmbedded } from '../../apps/agent/src/via/embedded/openEmbedded.ts';

const [stateDir = '', text = '{}'] = process.argv.slice(2);
const { stopWhenRunning, ...request } = JSON.parse(text);

/** The kernel's watcher takes seconds to load and has nothing to do with what is tested here. */
const nothing: KernelWatch = {
  layer: 'kernel',
  name: 'none',
  state: { layer: 'kernel', name: 'none', state: 'missing', why: 'not started by this test' },
  start: async () => nothing.state,
  follow: () => () => {},
  settle: async () => {},
  stop: async () => {},
  wrap: (argv) => [...argv],
};

const embedded = await openEmbedded({ stateDir });
const runs = createRuns({
  stateDir,
  allowedMounts: [],
  vias: [embedded.via],
  host: await describeHost(),
  createWeave,
  watch: nothing,
  look: createReadBack(),
});
const run = await runs.start(runRequestSchema.parse(request), 'cli');
run.attach((stream, bytes) => process[stream].write(bytes));
if (stopWhenRunning) {
  runs.onChange(() => {
    if (run.summary().state === 'running') void run.stop({ graceMs: 60_000 });
  });
}
await run.done;
await runs.close();
embedded.close();
