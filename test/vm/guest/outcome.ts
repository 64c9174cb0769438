import { type ChildProcess, spawn } from 'node:child_process';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startWitness } from '../../live/witness.ts';
import { ASKED, type Outcome, type Scenario, type Who } from '../report.ts';
import { UNDERDOCK } from './agent.ts';
import { plainBundle } from './bundle.ts';
import { asWho, type Place, placeOf, USER } from './places.ts';
import { inventory, look } from './seen.ts';

const MARKER = 'underdock-vm-ready';
const SCRIPTS = {
  waits: `echo ${MARKER}; read line; echo got $line`,
  // A shell alone can fill its memory: no tool is needed for it.
  eats: `echo ${MARKER}; x=0123456789abcdef; while :; do x=$x$x; done`,
};
/** Node in an emulated machine is slow; this ends only what hangs. */
const LIMIT_MS = 900_000;
/** So long bpftrace may take to compile and load its program there. */
const PROBE_START_MS = 600_000;
const BPF = `tracepoint:syscalls:sys_enter_unshare { printf("seen %s\\n", comm); exit(); }`;

/** Does what a scenario says, looks at the container while it waits, and tells what came of it. Never throws. */
export async function outcomeOf(scenario: Scenario): Promise<Outcome> {
  const from = performance.now();
  const folder = await mkdtemp('/var/tmp/underdock-vm-');
  try {
    if (scenario.who !== 'root') await chown(folder, USER.uid, USER.gid);
    const place = await placeOf(scenario.who);
    const before = await inventory();
    const witness = scenario.witnessed ? await startWitness() : undefined;
    const argv = asWho(scenario.who, place, argvOf(scenario, place, folder));
    const watched = await watch(scenario, argv, folder);
    const testimony = await witness?.end();
    const left = [...(await settled(before))].filter((line) => !before.has(line));
    const trace = await readFile(join(folder, 'trace.chain'), 'utf8').catch(() => undefined);
    return {
      kind: 'outcome',
      scenario: scenario.name,
      ...watched,
      left,
      trace,
      testimony,
      ms: performance.now() - from,
    };
  } catch (error) {
    const stderr = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const nothing = { exitCode: null, stdout: '', stderr, left: [] };
    return { kind: 'outcome', scenario: scenario.name, ...nothing, ms: performance.now() - from };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function argvOf(scenario: Scenario, place: Place, folder: string): string[] {
  const script = SCRIPTS[scenario.does];
  if (scenario.runtime === 'bpftrace')
    return ['bpftrace', '-e', BPF, '-c', '/usr/bin/unshare --uts /bin/sleep 30'];
  if (scenario.kind === 'machine') {
    plainBundle(folder, scenario, place, script);
    return [scenario.runtime, '--root', join(folder, 'state'), 'run', '--bundle', folder, 'plain'];
  }
  const record = ['--record', join(folder, 'trace.chain')];
  const limits = scenario.limits ? ASKED.flags : [];
  const flags = ['--via', 'embedded', '--runtime', scenario.runtime, '-i', ...limits, ...record];
  return [...UNDERDOCK, 'run', ...flags, 'starter', '/bin/sh', '-c', script];
}

async function watch(scenario: Scenario, argv: string[], folder: string) {
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd: folder,
    env: environment(scenario.who),
    detached: true,
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] = (output[stream] + text).slice(-200_000);
    });
  child.stdin.on('error', () => undefined);
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), LIMIT_MS);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const seen = await whileReady(child, () => output.stdout, scenario);
  child.stdin.end('on\n');
  const exitCode = await ended;
  clearTimeout(timer);
  return { exitCode, ...output, seen };
}

/** Waits for the container to say that it is ready, or for its end, and looks at it. */
async function whileReady(
  child: ChildProcess,
  said: () => string,
  scenario: Scenario,
): Promise<Outcome['seen']> {
  while (child.exitCode === null && child.signalCode === null) {
    if (said().includes(MARKER)) return scenario.does === 'waits' ? await look(MARKER) : undefined;
    await sleep(100);
  }
  return undefined;
}

/** The environment that `who` has after logging in, and what an emulated machine needs besides. */
export function environment(who: Who): NodeJS.ProcessEnv {
  const { PATH, LANG } = process.env;
  const cache = {
    NODE_COMPILE_CACHE: `/var/tmp/node-${who === 'root' ? 0 : USER.uid}`,
    NODE_NO_WARNINGS: '1',
    UNDERDOCK_PROBE_START_MS: String(PROBE_START_MS),
  };
  if (who === 'root') return { PATH, LANG, HOME: '/root', ...cache };
  const { name, home, uid } = USER;
  return { PATH, LANG, HOME: home, USER: name, LOGNAME: name, XDG_RUNTIME_DIR: `/run/user/${uid}`, ...cache };
}

/** Cgroups are removed a moment after the last process has gone: waits up to 5 s for that. */
async function settled(before: Set<string>): Promise<Set<string>> {
  for (let waited = 0; ; waited += 250) {
    const now = await inventory();
    if (waited >= 5000 || [...now].every((line) => before.has(line))) return now;
    await sleep(250);
  }
}
