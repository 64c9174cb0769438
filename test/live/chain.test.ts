import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STEPS } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDebianRegistry } from '../fakes/debianRegistry.ts';
import { type Agent, readTrace, type Said, startAgent, underdock } from './commandLine.ts';
import { pushUmociImage } from './umociImage.ts';
import {
  actsOfTrace,
  actsOfWitness,
  compareActs,
  lineageOf,
  startWitness,
  type Testimony,
} from './witness.ts';

const RUNTIMES = ['runc', 'crun', 'by-hand'] as const;
const SCRIPT = 'cat /changed; ls /deleted; echo to-stderr >&2; exit 7';
const IN_STARTER = 'echo to-stderr >&2; cat /etc/build-notes; hostname; exit 3';
const ATTEMPTS = 3;

/** Steps that every run of every runtime has, whatever made the container. */
const ALWAYS = [
  'client/run',
  'engine/create-container',
  'engine/start-container',
  'engine/has-container',
  'high-level/resolve-image',
  'high-level/has-layer',
  'high-level/prepare-snapshot',
  'high-level/write-config',
  'low-level/create',
  'low-level/start',
  'low-level/delete',
  'kernel/clone',
  'kernel/mount',
  'kernel/pivot-root',
  'kernel/sethostname',
  'kernel/cgroup-mkdir',
  'kernel/cgroup-attach',
  'kernel/cgroup-write',
  'kernel/capset',
  'kernel/no-new-privs',
  'kernel/execve',
  'kernel/exit',
  'kernel/has-namespace',
  'kernel/has-mount',
  'kernel/has-cgroup-value',
  'process/has-process',
  'process/output',
];

type Runtime = (typeof RUNTIMES)[number];
type Done = Said & Awaited<ReturnType<typeof readTrace>>;

let folder: string;
let registry: Awaited<ReturnType<typeof startDebianRegistry>>;
let agent: Agent;
let image: string;
const done = {} as Record<Runtime, Done>;
const starter = {} as Record<Runtime, Done>;
let testimony: Testimony;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-chain-'));
  registry = await startDebianRegistry(join(folder, 'registry'));
  image = pushUmociImage(folder, registry.host);
  agent = await startAgent();
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const witness = await startWitness();
    for (const runtime of RUNTIMES) {
      done[runtime] = await runOne(runtime, image, SCRIPT);
      starter[runtime] = await runOne(runtime, 'starter', IN_STARTER);
    }
    testimony = await witness.end();
    if (testimony.lost === 0) return;
  }
  throw new Error(`the witness lost ${testimony.lost} records, ${ATTEMPTS} times over`);
});

afterAll(async () => {
  await agent?.close();
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function runOne(runtime: Runtime, image: string, script: string): Promise<Done> {
  const file = join(folder, `${runtime}.chain`);
  rmSync(file, { force: true });
  const flags = [
    '--via',
    'embedded',
    '--runtime',
    runtime,
    '--memory',
    '48m',
    '--cpus',
    '0.5',
    '--pids-limit',
    '40',
  ];
  const env = { API_TOKEN: 'a-very-secret-value' };
  const args = [
    'run',
    '--state',
    agent.stateDir,
    '--record',
    file,
    ...flags,
    '-e',
    'API_TOKEN',
    image,
    '/bin/sh',
    '-c',
    script,
  ];
  const said = await underdock(args, env);
  return { ...said, ...(await readTrace(file)) };
}

describe.each(RUNTIMES)('underdock run --runtime %s on an image of a registry', (runtime) => {
  it('passes output and exit code through', () => {
    expect(done[runtime].stdout).toBe('second\n');
    expect(done[runtime].stderr).toContain('to-stderr');
    expect(done[runtime].stderr).toContain('No such file');
    expect(done[runtime].exitCode).toBe(7);
  });

  it('records a whole trace that lost nothing', () => {
    const { verdict, events } = done[runtime];
    expect(verdict).toMatchObject({ state: 'whole', faults: [] });
    expect(events.filter((event) => event.step === 'trace/lost-records')).toEqual([]);
  });

  it('tells every step, and each by a name of the catalogue', () => {
    const shown = new Set(done[runtime].events.map((event) => event.step));
    for (const step of ALWAYS) expect(shown, step).toContain(step);
    for (const step of shown) expect(Object.keys(STEPS), step).toContain(step);
  });

  it('sets the limits that were asked for, as the kernel shows them', () => {
    const values = done[runtime].events.filter((event) => event.step === 'kernel/has-cgroup-value');
    const numbers = new Set(values.map((event) => event.data.number));
    expect(numbers).toContain(48 * 1024 * 1024);
    expect(numbers).toContain(40);
    expect(values.some((event) => event.data.meaning === 'cpu')).toBe(true);
  });

  it('keeps the value of a secret out of the trace', () => {
    const { header, events } = done[runtime];
    expect(JSON.stringify([header, events])).not.toContain('a-very-secret-value');
    expect(header.redacted).toContain('env API_TOKEN');
  });

  it('has evidence and a grade on every event', () => {
    for (const event of done[runtime].events) {
      expect(event.evidence.length, `${event.seq} ${event.step}`).toBeGreaterThan(0);
    }
  });
});

describe.each(RUNTIMES)('underdock run --runtime %s on the starter image', (runtime) => {
  it('ends as the container does, in a whole trace with every step', () => {
    const { stdout, stderr, exitCode, verdict, events } = starter[runtime];
    expect([stdout.trim(), exitCode]).toEqual([expect.stringMatching(/^[0-9a-f]{12}$/), 3]);
    expect(stderr).toContain('build-notes');
    expect(verdict).toMatchObject({ state: 'whole', faults: [] });
    const shown = new Set(events.map((event) => event.step));
    for (const step of ALWAYS) expect(shown, step).toContain(step);
  });
});

describe('the first of these runs', () => {
  it('fetches, verifies and unpacks each of three layers once', () => {
    for (const step of ['fetch-layer', 'verify-layer', 'unpack-layer']) {
      const begun = done.runc.events.filter(
        (event) => event.step === `high-level/${step}` && event.type === 'begin',
      );
      expect(begun.map((event) => event.data.index).sort(), step).toEqual([0, 1, 2]);
    }
  });
});

describe('an independent witness of the whole host', () => {
  const children = () =>
    testimony.forks.filter(({ parent }) => parent === agent.pid).map(({ child }) => child);
  const told = () =>
    RUNTIMES.flatMap((runtime) => [
      ...actsOfTrace(done[runtime].events),
      ...actsOfTrace(starter[runtime].events),
    ]);
  const isTold = (pid: number) => told().some((act) => act.startsWith(`${pid} `));

  it('saw no listed act of the six runs that their traces lack, and they have none that it did not see', () => {
    const witnessed = actsOfWitness(testimony, lineageOf(children().filter(isTold), testimony.forks));
    expect(witnessed.length).toBeGreaterThan(500);
    expect(compareActs(witnessed, told())).toEqual({ missing: [], invented: [] });
  });

  it('saw none of the agent’s other children, which only look around, build any part of a container', () => {
    const others = lineageOf(
      children().filter((pid) => !isTold(pid)),
      testimony.forks,
    );
    const building = /^\d+ (pivot_root|mkdir|attach|writes|sethostname|capset|setresuid) /;
    expect(actsOfWitness(testimony, others).filter((act) => building.test(act))).toEqual([]);
  });
});
