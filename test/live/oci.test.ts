import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runRequestSchema } from '@underdock/trace';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createReaper, type Reaper } from '../../apps/agent/src/reaper.ts';
import { type Bundle, makeBundle } from './bundle.ts';
import { type Ended, type Lab, leftOnHost, openLab, watchNothing } from './embeddedLab.ts';
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
let reaper: Reaper;
let allowed: string;
const runs = {} as Record<(typeof RUNTIMES)[number], Ended>;
let testimony: Testimony;

beforeAll(async () => {
  allowed = mkdtempSync(join(tmpdir(), 'underdock-allowed-'));
  reaper = createReaper();
  lab = await openLab({ ...lent(), allowedMounts: [allowed, tmpdir()], allowConfig: true });
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
  reaper?.close();
  rmSync(allowed, { recursive: true, force: true });
  expect(left).toEqual([]);
});

/** A process has one reaper: all labs of this file share it, and none closes it. */
const lent = () => ({
  calls: [],
  reaper: { limitation: reaper.limitation, wait: (pid: number) => reaper.wait(pid), close: () => {} },
});
const quiet = () => ({ ...lent(), watch: watchNothing });
const shell = (script: string) => ['/bin/sh', '-c', script];
const oci = (request: Parameters<Lab['run']>[0]) => lab.run({ via: 'oci', ...request });
const steps = (ended: Ended, step: string) => ended.events.filter((event) => event.step === step);
/** The parts of a config.json that these tests spoil. */
interface Config {
  process: object;
  root: object;
  mounts: object[];
  linux: { resources: object };
}

const provenanceOf = (ended: Ended) => steps(ended, 'high-level/write-config').at(-1)!.data.provenance;
const scriptOf = (ended: Ended) =>
  String(steps(ended, 'low-level/create').find(({ type }) => type === 'end')?.data.script);

function runScript(text: string, env: Record<string, string> = {}) {
  const file = join(allowed, `script-${Math.random()}.sh`);
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
    const file = join(allowed, 'interrupted.sh');
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

describe('a bundle that is there already', () => {
  let bundle: Bundle;
  const file = () => join(bundle.folder, 'config.json');
  const spoil = (change: (config: Config) => unknown) => {
    const config = JSON.parse(readFileSync(file(), 'utf8'));
    change(config);
    writeFileSync(file(), JSON.stringify(config));
  };
  const run = (request: Parameters<Lab['run']>[0] = {}) =>
    oci({ image: '', runtime: 'runc', bundle: bundle.folder, ...request });
  beforeEach(() => {
    bundle = makeBundle({ command: ['/bin/sh', '-c', 'echo from a bundle; exit 4'] });
  });
  afterEach(() => bundle.remove());

  it.each(RUNTIMES)('runs on %s with its own config.json, in its own root filesystem', async (runtime) => {
    const ended = await run({ runtime });
    expect(ended.error).toBeUndefined();
    expect(ended).toMatchObject({ exitCode: 4, stdout: 'from a bundle\n' });
    expect(steps(ended, 'high-level/resolve-image')).toEqual([]);
    expect(leftOnHost(lab.stateDir)).toEqual([]);
    expect(readdirSync(bundle.folder).sort()).toEqual(['config.json', 'rootfs']);
  });

  it('gets the limits that every road has where it names none, and the trace says so', async () => {
    spoil(({ linux }) => Object.assign(linux, { resources: {} }));
    const ended = await run();
    const provenance = provenanceOf(ended);
    expect(provenance).toContainEqual({
      flag: '--memory',
      from: 'default',
      field: 'linux.resources.memory.limit',
      value: 536_870_912,
    });
  });

  it.each<[string, (config: Config) => unknown, RegExp]>([
    [
      'an unknown field',
      (c) => Object.assign(c.process, { argz: ['sh'] }),
      /process\.argz is no field of the runtime spec.*did you mean args/,
    ],
    [
      'a wrong type',
      (c) => Object.assign(c.linux, { resources: { memory: { limit: '64m' } } }),
      /linux\.resources\.memory\.limit must be a whole number \(int64\), and is the text "64m"/,
    ],
    ['a missing root', (c) => Object.assign(c, { root: undefined }), /root is missing/],
    [
      'another root filesystem',
      (c) => Object.assign(c.root, { path: 'nowhere' }),
      /there is no folder .*nowhere/,
    ],
    [
      'a version of its own',
      (c) => Object.assign(c, { ociVersion: '7.0.0' }),
      /ociVersion must be a version 1/,
    ],
    [
      'no program',
      (c) => Object.assign(c.process, { args: [] }),
      /process\.args must hold at least the program/,
    ],
  ])('is refused with %s, and the field is named', async (_, change, said) => {
    spoil(change);
    await expect(run()).rejects.toMatchObject({
      code: expect.stringMatching(/^bad-(config|bundle)$/),
      message: expect.stringMatching(said),
      remedy: expect.any(String),
    });
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });

  it('is refused when its config.json is no JSON, with the line', async () => {
    writeFileSync(file(), '{\n  "ociVersion": "1.0.2",\n  nonsense\n}');
    await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(/not JSON.*line 3/) });
  });

  it('is refused without config.json, and beside flags that it makes useless', async () => {
    rmSync(file());
    await expect(run()).rejects.toMatchObject({ code: 'bad-bundle' });
    await expect(run({ memory: '64m' })).rejects.toMatchObject({
      message: expect.stringContaining('memory'),
    });
  });

  it('is refused where it lies below no allowed folder, and where nobody may bring a config.json', async () => {
    const strict = await openLab({ ...quiet(), allowedMounts: [allowed] });
    const wanted = { via: 'oci' as const, image: '', bundle: bundle.folder };
    await expect(strict.start(wanted)).rejects.toMatchObject({ code: 'mount-not-allowed' });
    await strict.close();
    const lent = await openLab({ ...quiet(), allowedMounts: [bundle.folder] });
    await expect(lent.start(wanted)).rejects.toMatchObject({
      code: 'config-not-allowed',
      remedy: expect.stringContaining('--allow-config'),
    });
    await lent.close();
  });
});

describe('an edited config.json', () => {
  let strict: Lab;
  beforeAll(async () => {
    strict = await openLab({ ...quiet(), allowedMounts: [allowed] });
  });
  afterAll(() => strict?.close());
  const request = (more: object = {}) =>
    runRequestSchema.parse({ image: 'starter', via: 'oci', runtime: 'runc', command: ['hostname'], ...more });
  const edited = async (change: (config: Config) => unknown) => {
    const { text } = await strict.opened.prepareConfig(request());
    const config = JSON.parse(text);
    change(config);
    return JSON.stringify(config);
  };

  it('is prepared with paths of the bundle, holds to the spec, and runs as it is', async () => {
    const { text, faults, provenance } = await strict.opened.prepareConfig(request({ hostname: 'pier' }));
    expect(JSON.parse(text)).toMatchObject({ root: { path: 'rootfs' }, hostname: 'pier' });
    expect(faults).toEqual([]);
    expect(provenance).toContainEqual({ flag: '--hostname', from: 'flag', field: 'hostname', value: 'pier' });
    const ended = await strict.run(request({ config: text }));
    expect([ended.error, ended.exitCode, ended.stdout]).toEqual([undefined, 0, 'pier\n']);
  });

  it('changes what runs, and the trace says which fields were edited', async () => {
    const config = await edited((c) => {
      Object.assign(c, { hostname: 'mole' });
      Object.assign(c.process, { args: ['/bin/sh', '-c', 'hostname; pwd'], cwd: '/tmp' });
    });
    const ended = await strict.run(request({ config }));
    expect(ended.stdout).toBe('mole\n/tmp\n');
    const provenance = provenanceOf(ended);
    expect(provenance).toContainEqual({ flag: '--config', from: 'flag', field: 'hostname', value: 'mole' });
  });

  it.each<[string, (config: Config) => unknown, string]>([
    [
      'drops a namespace',
      (c) => Object.assign(c.linux, { namespaces: [{ type: 'uts' }] }),
      'linux.namespaces',
    ],
    ['drops the seccomp filter', (c) => Object.assign(c.linux, { seccomp: undefined }), 'linux.seccomp'],
    ['brings a hook', (c) => Object.assign(c, { hooks: { prestart: [{ path: '/bin/true' }] } }), 'hooks'],
    [
      'drops the memory limit',
      (c) => Object.assign(c.linux.resources, { memory: undefined }),
      'linux.resources.memory.limit',
    ],
    [
      'allows a device',
      (c) => Object.assign(c.linux.resources, { devices: [{ allow: true }] }),
      'linux.resources.devices',
    ],
    [
      'allows new privileges',
      (c) => Object.assign(c.process, { noNewPrivileges: false }),
      'process.noNewPrivileges',
    ],
    ['takes another root', (c) => Object.assign(c.root, { path: '/' }), 'root.path'],
    ['sets its cgroup', (c) => Object.assign(c.linux, { cgroupsPath: '/' }), 'linux.cgroupsPath'],
  ])('is refused where it %s, which no flag could ask for', async (_, change, field) => {
    const config = await edited(change);
    const { faults } = await strict.opened.prepareConfig(request(), config);
    expect(faults.map((one) => one.field)).toContain(field);
    const ended = await strict.run(request({ config }));
    expect([ended.exitCode, ended.error?.code]).toEqual([125, 'config-not-allowed']);
    expect(ended.error?.message).toContain(field);
    expect(leftOnHost(strict.stateDir)).toEqual([]);
  });

  it('mounts a folder of the host only where that is allowed', async () => {
    const mount = (source: string) => (c: Config) =>
      c.mounts.push({ destination: '/m', type: 'bind', source, options: ['rbind', 'rprivate', 'ro'] });
    const ended = await strict.run(request({ config: await edited(mount('/etc')) }));
    expect(ended.error?.code).toBe('mount-not-allowed');
    const { faults } = await strict.opened.prepareConfig(request(), await edited(mount(allowed)));
    expect(faults).toEqual([]);
  });
});

describe('the runtime of the road oci', () => {
  it.each([
    ['nosuch', 'unknown-runtime'],
    ['by-hand', 'unknown-runtime'],
    ['/bin/true', 'runtime-not-allowed'],
  ])('is refused when it is %s', async (runtime, code) => {
    await expect(oci({ runtime })).rejects.toMatchObject({ code, remedy: expect.any(String) });
  });

  it('may be any program that speaks the OCI command line, if its path was allowed', async () => {
    const runtime = join(allowed, 'my-runtime');
    writeFileSync(runtime, '#!/bin/sh\nexec runc "$@"\n');
    chmodSync(runtime, 0o755);
    const own = await openLab({ ...quiet(), allowedRuntimes: [runtime] });
    const ended = await own.run({ via: 'oci', runtime, command: ['hostname'], hostname: 'dock' });
    expect([ended.error, ended.stdout]).toEqual([undefined, 'dock\n']);
    await own.close();
  });
});

function cgroupsNamed(name: RegExp): string[] {
  return readdirSync('/sys/fs/cgroup').flatMap((folder) =>
    readdirSync(join('/sys/fs/cgroup', folder)).filter((one) => name.test(one)),
  );
}
