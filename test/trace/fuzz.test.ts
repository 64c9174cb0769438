import { expect, test } from 'vitest';
import { readMutated } from './readMutated.ts';
import { sampleText } from './sample.ts';

/** A seed that failed is given by UNDERDOCK_FUZZ_SEED; a hundred thousand are read by `npm run test:long`. */
const FIRST = Number(process.env.UNDERDOCK_FUZZ_SEED ?? 1);
const COUNT = process.env.UNDERDOCK_FUZZ_SEED ? 1 : 1000;

test(`${COUNT} mutated traces are read with nothing worse than a TraceError, and each has a verdict`, async () => {
  await expect(readMutated(sampleText(), FIRST, COUNT)).resolves.toBeUndefined();
});
