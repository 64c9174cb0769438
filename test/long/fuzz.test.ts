import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { collectTrace, TraceError } from '@underdock/trace';
import { expect, test } from 'vitest';
import { unpacked } from '../../apps/agent/src/unpacked.ts';
import { RecordedTrace } from '../../apps/web/src/source/recordedTrace.ts';
import { mutateBytes, randomFrom } from '../trace/mutations.ts';
import { readMutated } from '../trace/readMutated.ts';
import { sampleText } from '../trace/sample.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Memory that is still held (bytes) once all garbage is gone. */
function held(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const packed = readFileSync(new URL('../fixtures/traces/docker-run.chain.gz', import.meta.url));
/** The beginning of a real trace: whole, it would take an hour. */
const real = gunzipSync(packed).toString().split('\n').slice(0, 40).join('\n');

test('a hundred thousand mutated traces are read without a crash, a hang, or memory that grows', async () => {
  await readMutated(sampleText(), 1, 1000);
  const before = held();
  await readMutated(sampleText(), 1, 80_000);
  await readMutated(`${real}\n`, 100_001, 20_000);
  const grown = (held() - before) / 2 ** 20;
  console.log(`the heap has grown by ${grown.toFixed(1)} MiB over 100,000 traces`);
  expect(grown).toBeLessThan(20);
});

test('five thousand damaged files are opened by the page’s reader and by the agent’s', async () => {
  const before = held();
  for (let seed = 1; seed <= 5000; seed++) {
    const bytes = mutateBytes(packed, randomFrom(seed));
    const file = { name: 'a', open: async () => new Blob([bytes as Uint8Array<ArrayBuffer>]).stream() };
    const page = new RecordedTrace(file, async () => {});
    await page.done;
    const { header, problem } = page.snapshot();
    expect(header ?? problem, `seed ${seed}`).toBeDefined();
    await collectTrace(textOf(bytes)).catch((error: unknown) => {
      const code = (error as NodeJS.ErrnoException).code;
      if (!(error instanceof TraceError) && !code?.startsWith('Z_'))
        throw new Error(`seed ${seed}`, { cause: error });
    });
  }
  expect((held() - before) / 2 ** 20).toBeLessThan(20);
});

async function* textOf(bytes: Uint8Array): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of unpacked(new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()))
    yield decoder.decode(chunk, { stream: true });
}
