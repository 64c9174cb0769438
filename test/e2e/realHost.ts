import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { startTalkativeEngine, type TalkativeEngine } from '../live/callsLab.ts';
import { type RealAgent, startRealAgent } from './agent.ts';
import { openBrowser } from './browser.ts';

/** What the tests of a file have for themselves while they run. */
export interface RealHost {
  browser: Browser;
  agent: RealAgent;
}

/** A browser and a real agent, opened before the first test of the file that calls this and closed after its last. */
export function withRealHost(): RealHost {
  return opened(async () => ({}));
}

/** The same beside a stock engine that was started by the test and not by underdock. */
export function withStockEngine(): RealHost & { engine: TalkativeEngine } {
  return opened(async () => ({ engine: await startTalkativeEngine() }));
}

function opened<T extends { engine?: TalkativeEngine }>(more: () => Promise<T>): RealHost & T {
  const host = {} as RealHost & T;
  beforeAll(async () => {
    const [browser, agent, rest] = await Promise.all([openBrowser(), startRealAgent(), more()]);
    Object.assign(host, { browser, agent }, rest);
  });
  afterAll(async () => {
    await host.browser?.close();
    await host.agent?.close();
    await host.engine?.close();
  });
  return host;
}
