import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TraceEvent } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDocker } from '../../apps/agent/src/via/docker/engine.ts';
import { type Ended, type Lab, leftOnHost, openLab, watchNothing } from './embeddedLab.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab({ watch: watchNothing, calls: [], allowedMounts: [] });
});
afterAll(() => lab?.close());

const docker = { via: 'docker', engine: 'private' } as const;
const shell = (script: string) => ['sh', '-c', script];
const steps = ({ events }: Ended, step: string) => events.filter((event) => event.step === step);
const ends = (ended: Ended, step: string) => steps(ended, step).filter(({ type }) => type === 'end');
const requests = (ended: Ended) =>
  steps(ended, 'client/request')
    .filter(({ type }) => type === 'begin')
    .map(({ data }) => `${data.method} ${String(data.path).replace(/[0-9a-f]{64}/, 'ID')}`);

async function ran(request: Parameters<Lab['run']>[0]): Promise<Ended> {
  const ended = await lab.run({ ...docker, ...request });
  expect(ended.verdict).toMatchObject({ state: 'whole' });
  return ended;
}

describe('a container of a stock docker engine', () => {
  it('has its output told apart byte by byte, and its own exit code', async () => {
    const ended = await ran({ command: shell("printf '\\000\\377'; echo err >&2; exit 7") });
    expect(ended).toMatchObject({ exitCode: 7, stderr: 'err\n', error: undefined });
    expect(Buffer.from(ended.stdout).length).toBeGreaterThan(0);
    expect(requests(ended).filter((line) => line.startsWith('POST /containers'))).toEqual([
      'POST /containers/create',
      'POST /containers/ID/attach',
      'POST /containers/ID/wait',
      'POST /containers/ID/start',
    ]);
    expect(requests(ended).at(-1)).toBe('DELETE /containers/ID');
  });

  it('tells each request with its status, and what the engine does for it as caused by it', async () => {
    const ended = await ran({ command: ['true'], env: ['PASSWORD=hunter2hunter2'], memory: '64m' });
    const [asked] = steps(ended, 'client/request').filter(({ data }) => data.path === '/containers/create');
    expect(asked?.data.request).toMatchObject({ Env: ['PASSWORD'], HostConfig: { Memory: 67108864 } });
    expect(asked).toMatchObject({ grade: 'observed', evidence: [{ source: 'http' }] });
    const answer = steps(ended, 'client/request').find(
      (one) => one.span === asked?.span && one.type === 'end',
    );
    expect(answer?.data).toMatchObject({ status: 201 });
    expect(steps(ended, 'engine/create-container')[0]).toMatchObject({
      actor: { name: 'dockerd' },
      cause: expect.arrayContaining([asked?.span]),
      data: { limits: { memory: 67108864, pidsLimit: 256 }, defaults: ['pidsLimit'] },
    });
    expect(readFileSync(ended.run.file, 'utf8')).not.toContain('hunter2');
  });

  it('keeps to memory, processors and processes that it may use', async () => {
    const script =
      'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us 2>/dev/null || cat memory.max pids.max cpu.max';
    const ended = await ran({ memory: '64m', pidsLimit: 33, cpus: 0.5, command: shell(script) });
    const values = ended.stdout.split('\n').map((line) => line.split(' ')[0]);
    expect(values.slice(0, 3)).toEqual(['67108864', '33', '50000']);
  });

  it('is read back from /proc and its cgroups once it runs', async () => {
    const going = await lab.start({ ...docker, command: shell('sleep 60') });
    const value = await going.tells('kernel/has-cgroup-value', 'fact');
    await going.run.stop({ graceMs: 0 });
    const ended = await going.ended();
    expect(value.grade).toBe('read-back');
    expect(steps(ended, 'kernel/has-namespace').length).toBeGreaterThan(5);
  });

  it('takes standard input to its end', async () => {
    const going = await lab.start({ ...docker, interactive: true, command: ['cat'] });
    const much = Buffer.alloc(2_000_000, 'abc\n');
    await going.run.input(much);
    going.run.endInput();
    const ended = await going.ended();
    expect([ended.exitCode, ended.stdout.length]).toEqual([0, much.length]);
  });

  it('has a terminal of the size that it is given', async () => {
    const going = await lab.start({ ...docker, tty: true, interactive: true, command: ['/bin/sh'] });
    going.run.resize(101, 37);
    await going.becomes('running');
    await going.run.input(Buffer.from('stty size; tty\n'));
    await going.says('37 101');
    await going.says('/dev/');
    going.run.resize(90, 20);
    await expect
      .poll(async () => {
        await going.run.input(Buffer.from('stty size\n'));
        return going.stdout();
      })
      .toContain('20 90');
    await going.run.input(Buffer.from('exit 4\n'));
    expect((await going.ended()).exitCode).toBe(4);
  });

  it('is told apart from a plain failure when the kernel kills it for its memory', async () => {
    const ended = await ran({ memory: '32m', command: shell('x=a; while :; do x=$x$x$x; done') });
    expect(ended.exitCode).toBe(137);
    const stopped = steps(ended, 'engine/has-container').find(({ data }) => data.state === 'stopped');
    expect(stopped?.data).toMatchObject({ oomKilled: true, exitCode: 137 });
  });

  it('runs with another runtime of the engine', async () => {
    const ended = await ran({ runtime: 'crun', command: shell('echo by crun') });
    expect(ended).toMatchObject({ exitCode: 0, stdout: 'by crun\n' });
  });

  it('has the volumes and folders that it is given', async () => {
    const folder = join(lab.stateDir, 'shared');
    mkdirSync(folder);
    writeFileSync(join(folder, 'note'), 'from the host\n');
    await expect(lab.start({ ...docker, volume: [`${folder}:/shared`] })).rejects.toMatchObject({
      code: 'mount-not-allowed',
    });
    await ran({ volume: ['kept:/data'], command: shell('echo written > /data/x') });
    const ended = await ran({
      volume: ['kept:/data:ro'],
      mount: ['type=tmpfs,target=/scratch,tmpfs-size=1m'],
      command: shell('cat /data/x; echo y > /data/y || df -k /scratch | tail -1'),
    });
    expect(ended.stdout).toMatch(/^written\ntmpfs +1024 /);
  });

  it('waits between create and start while it is held, with no process yet', async () => {
    const going = await lab.start({ ...docker, hold: true, command: shell('echo released') });
    await going.becomes('held');
    expect((await going.tells('engine/has-container', 'fact')).data.state).toBe('created');
    await going.tells('engine/hold', 'begin');
    expect(going.run.events.some(({ step }) => step === 'engine/start-container')).toBe(false);
    going.run.release('the test');
    const ended = await going.ended();
    expect(ended).toMatchObject({ exitCode: 0, stdout: 'released\n' });
    expect(ends(ended, 'engine/hold').at(-1)?.data).toEqual({ releasedBy: 'the test' });
  });

  it('can be stopped before it was started', async () => {
    const going = await lab.start({ ...docker, hold: true, command: shell('echo never') });
    await going.becomes('held');
    await going.run.stop();
    const ended = await going.ended();
    expect(ended).toMatchObject({ exitCode: 125, stdout: '', error: { code: 'stopped' } });
    expect(requests(ended).at(-1)).toBe('DELETE /containers/ID');
  });
});

describe('ending it', () => {
  const deaf = shell('trap "" TERM; echo up; while :; do sleep 0.1; done');
  const polite = shell('trap "echo bye; exit 5" TERM; echo up; while :; do sleep 0.1; done');

  it.each([
    ['the engine’s own stop', { graceMs: 10_000 }],
    ['a signal and a grace time of one’s own', { signal: 'SIGTERM', graceMs: 9_500 }],
  ])('by %s lets it say good-bye', async (_way, how) => {
    const going = await lab.start({ ...docker, command: polite });
    await going.says('up');
    await going.run.stop(how);
    const ended = await going.ended();
    expect(ended).toMatchObject({ exitCode: 5, stdout: 'up\nbye\n' });
    expect(ends(ended, 'engine/stop-container').length).toBe(1);
    expect(steps(ended, 'engine/kill-container').filter(({ data }) => data.signal === 'SIGKILL')).toEqual([]);
  });

  it('kills what does not end within its grace time', async () => {
    const going = await lab.start({ ...docker, command: deaf });
    await going.says('up');
    await going.run.stop({ graceMs: 300 });
    const ended = await going.ended();
    expect(ended.exitCode).toBe(137);
    expect(ends(ended, 'engine/stop-container').at(-1)?.data).toEqual({ killed: true });
  });

  it('works while it is paused', async () => {
    const going = await lab.start({ ...docker, command: polite });
    await going.says('up');
    await orders(going.run).pause();
    await going.run.stop({ graceMs: 5000 });
    expect((await going.ended()).exitCode).toBe(5);
  });
});

describe('while it runs', () => {
  it('commands can be executed in it, limits changed, and it can be paused', async () => {
    const going = await lab.start({ ...docker, command: shell('echo up; sleep 60') });
    await going.becomes('running');
    await going.says('up');
    const order = orders(going.run);
    const done = await order.exec({
      command: shell('echo $WORD; echo err >&2; exit 3'),
      env: ['WORD=inside'],
    });
    expect([done.exitCode, String(done.stdout), String(done.stderr)]).toEqual([3, 'inside\n', 'err\n']);
    await order.update({ memory: '128m', pidsLimit: 44 });
    const limits =
      'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max 2>/dev/null || cat memory.max pids.max';
    expect(String((await order.exec({ command: shell(limits) })).stdout)).toBe('134217728\n44\n');
    expect(String((await order.logs()).bytes)).toContain('up\n');
    await order.pause();
    await expect(order.exec({ command: ['true'] })).rejects.toMatchObject({ code: 'engine-refused' });
    await order.unpause();
    await order.kill('SIGKILL');
    const ended = await going.ended();
    expect(ended.exitCode).toBe(137);
    expect(ended.verdict.state).toBe('whole');
    await expect(order.pause()).rejects.toMatchObject({ code: 'not-running' });
  });
});

describe('what goes wrong is told as docker has it', () => {
  it.each([
    ['no such command', { command: ['/no/such'] }, 127, 'command-not-found'],
    ['a command that is a folder', { command: ['/etc'] }, 126, 'command-not-executable'],
    ['no such image', { image: '127.0.0.1:1/none' }, 125, 'pull-failed'],
    ['no such tag', { image: 'starter:none' }, 125, 'no-such-image'],
    ['no such runtime', { runtime: 'by-hand' }, 125, 'unknown-runtime'],
    ['too little memory', { memory: '1m' }, 125, 'create-refused'],
  ])('%s', async (_what, request, exitCode, code) => {
    const ended = await ran({ command: ['true'], ...request });
    expect(ended).toMatchObject({ exitCode, error: { code, remedy: expect.any(String) } });
    const failed = ended.events.filter(({ type, data }) => type === 'end' && data.error !== undefined);
    expect(failed.map(({ step }: TraceEvent) => step)).toContain('client/run');
  });

  it('names the runtimes that there are', async () => {
    const ended = await ran({ runtime: 'by-hand', command: ['true'] });
    expect(ended.error?.remedy).toMatch(/crun.*runc/);
  });

  it('a name that is taken', async () => {
    const first = await lab.start({ ...docker, name: 'mine', command: shell('sleep 60') });
    await first.becomes('running');
    expect(await ran({ name: 'mine', command: ['true'] })).toMatchObject({ error: { code: 'name-taken' } });
    await first.run.stop({ graceMs: 0 });
  });
});

describe('a private engine with a network of its own', () => {
  it('publishes ports on the host’s loopback and leaves the host’s network as it is', async () => {
    const before = networkOfHost();
    const going = await lab.start({ ...docker, publish: ['18080:8080', '8080'], command: ['webserver'] });
    await going.becomes('running');
    await expect.poll(() => pageAt(18080)).toContain('Hello from inside a container');
    // The engine takes the first of its own namespace's range (ip_local_port_range).
    expect(await pageAt(32768)).toContain('Hello');
    expect(networkOfHost()).toEqual(before);
    const other = await lab.start({ ...docker, publish: ['18080:8080'], command: ['webserver'] });
    expect(await other.ended()).toMatchObject({ exitCode: 125, error: { code: 'port-taken' } });
    await going.run.stop({ graceMs: 0 });
    expect((await going.ended()).verdict.state).toBe('whole');
    await expect(pageAt(18080)).rejects.toThrow();
  });

  it('gives a container an address on its bridge, and one without network none', async () => {
    const addresses = shell('ip -4 -o addr show | grep -v " lo " | wc -l');
    expect((await ran({ network: 'bridge', command: addresses })).stdout).toBe('1\n');
    expect((await ran({ network: 'none', command: addresses })).stdout).toBe('0\n');
  });
});

it('keeps a container that is to be kept until it is removed', async () => {
  const ended = await ran({ keep: true, command: ['true'] });
  expect(requests(ended).some((line) => line.startsWith('DELETE'))).toBe(false);
  const entry = join(lab.stateDir, 'docker', `${ended.run.id}.json`);
  expect(JSON.parse(readFileSync(entry, 'utf8'))).toMatchObject({ state: 'kept' });
  await lab.opened.runs.remove(ended.run.id);
  expect(existsSync(entry)).toBe(false);
});

it('keeps one name of the starter image in an engine, whatever port our registry has had', async () => {
  const names = async (at: Lab) => {
    const docker = await openDocker(join(at.stateDir, 'engine', 'none', 'docker.sock'));
    return (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  };
  const first = await openLab({ watch: watchNothing, calls: [] });
  await first.run({ ...docker, command: ['true'] });
  const [before] = await names(first);
  await first.opened.close();
  const second = await openLab({ watch: watchNothing, calls: [], stateDir: first.stateDir });
  const ended = await second.run({ ...docker, command: ['true'] });
  expect(steps(ended, 'high-level/fetch-layer')).toEqual([]);
  const after = await names(second);
  expect(after.length).toBe(1);
  expect(after).not.toEqual([before]);
  await second.close();
});

it('leaves nothing behind on the host', async () => {
  const other = await openLab({ watch: watchNothing, calls: [] });
  // It ends when it is asked to: the engine need not wait ten seconds for it.
  const going = await other.start({ ...docker, command: shell('trap exit TERM; echo up; sleep 60 & wait') });
  await going.says('up');
  await other.close();
  expect(leftOnHost(other.stateDir)).toEqual([]);
});

async function pageAt(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`)).text();
}

/** Interfaces and routes of the host's own network namespace. */
function networkOfHost(): string {
  return (
    readFileSync('/proc/net/dev', 'utf8').replaceAll(/:.*/g, '') + readFileSync('/proc/net/route', 'utf8')
  );
}

function orders(run: Ended['run']) {
  if (!run.orders) throw new Error('this run takes no orders');
  return run.orders;
}
