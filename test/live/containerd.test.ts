import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, Store } from '@underdock/image';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBadRegistry } from '../fakes/badRegistry.ts';
import { makeImage, makeTar } from '../fakes/imageMaker.ts';
import { ctrKnows, leftBesideContainerd, leftInContainerd } from './containerdLab.ts';
import { type Ended, type Lab, openLab, watchNothing } from './embeddedLab.ts';

let lab: Lab;
let socket: string;
beforeAll(async () => {
  lab = await openLab({ watch: watchNothing, calls: [], allowedMounts: ['/'] });
  socket = join(lab.stateDir, 'containerd/containerd.sock');
});
afterAll(() => lab?.close());

const ctr = { via: 'containerd', engine: 'private' } as const;
const shell = (script: string) => ['sh', '-c', script];
const steps = ({ events }: Ended, step: string) => events.filter((event) => event.step === step);
const asked = (ended: Ended) =>
  steps(ended, 'client/request')
    .filter(({ type }) => type === 'begin')
    .map(({ data }) => String(data.method).replace(/^.*\.v1\./, ''));

async function ran(request: Parameters<Lab['run']>[0]): Promise<Ended> {
  const ended = await lab.run({ ...ctr, ...request });
  expect(ended.verdict).toMatchObject({ state: 'whole', faults: [] });
  return ended;
}

describe('a container that is made through containerd’s own API', () => {
  afterEach(() => {
    expect([...leftInContainerd(socket), ...leftBesideContainerd(lab.stateDir)]).toEqual([]);
  });

  it('has its image pulled blob by blob and unpacked layer by layer, its own output and its own exit code', async () => {
    const ended = await ran({ command: shell("printf '\\000\\377'; echo err >&2; exit 7") });
    expect(ended).toMatchObject({ exitCode: 7, stderr: 'err\n', error: undefined });
    const calls = asked(ended);
    expect(calls.slice(0, 4)).toEqual([
      'Version/Version',
      'Namespaces/Create',
      'Introspection/Plugins',
      'Leases/Create',
    ]);
    const count = (name: string) => calls.filter((one) => one === name).length;
    const layers = steps(ended, 'high-level/has-layer');
    expect(layers.map(({ data }) => data.cached)).toEqual([false, false, false]);
    // Index, manifest, config and the layers.
    expect(count('Content/Write')).toBe(3 + layers.length);
    expect([count('Diff/Apply'), count('Snapshots/Commit')]).toEqual([layers.length, layers.length]);
  });

  it('is made, started and removed with the calls of ctr, each with the command that does the same', async () => {
    const ended = await ran({ command: ['true'], memory: '64m', env: ['PASSWORD=hunter2hunter2'] });
    const made = asked(ended).slice(asked(ended).indexOf('Leases/Create'));
    expect(made.filter((call) => !/^(Content|Images|Snapshots\/Stat)/.test(call))).toEqual([
      ...['Leases/Create', 'Snapshots/Prepare', 'Containers/Create', 'Tasks/Create', 'Leases/Delete'],
      ...['Tasks/Wait', 'Tasks/Start', 'Tasks/Delete', 'Containers/Delete', 'Snapshots/Remove'],
    ]);
    // The image is there, and garbage collection has left it alone.
    expect(asked(ended).filter((call) => /Content\/Write|Diff\/Apply/.test(call))).toEqual([]);
    const [create] = steps(ended, 'high-level/create-container');
    const request = steps(ended, 'client/request').find(({ span }) => span === create?.cause?.[0]);
    expect(request?.data).toMatchObject({
      protocol: 'grpc',
      method: 'containerd.services.containers.v1.Containers/Create',
      request: { spec: { linux: { resources: { memory: { limit: 67108864 } } } } },
      equivalent: expect.stringMatching(/^ctr --address \S+ --namespace underdock containers create /),
    });
    expect(create).toMatchObject({ actor: { name: 'containerd' }, evidence: [{ source: 'grpc' }] });
    expect(readFileSync(ended.run.file, 'utf8')).not.toContain('hunter2');
  });

  it('names only commands and flags that ctr has', async () => {
    const ended = await ran({ command: ['true'], runtime: 'runc' });
    const told = ended.events.flatMap(({ data }) =>
      typeof data.equivalent === 'string' ? [data.equivalent] : [],
    );
    const unknown = [...new Set(told)].filter((command) => !ctrKnows(command));
    expect(told.length).toBeGreaterThan(10);
    expect(unknown).toEqual([]);
  });

  it('keeps to memory, processors and processes that it may use', async () => {
    const script =
      'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us 2>/dev/null || cat memory.max pids.max cpu.max';
    const ended = await ran({ memory: '64m', pidsLimit: 33, cpus: 0.5, command: shell(script) });
    const values = ended.stdout.split('\n').map((line) => line.split(' ')[0]);
    expect(values.slice(0, 3)).toEqual(['67108864', '33', '50000']);
  });

  it('has the user, host name, folder and mounts that the flags ask for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'underdock-shared-'));
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'note'), 'from the host\n');
    const ended = await ran({
      ...{ user: 'nobody', hostname: 'box', workdir: '/made', volume: [`${folder}:/shared:ro`] },
      ...{ readOnly: true, env: ['COLOUR=blue'] },
      command: shell('id -un; hostname; pwd; cat /shared/note; echo $COLOUR; touch /x 2>&1'),
    }).finally(() => rmSync(folder, { recursive: true }));
    expect(ended.stdout).toMatch(/^nobody\nbox\n\/made\nfrom the host\nblue\ntouch: \/x: Read-only/);
  });

  it('takes standard input to its end', async () => {
    const going = await lab.start({ ...ctr, interactive: true, command: ['cat'] });
    const much = Buffer.alloc(2_000_000, 'abc\n');
    await going.run.input(much);
    going.run.endInput();
    const ended = await going.ended();
    expect([ended.exitCode, ended.stdout.length]).toEqual([0, much.length]);
  });

  it('has a terminal of the size that it is given', async () => {
    const going = await lab.start({ ...ctr, tty: true, interactive: true, command: ['/bin/sh'] });
    going.run.resize(101, 37);
    await going.becomes('running');
    await going.run.input(Buffer.from('stty size\n'));
    await going.says('37 101');
    await going.run.input(Buffer.from('exit 4\n'));
    expect((await going.ended()).exitCode).toBe(4);
  });

  it('waits between create and start as long as it is held', async () => {
    const going = await lab.start({ ...ctr, hold: true, command: ['echo', 'released'] });
    await going.becomes('held');
    const init = await going.tells('process/has-process', 'fact');
    expect(init.data).toMatchObject({ role: 'init', waiting: true });
    expect(going.stdout()).toBe('');
    going.run.release('test');
    expect(await going.ended()).toMatchObject({ exitCode: 0, stdout: 'released\n' });
  });

  it('runs more commands, is paused, limited anew and told to stop while it lives', async () => {
    const going = await lab.start({
      ...ctr,
      command: shell('trap "exit 5" TERM; echo up; while :; do sleep 0.1; done'),
    });
    await going.says('up');
    const orders = going.run.orders!;
    const inside = await orders.exec({ command: shell('id -u; echo to-err >&2; exit 3'), user: '1000' });
    expect([inside.exitCode, String(inside.stdout), String(inside.stderr)]).toEqual([
      3,
      '1000\n',
      'to-err\n',
    ]);
    await expect(orders.exec({ command: ['nope'] })).rejects.toMatchObject({ code: 'command-not-found' });
    await orders.pause();
    await orders.unpause();
    await orders.update({ memory: '96m' });
    const limit =
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max';
    expect(String((await orders.exec({ command: shell(limit) })).stdout)).toBe(`${96 << 20}\n`);
    expect(String((await orders.logs()).bytes)).toBe('up\n');
    await going.run.stop();
    expect(await going.ended()).toMatchObject({ exitCode: 5, error: undefined });
  });

  it('is killed when it does not heed the signal', async () => {
    const going = await lab.start({
      ...ctr,
      command: shell('trap "" TERM; echo up; while :; do sleep 0.1; done'),
    });
    await going.says('up');
    await going.run.stop({ graceMs: 200 });
    const ended = await going.ended();
    expect(ended.exitCode).toBe(137);
    expect(steps(ended, 'engine/stop-container').at(-1)?.data).toMatchObject({ killed: true });
  });

  it('is told apart from a plain failure when the kernel kills it for its memory', async () => {
    const ended = await ran({ memory: '32m', command: shell('x=a; while :; do x=$x$x$x; done') });
    expect(ended.exitCode).toBe(137);
    const stopped = steps(ended, 'engine/has-container').filter(({ data }) => data.state === 'stopped');
    expect(stopped.map(({ data }) => data.oomKilled)).toContain(true);
  });

  it.each(['runc', 'crun'])('ends as docker’s would where the command is not there: %s', async (runtime) => {
    expect(await ran({ runtime, command: shell(`echo by ${runtime}`) })).toMatchObject({
      stdout: `by ${runtime}\n`,
    });
    const ended = await ran({ runtime, command: ['nope'] });
    expect(ended).toMatchObject({ exitCode: 127, error: { code: 'command-not-found' } });
  });

  it('stays as it was written when it is kept, until it is removed', async () => {
    const ended = await ran({ keep: true, command: shell('echo written > /there') });
    expect(leftInContainerd(socket).map((left) => left.split(' ')[0])).toEqual(['container', 'snapshot']);
    await ended.run.remove();
  });
});

describe('what goes wrong on the way', () => {
  afterEach(() => {
    expect([...leftInContainerd(socket), ...leftBesideContainerd(lab.stateDir)]).toEqual([]);
  });

  it('is said where there is no socket', async () => {
    const nowhere = await ran({ engine: 'host', socket: join(lab.stateDir, 'nowhere.sock') });
    expect(nowhere).toMatchObject({ exitCode: 125, error: { code: 'daemon-unreachable' } });
    expect(nowhere.error).toMatchObject({ remedy: expect.stringContaining('systemctl start containerd') });
  });

  it('is said of a runtime that is not there, or is none', async () => {
    await expect(lab.start({ ...ctr, runtime: 'nope' })).rejects.toMatchObject({ code: 'unknown-runtime' });
    const shim = await ran({ runtime: 'io.containerd.nope.v1', command: ['true'] });
    expect(shim.error).toMatchObject({ code: 'unknown-runtime', message: expect.stringContaining('nope') });
    const none = await ran({ runtime: '/bin/false', command: ['true'] });
    expect(none).toMatchObject({ exitCode: 125, error: { code: 'runtime-failed' } });
    const failed = steps(none, 'high-level/create-task').find(({ type }) => type === 'end');
    expect(failed?.data).toMatchObject({ error: 'daemon-refused' });
  });

  it('is said of a registry that goes away in the middle of a pull', async () => {
    const store = new Store(join(lab.stateDir, 'served'));
    const tar = await makeTar([{ name: 'big', content: randomBytes(4_000_000) }]);
    await makeImage(store, 'big', 'latest', [{ tar, compression: 'none' }]);
    const registry = await startBadRegistry(store, (request, response) => {
      if (request.method !== 'GET' || !request.url?.endsWith(digestOf(tar))) return false;
      response.writeHead(200, { 'Content-Length': String(tar.length) });
      response.write(tar.subarray(0, 2_500_000), () => void registry.close());
      return true;
    });
    const ended = await ran({ image: `${registry.host}/big`, command: ['true'] });
    expect(ended.exitCode).toBe(125);
    expect(ended.error?.code).toBe('unreachable');
    const broken = ended.events.filter(({ type, data }) => type === 'end' && data.error !== undefined);
    expect(broken.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['high-level/fetch-layer', 'client/request', 'client/run']),
    );
    rmSync(join(lab.stateDir, 'served'), { recursive: true });
  });

  it('is said when it is stopped before it runs', async () => {
    const going = await lab.start({ ...ctr, hold: true, command: ['true'] });
    await going.becomes('held');
    await going.run.stop();
    expect((await going.ended()).error).toMatchObject({ code: 'stopped' });
  });
});
