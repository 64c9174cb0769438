import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Page } from 'playwright-core';
import { PAGE_FOLDER } from '../../apps/agent/src/cli/about.ts';
import { openBrowser, openPage } from '../e2e/browser.ts';
import { longTrace, packed } from '../fakes/longTrace.ts';

/** A trace of a busy host in real Chromium: how long it takes to open, to seek, to step back, what a scrub drops. */
const EVENTS = Number(process.env.UNDERDOCK_BENCH_EVENTS ?? 200_000);
const SEEKS = 100;
/** Pointer moves of one scrub from end to end and back. */
const MOVES = 120;
const FRAME_MS = 1000 / 60;

const trace = await longTrace(EVENTS);
const file = packed(trace);
const app = express();
app.get('/long.chain.gz', (_req, res) => void res.type('application/octet-stream').send(file));
app.use(express.static(PAGE_FOLDER));
const server = createServer(app);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const site = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const browser = await openBrowser(['--enable-precise-memory-info', '--js-flags=--expose-gc']);
try {
  const megabytes = (file.length / 1e6).toFixed(1);
  console.log(`${EVENTS} events, ${megabytes} MB packed, Chromium ${browser.version()}`);
  await measure();
} finally {
  await browser.close();
  server.close();
}

async function measure(): Promise<void> {
  const began = performance.now();
  const { page, errors } = await openPage(browser, `${site}?trace=long.chain.gz`);
  await page.locator('.sentence').first().waitFor();
  const firstMs = performance.now() - began;
  const whole = `of ${(trace.events.at(-1)!.at / 1000).toFixed(3)} s`;
  await page.locator('.instant', { hasText: whole }).waitFor();
  line('first step shown', firstMs);
  line('whole trace there', performance.now() - began);
  for (const level of ['1', '2', '3']) {
    await page.keyboard.press(level);
    await settled(page);
    report(`level ${level}: seek anywhere`, await seeks(page));
    report(`level ${level}: step back`, await steps(page, 'ArrowLeft'));
    scrubbed(`level ${level}: scrub`, await scrub(page));
  }
  await page.keyboard.press('t');
  await page.locator('.timeline canvas').waitFor();
  await settled(page);
  scrubbed('level 3, timeline open: scrub', await scrub(page));
  const heap = await page.evaluate(() => {
    (globalThis as { gc?: () => void }).gc?.();
    return (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize;
  });
  console.log(`  ${'memory'.padEnd(34)} ${(heap / 1e6).toFixed(0)} MB of JavaScript heap`);
  if (errors.length > 0) throw new Error(`the page had errors: ${errors.join('; ')}`);
}

/** From a real click on the lanes to the frame in which it is drawn, ms. */
async function seeks(page: Page): Promise<number[]> {
  const box = (await page.locator('.lane-area').boundingBox())!;
  await noteFrames(page, 'pointerdown');
  let x = 1;
  for (let i = 0; i < SEEKS; i++) {
    x = (x * 48_271) % 2_147_483_647;
    await page.mouse.click(box.x + 2 + (x / 2_147_483_647) * (box.width - 4), box.y + 20);
    await drawn(page, i);
  }
  return noted(page);
}

/** From a real key to the frame in which the step is drawn, ms. */
async function steps(page: Page, key: string): Promise<number[]> {
  await page.keyboard.press('End');
  await settled(page);
  await noteFrames(page, 'keydown');
  for (let i = 0; i < SEEKS; i++) {
    await page.keyboard.press(key);
    await drawn(page, i);
  }
  return noted(page);
}

/** The times between frames while a pointer drags the play position from end to end and back, ms. */
async function scrub(page: Page): Promise<number[]> {
  const needle = page.locator('.timeline .time-needle');
  const inTimeline = await needle.isVisible();
  const box = (await page.locator(inTimeline ? '.timeline-canvas' : '.lane-area').boundingBox())!;
  const from = inTimeline ? (await needle.boundingBox())! : { x: box.x, y: box.y + 15, width: 4 };
  await page.mouse.move(from.x + from.width / 2, from.y + 5);
  await page.mouse.down();
  await page.evaluate(() => {
    const frames: number[] = [];
    Object.assign(globalThis, { frames });
    let last = performance.now();
    requestAnimationFrame(function next() {
      const now = performance.now();
      frames.push(now - last);
      last = now;
      if ((globalThis as unknown as { frames?: number[] }).frames === frames) requestAnimationFrame(next);
    });
  });
  for (let i = 0; i <= MOVES; i++) {
    const part = 1 - Math.abs(1 - (2 * i) / MOVES);
    await page.mouse.move(box.x + 2 + part * (box.width - 4), from.y + 5);
  }
  await page.mouse.up();
  return page.evaluate(() => {
    const { frames } = globalThis as unknown as { frames: number[] };
    Object.assign(globalThis, { frames: undefined });
    return frames.slice(1);
  });
}

async function noteFrames(page: Page, type: string): Promise<void> {
  await page.evaluate((event) => {
    const noted: number[] = [];
    Object.assign(globalThis, { noted });
    addEventListener(
      event,
      () => {
        const began = performance.now();
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => noted.push(performance.now() - began);
          port2.postMessage(undefined);
        });
      },
      { capture: true },
    );
  }, type);
}

/** Waits for the frame of the act with this index: who reads acts again when he has seen something. */
async function drawn(page: Page, index: number): Promise<void> {
  await page.waitForFunction((at) => (globalThis as unknown as { noted: number[] }).noted.length > at, index);
}

async function noted(page: Page): Promise<number[]> {
  await settled(page);
  return page.evaluate(() => [...(globalThis as unknown as { noted: number[] }).noted]);
}

/** Waits until the page has nothing more to do. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve, { timeout: 30_000 })));
}

function report(name: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
  console.log(
    `  ${name.padEnd(34)} median ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, to the frame drawn (${times.length})`,
  );
}

function scrubbed(name: string, frames: readonly number[]): void {
  const dropped = frames.reduce((sum, ms) => sum + Math.max(0, Math.round(ms / FRAME_MS) - 1), 0);
  const longest = Math.max(...frames);
  console.log(
    `  ${name.padEnd(34)} ${dropped} frames dropped of ${frames.length + dropped}, longest ${longest.toFixed(0)} ms`,
  );
}

function line(name: string, ms: number): void {
  console.log(`  ${name.padEnd(34)} ${(ms / 1000).toFixed(2)} s`);
}
