import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import express from 'express';
import { expect, test } from 'vitest';
import { PAGE_FOLDER } from '../../apps/agent/src/cli/about.ts';
import { openBrowser, openPage } from '../e2e/browser.ts';
import { openMutated } from '../e2e/openMutated.ts';
import { house } from '../structure/house.ts';

const COUNT = 1000;
const GROWTH = 200;

test('a thousand mutated traces are opened by the page without a crash, a hang, or memory that grows', async () => {
  const server = createServer(express().use(express.static(PAGE_FOLDER)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await openBrowser(['--enable-precise-memory-info', '--js-flags=--expose-gc']);
  try {
    const text = gunzipSync(readFileSync(join(house, 'test/fixtures/traces/docker-oom.chain.gz'))).toString();
    const site = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { page, errors } = await openPage(browser, site);
    const held = () =>
      page.evaluate(() => {
        (globalThis as { gc?: () => void }).gc?.();
        const { memory } = performance as unknown as { memory: { usedJSHeapSize: number } };
        return memory.usedJSHeapSize / 2 ** 20;
      });
    await openMutated(page, text, { first: 1, count: 100 });
    const before = await held();
    await openMutated(page, text, { first: 101, count: COUNT - 100 });
    const grown = (await held()) - before;
    console.log(`the page’s heap has grown by ${grown.toFixed(0)} MiB over ${COUNT - 100} traces`);
    expect(errors).toEqual([]);
    expect(grown).toBeLessThan(GROWTH);
  } finally {
    await browser.close();
    server.close();
  }
});
