import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runRequestSchema } from '@underdock/trace';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../apps/agent/src/programs.ts';
import { createReaper, type Reaper } from '../../apps/agent/src/reaper.ts';
import { type Bundle, makeBundle } from './bundle.ts';
import { type Ended, type Lab, leftOnHost, openLab, watchNothing } from './embeddedLab.ts';
import { notHere } from './notHere.ts';

let lab: Lab;
let reaper: Reaper;
let allowed: string;

beforeAll(async () => {
  allowed = mkdtempSync(join(tmpdir(), 'underdock-allowed-'));
  reaper = createReaper();
  lab = await openLab({ ...quiet(), allowedMounts: [tmpdir()], allowConfig: true });
});

afterAll(async () => {
  const left = lab ? leftOnHost(lab.stateDir) : [];
  await lab?.close();
  reaper?.close();
  rmSync(allowed, { recursive: true, force: true });
  expect(left).toEqual([]);
});

/** A process has one reaper: all labs of this file share it, and none closes it. */
const quiet = () => ({
  watch: watchNothing,
  calls: [],
  reaper: { limitation: reaper.limitation, wait: (pid: number) => reaper.wait(pid), close: () => {} },
});
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

  it.each(['runc', 'crun'])(
    'runs on %s with its own config.json, in its own root filesystem',
    async (runtime) => {
      const ended = await run({ runtime });
      expect(ended.error).toBeUndefined();
      expect(ended).toMatchObject({ exitCode: 4, stdout: 'from a bundle\n' });
      expect(steps(ended, 'high-level/resolve-image')).toEqual([]);
      expect(leftOnHost(lab.stateDir)).toEqual([]);
      expect(readdirSync(bundle.folder).sort()).toEqual(['config.json', 'rootfs']);
    },
  );

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

/** Other runtimes that the same suite runs on where they are found; gVisor needs no kernel module this way. */
const OTHERS: [name: string, flags: string][] = [
  ['runsc', '--platform=ptrace --network=none --ignore-cgroups'],
  ['youki', ''],
];

describe.each(OTHERS)('%s, named by its path', (name, flags) => {
  it('is created, asked, started and deleted like any other, and leaves nothing', async (context) => {
    const path = findProgram(name, process.env.PATH ?? '');
    if (path === undefined) return notHere(context, name);
    const runtime = join(allowed, `with-flags-${name}`);
    writeFileSync(runtime, `#!/bin/sh\nexec ${path} ${flags} "$@"\n`);
    chmodSync(runtime, 0o755);
    const own = await openLab({ ...quiet(), allowedRuntimes: [runtime] });
    const command = ['/bin/sh', '-c', 'hostname; echo oops >&2; exit 3'];
    const ended = await own.run({ via: 'oci', runtime, hostname: 'sandbank', command });
    const left = leftOnHost(own.stateDir);
    await own.close();
    expect([ended.error, ended.exitCode]).toEqual([undefined, 3]);
    expect([ended.stdout, ended.stderr, left]).toEqual(['sandbank\n', 'oops\n', []]);
    const states = steps(ended, 'low-level/state').filter(({ type }) => type === 'end');
    expect(states.map(({ data }) => data.status)).toEqual(['created', 'stopped']);
  });
});
