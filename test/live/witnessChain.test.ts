import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeTrace, type TraceEvent, verifyTrace } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  actsOfTrace,
  actsOfWitness,
  compareActs,
  lineageOf,
  startWitness,
  type Testimony,
} from './witness.ts';

const UNDERDOCK = fileURLToPath(new URL('../../bin/underdock', import.meta.url));
const RUNTIMES = ['runc', 'crun', 'by-hand'];
const ATTEMPTS = 3;

interface ChainRun {
  exitCode: number | null;
  stdout: string;
  text: string;
  events: TraceEvent[];
}

let folder: string;
let testimony: Testimony;
const runs = new Map<string, ChainRun>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-chain-'));
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const witness = await startWitness();
    for (const runtime of RUNTIMES) runs.set(runtime, await runChain(runtime));
    testimony = await witness.end();
    if (testimony.lost === 0) return;
  }
  throw new Error(`the witness lost ${testimony.lost} records, ${ATTEMPTS} times over`);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function runChain(runtime: string): Promise<ChainRun> {
  const file = join(folder, `${runtime}.chain`);
  const flags = ['--state', join(folder, 'state'), '--record', file, '--runtime', runtime, '-m', '64m'];
  const args = ['run', '--via', 'embedded', ...flags, 'starter', '/bin/sh', '-c', 'echo hello; exit 3'];
  const child = spawn(UNDERDOCK, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const exitCode = await new Promise<number | null>((done) => child.once('close', done));
  const text = readFileSync(file, 'utf8');
  const events: TraceEvent[] = [];
  for await (const item of decodeTrace([text])) if (item.kind === 'event') events.push(item.event);
  return { exitCode, stdout, text, events };
}

/** The processes that the trace tells of: who does something in the kernel. */
function actorsOf(events: TraceEvent[]): number[] {
  const kernel = events.filter((event) => event.layer === 'kernel' && event.grade === 'observed');
  return [...new Set(kernel.flatMap((event) => event.actor.pid ?? []))];
}

describe.each(RUNTIMES)('underdock run --runtime %s', (runtime) => {
  it('ends as the container does and leaves a whole trace', async () => {
    const run = runs.get(runtime);
    expect([run?.exitCode, run?.stdout]).toEqual([3, 'hello\n']);
    expect(await verifyTrace([run?.text ?? ''])).toMatchObject({ state: 'whole', faults: [] });
  });

  it('tells what an independent witness saw, no more and no less', () => {
    const events = runs.get(runtime)?.events ?? [];
    const acts = actsOfWitness(testimony, lineageOf(actorsOf(events), testimony.forks));
    expect(acts.length).toBeGreaterThan(30);
    const { missing, invented } = compareActs(acts, actsOfTrace(events));
    expect({ missing, invented }).toEqual({ missing: [], invented: [] });
  });
});
