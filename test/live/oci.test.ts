import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, type Lab, leftOnHost, openLab } from './embeddedLab.ts';
import {
  actsOfTrace,
  actsOfWitness,
  compareActs,
  lineageOf,
  startWitness,
  type Testimony,
} from './witness.ts';

const ATTEMPTS = 3;
const RUNTIMES = ['runc', 'crun'] as const;
const KINDS = ['mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup'];
const LOOK = [
  'echo to-stderr >&2',
  'hostname',
  `for kind in ${KINDS.join(' ')}; do readlink /proc/self/ns/$kind; done`,
  'cd /sys/fs/cgroup',
  'cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us 2>/dev/null || cat memory.max pids.max cpu.max',
  'exit 5',
].join('\n');
const LIMITS = { memory: '48m', pidsLimit: 40, cpus: 0.5, hostname: 'quay' };

let lab: Lab;
let folder: string;
const runs = {} as Record<(typeof RUNTIMES)[number], Ended>;
let testimony: Testimony;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-scripts-'));
  lab = await openLab({ calls: [] });
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const witness = await startWitness();
    for (const runtime of RUNTIMES) runs[runtime] = await oci({ runtime, ...LIMITS, command: shell(LOOK) });
    testimony = await witness.end();
    if (testimony.lost === 0) return;
  }
  throw new Error(`the witness lost ${testimony.lost} records, ${ATTEMPTS} times over`);
});

afterAll(async () => {
  const left = lab ? leftOnHost(lab.stateDir) : [];
  await lab?.close();
  rmSync(folder, { recursive: true, force: true });
  expect(left).toEqual([]);
});

const shell = (script: string) => ['/bin/sh', '-c', script];
const oci = (request: Parameters<Lab['run']>[0]) => lab.run({ via: 'oci', ...request });
const steps = (ended: Ended, step: string) => ended.events.filter((event) => event.step === step);
const scriptOf = (ended: Ended) =>
  String(steps(ended, 'low-level/create').find(({ type }) => type === 'end')?.data.script);

function runScript(text: string, env: Record<string, string> = {}) {
  const file = join(folder, `script-${Math.random()}.sh`);
  writeFileSync(file, text);
  return spawnSync('sh', [file], { encoding: 'utf8', env: { ...process.env, ...env } });
}

describe.each(RUNTIMES)('a container on bare %s', (runtime) => {
  it('passes on its exit code and both outputs, and leaves a whole trace and nothing else', () => {
    const ended = runs[runtime];
    expect(ended.error).toBeUndefined();
    expect(ended).toMatchObject({ exitCode: 5, stderr: 'to-stderr\n' });
    expect(ended.verdict).toMatchObject({ state: 'whole', faults: [] });
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });

  it('is created, looked at, started, looked at and deleted, each by one command that can be typed', () => {
    const verbs = runs[runtime].events
      .filter(
        ({ layer, type, step }) => layer === 'low-level' && type === 'begin' && step !== 'low-level/log',
      )
      .map(({ step }) => step);
    expect(verbs).toEqual(['create', 'state', 'start', 'state', 'delete'].map((verb) => `low-level/${verb}`));
    const states = steps(runs[runtime], 'low-level/state').filter(({ type }) => type === 'end');
    expect(states.map(({ data }) => data.status)).toEqual(['created', 'stopped']);
  });

  it('has no engine and no high-level runtime: what those do elsewhere the client does', () => {
    const layers = new Set(runs[runtime].events.map(({ layer }) => layer));
    expect([...layers].sort()).toEqual(['client', 'kernel', 'low-level', 'process']);
    const typed = runs[runtime].events.filter(({ data }) => typeof data.typed === 'string');
    expect(typed.map(({ step }) => step)).toEqual(
      expect.arrayContaining([
        'high-level/resolve-image',
        'high-level/prepare-snapshot',
        'high-level/write-config',
        'high-level/remove-snapshot',
      ]),
    );
  });

  it('has its config.json held against the runtime spec before it runs', () => {
    expect(steps(runs[runtime], 'client/check-config').at(-1)?.data).toEqual({
      ociVersion: '1.0.2',
      faults: [],
    });
  });

  it('does nothing in the kernel that the trace lacks, and the trace invents nothing', () => {
    const told = runs[runtime].events;
    const acts = actsOfTrace([...told]);
    const roots = testimony.forks
      .filter(
        ({ parent, child }) => parent === process.pid && acts.some((act) => act.startsWith(`${child} `)),
      )
      .map(({ child }) => child);
    const witnessed = actsOfWitness(testimony, lineageOf(roots, testimony.forks));
    expect(witnessed.length).toBeGreaterThan(80);
    expect(compareActs(witnessed, acts)).toEqual({ missing: [], invented: [] });
  });

  it('is made again by one shell script: same output, limits, exit code, in namespaces of its own', () => {
    const again = runScript(scriptOf(runs[runtime]));
    const words = (text: string) => text.replace(/\[\d+\]/g, '[inode]');
    expect(words(again.stdout)).toBe(words(runs[runtime].stdout));
    expect(again.stderr).toContain('to-stderr');
    expect(again.status).toBe(5);
    for (const kind of KINDS) expect(again.stdout).not.toContain(readlinkSync(`/proc/self/ns/${kind}`));
    expect(again.stdout).toContain('50331648');
    expect(cgroupsNamed(/^underdock-\d+$/)).toEqual([]);
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });

  it('waits between create and start for as long as it is held', async () => {
    const going = await lab.start({ via: 'oci', runtime, hold: true, command: shell('echo released') });
    await going.becomes('held');
    const created = await going.tells('low-level/create', 'end');
    expect(readFileSync(`/proc/${created.data.pid}/status`, 'utf8')).toContain('Name:');
    going.run.release('the test');
    expect(await going.ended()).toMatchObject({ exitCode: 0, stdout: 'released\n' });
  });

  it('takes orders: state, exec, update, pause, resume and kill, each one command of the runtime', async () => {
    const going = await lab.start({
      via: 'oci',
      runtime,
      memory: '48m',
      command: shell('echo up; sleep 60'),
    });
    await going.says('up');
    const { orders } = going.run;
    const said = await orders!.exec({
      command: shell('echo inside $WHO; pwd; id -u; echo oops >&2; exit 3'),
      env: ['WHO=you'],
      workdir: '/tmp',
      user: '65534',
    });
    expect([said.exitCode, said.stdout.toString(), said.stderr.toString()]).toEqual([
      3,
      'inside you\n/tmp\n65534\n',
      'oops\n',
    ]);
    await expect(orders!.exec({ command: ['no-such-program'] })).rejects.toMatchObject({
      code: 'command-not-found',
    });
    await orders!.update({ memory: '40m', pidsLimit: 30 });
    const limits =
      'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max 2>/dev/null || cat memory.max pids.max';
    expect((await orders!.exec({ command: shell(limits) })).stdout.toString()).toBe('41943040\n30\n');
    expect((await orders!.state!()).status).toBe('running');
    await orders!.pause();
    await orders!.unpause();
    await orders!.kill('SIGKILL');
    const ended = await going.ended();
    expect(ended.exitCode).toBe(137);
    expect(ended.verdict).toMatchObject({ state: 'whole', faults: [] });
    for (const step of ['exec', 'update', 'pause', 'resume', 'kill'])
      expect(steps(ended, `low-level/${step}`).map(({ type }) => type)).toContain('end');
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });

  it('says 127 for a command that is not in the image, at the arrow where it broke', async () => {
    const ended = await oci({ runtime, command: ['no-such-command'] });
    expect([ended.exitCode, ended.error?.code]).toEqual([127, 'command-not-found']);
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });
});

describe('the script of a run', () => {
  it('holds no value of the environment that the trace must not hold', async () => {
    const env = ['API_TOKEN=a "quoted" one\\n', 'PASSWORD=a-very-secret-value'];
    const ended = await oci({
      runtime: 'runc',
      env,
      command: shell('test "$PASSWORD" = a-very-secret-value'),
    });
    expect([ended.error, ended.exitCode]).toEqual([undefined, 0]);
    const trace = readFileSync(ended.run.file, 'utf8');
    expect(scriptOf(ended)).toContain('API_TOKEN=');
    expect(trace).not.toContain('a-very-secret-value');
    expect(trace).not.toContain('quoted');
  });

  it('is there for one made by hand too, and makes it again after the run is over', async () => {
    const ended = await lab.run({ runtime: 'by-hand', ...LIMITS, command: shell(LOOK) });
    expect(ended.exitCode).toBe(5);
    const again = runScript(scriptOf(ended));
    const words = (text: string) => text.replace(/\[\d+\]/g, '[inode]');
    expect([again.status, words(again.stdout)]).toEqual([5, words(ended.stdout)]);
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });

  it('leaves nothing when it is ended by a signal', async () => {
    const going = await lab.start({ via: 'oci', runtime: 'runc', command: shell('echo up; sleep 60') });
    await going.says('up');
    await going.run.stop({ graceMs: 0 });
    const file = join(folder, 'interrupted.sh');
    writeFileSync(file, scriptOf(await going.ended()));
    const script = spawn('sh', [file], { stdio: ['ignore', 'pipe', 'ignore'] });
    const over = new Promise((done) => script.once('exit', (code) => done(code)));
    await new Promise((done) => script.stdout.once('data', done));
    script.kill('SIGTERM');
    expect(await over).toBe(143);
    expect(leftOnHost(lab.stateDir)).toEqual([]);
    expect(cgroupsNamed(/^underdock-\d+$/)).toEqual([]);
  });
});

function cgroupsNamed(name: RegExp): string[] {
  return readdirSync('/sys/fs/cgroup').flatMap((folder) =>
    readdirSync(join('/sys/fs/cgroup', folder)).filter((one) => name.test(one)),
  );
}
