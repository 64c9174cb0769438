import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianImage } from './debianImage.ts';
import { houseImages } from './houseImages.ts';
import { type Check, judge } from './judgement.ts';
import { boot } from './machine.ts';
import { ensureHostPackages } from './packages.ts';
import { type Report, reportSchema, SCENARIOS } from './report.ts';

const CACHE = process.env.UNDERDOCK_VM_CACHE ?? fileURLToPath(new URL('../.work/vm', import.meta.url));
const TIMEOUT_MS = Number(process.env.UNDERDOCK_VM_TIMEOUT_S ?? 7200) * 1000;

/**
 * `npm run test:vm [FILTER]`: the embedded chain on pure cgroup v2, inside Debian's kernel in qemu. FILTER picks the
 * scenarios whose name contains it. Ends with `N passed, N failed` and exit code 0 or 1.
 */
async function main(only: string): Promise<number> {
  const wanted = SCENARIOS.filter(({ name }) => name.includes(only));
  if (wanted.length === 0) {
    console.error(`no scenario is named ${only}; there are: ${SCENARIOS.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  await ensureHostPackages();
  await mkdir(CACHE, { recursive: true });
  const debian = await debianImage(CACHE);
  const house = await houseImages(CACHE);
  const consoleLog = join(CACHE, `console-${process.pid}.log`);
  const tally = { passed: 0, failed: 0, done: new Set<string>() };
  try {
    const plan = { debian, house, consoleLog, only, timeoutMs: TIMEOUT_MS };
    for await (const line of boot(plan, console.log)) await take(line, tally);
  } catch (error) {
    count(tally, 'machine', [{ name: 'runs to its end', fault: (error as Error).message }]);
  } finally {
    await rm(house.sources, { force: true });
  }
  for (const { name } of wanted.filter(({ name }) => !tally.done.has(name)))
    count(tally, name, [{ name: 'is done', fault: 'the machine went off before it reported' }]);
  await keepConsole(consoleLog, tally.failed > 0);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 ? 0 : 1;
}

type Tally = { passed: number; failed: number; done: Set<string> };

async function take(line: string, tally: Tally): Promise<void> {
  const report: Report = reportSchema.parse(JSON.parse(line));
  if (report.kind === 'up') {
    console.log(
      `up after ${seconds(report.uptimeMs)}: Linux ${report.kernel}, controllers ${report.controllers}`,
    );
    const pure = report.mounts.length === 1 && report.mounts[0]?.includes(' cgroup2 ');
    count(tally, 'machine', [
      { name: 'has cgroup v2 alone', fault: pure ? undefined : report.mounts.join('; ') },
    ]);
  } else if (report.kind === 'outcome') {
    const scenario = SCENARIOS.find(({ name }) => name === report.scenario)!;
    tally.done.add(scenario.name);
    count(tally, `${scenario.name} (${seconds(report.ms)})`, await judge(scenario, report));
    if (process.env.UNDERDOCK_VM_KEEP) await keep(scenario.name, report);
  }
}

function count(tally: Tally, title: string, checks: Check[]): void {
  console.log(title);
  for (const { name, fault } of checks) {
    console.log(fault === undefined ? `  ok      ${name}` : `  FAILED  ${name}: ${fault}`);
    tally[fault === undefined ? 'passed' : 'failed']++;
  }
}

/** With UNDERDOCK_VM_KEEP=FOLDER the traces and what was said on standard error are kept for looking at. */
async function keep(name: string, report: Extract<Report, { kind: 'outcome' }>): Promise<void> {
  const base = join(process.env.UNDERDOCK_VM_KEEP!, name.replaceAll(' ', '-'));
  await mkdir(process.env.UNDERDOCK_VM_KEEP!, { recursive: true });
  if (report.trace !== undefined) await writeFile(`${base}.chain`, report.trace);
  await writeFile(`${base}.json`, JSON.stringify({ ...report, trace: undefined }, null, 2));
}

/** The kernel's and the init's own words, where something failed. */
async function keepConsole(consoleLog: string, failed: boolean): Promise<void> {
  if (failed) {
    const kept = join(CACHE, 'console.log');
    await copyFile(consoleLog, kept).catch(() => undefined);
    const said = await readFile(kept, 'utf8').catch(() => 'nothing at all');
    console.log(`the console said (whole in ${kept}):\n${said.trim().split('\n').slice(-15).join('\n')}`);
  }
  await rm(consoleLog, { force: true });
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

process.exitCode = await main(process.argv[2] ?? '');
