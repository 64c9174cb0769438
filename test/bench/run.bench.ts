import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startAgent, underdock } from '../live/commandLine.ts';
import { HIDE_V2 } from '../live/hideV2.ts';
import { must } from '../live/umociImage.ts';
import { startDockerEngine } from './dockerEngine.ts';
import { estimate, interleave, ratio, shown } from './pairs.ts';

const ROUNDS = Number(process.env.UNDERDOCK_BENCH_ROUNDS ?? 20);

/** `run … true` with everything cached: underdock with crun (watched), docker run, and crun by itself. */
const folder = mkdtempSync(join(tmpdir(), 'underdock-bench-'));
const agent = await startAgent();
const engine = await startDockerEngine(join(folder, 'engine'));
try {
  const rootfs = makeRootfs();
  engine.docker(
    ['import', '-', 'busy'],
    spawnSync('tar', ['-C', rootfs, '-c', '.'], { maxBuffer: 1e8 }).stdout,
  );
  const times = await interleave(
    { 'underdock run': cli, 'POST /api/runs': http, 'docker run': docker, 'crun run': crun },
    ROUNDS,
  );
  console.log(`cached run of true, wall time, ${ROUNDS} interleaved rounds, median (95 % interval)`);
  for (const [name, samples] of Object.entries(times))
    console.log(`  ${name.padEnd(16)} ${shown(estimate(samples), ' ms')}`);
  for (const ours of ['underdock run', 'POST /api/runs']) {
    for (const peer of ['docker run', 'crun run'])
      console.log(`  ${ours} / ${peer}: ${shown(ratio(times, ours, peer))}`);
  }
} finally {
  await engine.close();
  await agent.close();
  rmSync(folder, { recursive: true, force: true });
}

async function cli(): Promise<void> {
  const said = await underdock([
    'run',
    '--state',
    agent.stateDir,
    '--via',
    'embedded',
    '--runtime',
    'crun',
    'starter',
    'true',
  ]);
  if (said.exitCode !== 0) throw new Error(`underdock run: ${said.stderr}`);
}

/** The engine without the command line's own start: asked over HTTP, finished when the run says so. */
async function http(): Promise<void> {
  const base = new URL(agent.url);
  const headers = {
    authorization: `Bearer ${base.searchParams.get('token')}`,
    'content-type': 'application/json',
  };
  const body = JSON.stringify({ image: 'starter', command: ['true'], via: 'embedded', runtime: 'crun' });
  const made = await fetch(new URL('api/runs', base), { method: 'POST', headers, body });
  const { id } = (await made.json()) as { id: string };
  for (;;) {
    const answer = await fetch(new URL(`api/runs/${id}`, base), { headers });
    const { state } = (await answer.json()) as { state: string };
    if (state === 'finished') return;
    if (state === 'failed') throw new Error(`run ${id} failed`);
    await pause(2);
  }
}

async function docker(): Promise<void> {
  engine.docker(['run', '--rm', '--network', 'none', 'busy', '/bin/true']);
}

async function crun(): Promise<void> {
  const args = [
    '-m',
    'sh',
    '-c',
    HIDE_V2,
    'sh',
    'crun',
    '--root',
    join(folder, 'crun'),
    'run',
    '-b',
    join(folder, 'bundle'),
  ];
  must('unshare', [...args, `bench-${process.hrtime.bigint()}`]);
}

/** A bundle of busybox for crun itself; the same tree becomes docker's image. */
function makeRootfs(): string {
  const bundle = join(folder, 'bundle');
  const bin = join(bundle, 'rootfs', 'bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync('/bin/busybox', join(bin, 'busybox'));
  for (const name of ['sh', 'true']) symlinkSync('busybox', join(bin, name));
  must('crun', ['spec', '-b', bundle]);
  const file = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  config.process.args = ['/bin/true'];
  config.process.terminal = false;
  writeFileSync(file, JSON.stringify(config));
  return join(bundle, 'rootfs');
}
