import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

// For the programs that tests start, some hundred of them. Compiled once, each starts a third faster; and where much else goes
// on, a probe takes its time to load.
const env = { NODE_COMPILE_CACHE: resolve('.tools/compile-cache'), UNDERDOCK_PROBE_START_MS: '90000' };

// Pure tests run on every processor. Live and browser tests share the machine's kernel: two files at a time, as they mostly
// wait for daemons, probes and browsers. Each tells its own containers, engines and pages from those of the other.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{live,e2e,long,bench,vm,.work}/**'],
          testTimeout: 20_000,
          // Nothing in them outlives its own file: modules are loaded once a worker, which halves the processor's time.
          isolate: false,
          maxWorkers: availableParallelism(),
        },
      },
      {
        test: {
          name: 'live',
          include: ['test/live/**/*.test.ts'],
          maxWorkers: 2,
          env,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          maxWorkers: 2,
          env,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          fileParallelism: false,
          env,
          sequence: { groupOrder: 3 },
          testTimeout: 1_800_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
