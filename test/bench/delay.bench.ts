import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startPrivateEngine } from '../../apps/agent/src/daemons/privateEngine.ts';
import { programPath } from '../../apps/agent/src/programs.ts';
import { startRealAgent } from '../e2e/agent.ts';
import { openBrowser, openPage } from '../e2e/browser.ts';
import { typeCommand } from '../e2e/typeCommand.ts';
import { importBusybox } from '../live/callsLab.ts';
import { Arrivals } from './arrivals.ts';
import { quantile } from './pairs.ts';

const RUNS = Number(process.env.UNDERDOCK_BENCH_ROUNDS ?? 40);

/** How long an act takes to the browser: from its instant in the kernel to the frame that brings it into a page that watches. */
const folder = mkdtempSync(join(tmpdir(), 'underdock-delay-'));
const [engine, agent, browser] = await Promise.all([
  startPrivateEngine({ folder: join(folder, 'engine') }),
  startRealAgent(),
  openBrowser(),
]);
try {
  importBusybox(join(folder, 'engine'));
  const { page } = await openPage(browser, 'about:blank');
  const arrivals = new Arrivals(await page.context().newCDPSession(page));
  await arrivals.listen();
  await page.goto(agent.drive);
  await page.getByRole('button', { name: 'Watch', exact: true }).click();
  await page.getByRole('button', { name: 'Watching', exact: true }).waitFor();
  const run = () =>
    typeCommand(
      programPath('docker'),
      '-H',
      `unix://${engine.socket}`,
      'run',
      '--rm',
      '--network',
      'none',
      'img',
      'true',
    );
  // Nobody touches the page, so it goes from run to run as they begin.
  await run();
  await page.locator('.command-line', { hasText: 'img true' }).waitFor();
  for (let n = 0; n < RUNS; n++) {
    await run();
    await pause(2500);
  }
  const delays = arrivals.delaysMs.toSorted((a, b) => a - b);
  const at = (q: number) => quantile(delays, q).toFixed(0);
  console.log(
    `kernel act to event in the browser, ${delays.length} acts of ${RUNS} docker runs, one every 3 s:`,
  );
  console.log(`  median ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`);
} finally {
  await browser.close();
  await agent.close();
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
}
