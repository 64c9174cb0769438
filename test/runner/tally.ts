import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { call } from './process.ts';

interface Count {
  passed: number;
  failed: number;
  skipped: number;
  /** Tests of what an issue asks for only where it is found, by what is not on this machine. */
  absent?: Readonly<Record<string, number>>;
  /** What failed, each with the beginning of its reason. */
  failures?: readonly string[];
}

/** A reason is shown to this length: who reads only the end of a long log still learns what to look at. */
const REASON_CHARACTERS = 600;

const reportSchema = z.object({
  success: z.boolean(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number().optional(),
  testResults: z
    .array(
      z.object({
        name: z.string(),
        /** Why the file as a whole failed, where no single test did. */
        message: z.string().default(''),
        assertionResults: z.array(
          z.object({
            fullName: z.string(),
            status: z.string(),
            failureMessages: z.array(z.string()).nullish(),
            meta: z.object({ notOnThisMachine: z.string() }).optional().catch(undefined),
          }),
        ),
      }),
    )
    .default([]),
});

/** Adds up what several test programs say and prints one closing line for all of them. */
export class Tally {
  #rows: { name: string; count: Count; seconds: number }[] = [];

  add(name: string, count: Count, seconds = 0): void {
    this.#rows.push({ name, count, seconds });
  }

  /** Runs one vitest project. A project that runs no test at all has failed. */
  async vitest(project: string): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'underdock-report-'));
    const file = join(folder, 'report.json');
    const began = performance.now();
    const args = [
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile=${file}`,
    ];
    const code = await call('node_modules/.bin/vitest', args);
    this.add(project, readCount(file, code), (performance.now() - began) / 1000);
    rmSync(folder, { recursive: true });
  }

  /** Prints the table and the closing line; the exit code. With CI=true a skipped test is a failure. */
  close(): number {
    const total: Count = { passed: 0, failed: 0, skipped: 0 };
    for (const { name, count } of this.#rows)
      for (const failure of count.failures ?? []) console.log(`\nfailed in ${name}: ${failure}`);
    console.log('');
    for (const { name, count, seconds } of this.#rows) {
      console.log(
        `${name.padEnd(16)} ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped (${seconds.toFixed(0)} s)`,
      );
      for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += count[key];
    }
    for (const { name, count } of this.#rows)
      for (const [what, tests] of Object.entries(count.absent ?? {}))
        console.log(
          `not on this machine: ${what} (${tests} ${tests === 1 ? 'test' : 'tests'} of ${name}, counted apart)`,
        );
    if (process.env.CI === 'true' && total.skipped > 0) {
      console.log(`${total.skipped} tests were skipped: with CI=true that is a failure`);
      total.failed += total.skipped;
      total.skipped = 0;
    }
    console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
    return total.failed === 0 && total.passed > 0 ? 0 : 1;
  }
}

function readCount(file: string, code: number): Count {
  try {
    const report = reportSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    const failed = report.numFailedTests + (code !== 0 && report.numFailedTests === 0 ? 1 : 0);
    const absent: Record<string, number> = {};
    for (const { meta } of report.testResults.flatMap(({ assertionResults }) => assertionResults))
      if (meta) absent[meta.notOnThisMachine] = (absent[meta.notOnThisMachine] ?? 0) + 1;
    const apart = Object.values(absent).reduce((sum, tests) => sum + tests, 0);
    const none = report.numPassedTests + failed === 0 ? 1 : 0;
    return {
      passed: report.numPassedTests,
      failed: failed + none,
      skipped: report.numPendingTests + (report.numTodoTests ?? 0) - apart,
      absent,
      failures: report.testResults.flatMap(failuresOf),
    };
  } catch (error) {
    console.error(`no report of the test run: ${(error as Error).message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function failuresOf(file: z.infer<typeof reportSchema>['testResults'][number]): string[] {
  const failed = file.assertionResults.filter(({ status }) => status === 'failed');
  const where = relative(process.cwd(), file.name);
  return [
    ...(file.message === '' ? [] : [`${where}\n${short(file.message)}`]),
    ...failed.map(
      ({ fullName, failureMessages }) =>
        `${where} > ${fullName}\n${short((failureMessages ?? []).join('\n'))}`,
    ),
  ];
}

function short(reason: string): string {
  const lines = stripVTControlCharacters(reason).trim().split('\n');
  const plain = lines.filter((line) => !line.includes('node_modules/')).join('\n');
  return plain.length <= REASON_CHARACTERS ? plain : `${plain.slice(0, REASON_CHARACTERS)} …`;
}
