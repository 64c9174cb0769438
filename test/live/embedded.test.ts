import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, type Lab, leftOnHost, openLab } from './embeddedLab.ts';

let lab: Lab;
let shared: string;

beforeAll(async () => {
  shared = mkdtempSync(join(tmpdir(), 'underdock-shared-'));
  lab = await openLab({ allowedMounts: [shared] });
});

afterAll(async () => {
  const left = leftOnHost(lab.stateDir);
  await lab.close();
  rmSync(shared, { recursive: true, force: true });
  expect(left).toEqual([]);
});

const shell = (script: string) => ['/bin/sh', '-c', script];
const steps = (ended: Ended, step: string) => ended.events.filter((event) => event.step === step);

describe.each(['runc', 'crun', 'by-hand'])('a container made by %s', (runtime) => {
  it('passes on its exit code and both outputs, and leaves a whole trace and nothing else', async () => {
    const ended = await lab.run({
      runtime,
      command: shell('echo out; echo err >&2; echo again >/dev/stdout; exit 3'),
    });
    expect(ended.error).toBeUndefined();
    expect(ended).toMatchObject({ exitCode: 3, stdout: 'out\nagain\n', stderr: 'err\n' });
    expect(ended.verdict).toMatchObject({ state: 'whole', faults: [] });
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });

  it('says 127 for a command that is not in the image, at the arrow where it broke', async () => {
    const ended = await lab.run({ runtime, command: ['no-such-command'] });
    expect(ended.exitCode).toBe(127);
    expect(ended.error).toMatchObject({ code: 'command-not-found', remedy: expect.any(String) });
    const broken = ended.events.filter(
      (event) => event.layer === 'low-level' && event.data.error === 'command-not-found',
    );
    expect(broken.map((event) => event.type)).toContain('end');
    expect(ended.verdict.state).toBe('whole');
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });

  it('says 126 for a file that can’t be executed', async () => {
    const ended = await lab.run({ runtime, command: ['/etc/passwd'] });
    expect(ended.exitCode).toBe(126);
    expect(ended.error?.code).toBe('command-not-executable');
  });

  it('reads what is typed until it ends', async () => {
    const going = await lab.start({ runtime, interactive: true, command: ['cat'] });
    await going.run.input(Buffer.from('first\n'));
    await going.says('first');
    await going.run.input(Buffer.from('second\n'));
    going.run.endInput();
    expect(await going.ended()).toMatchObject({ exitCode: 0, stdout: 'first\nsecond\n' });
  });

  it('waits between create and start for as long as it is held', async () => {
    const going = await lab.start({ runtime, hold: true, command: shell('echo released') });
    await going.becomes('held');
    const created = await going.tells('low-level/create', 'end');
    expect(readFileSync(`/proc/${created.data.pid}/status`, 'utf8')).toContain('Name:');
    expect(going.stdout()).toBe('');
    going.run.release('the test');
    const ended = await going.ended();
    expect(ended).toMatchObject({ exitCode: 0, stdout: 'released\n' });
    expect(steps(ended, 'engine/hold').at(-1)?.data).toEqual({ releasedBy: 'the test' });
  });

  it('ends on the signal that asks it to', async () => {
    const going = await lab.start({
      runtime,
      command: shell('trap "echo bye; exit 5" TERM; echo up; while :; do sleep 0.1; done'),
    });
    await going.says('up');
    await going.run.stop({ graceMs: 10_000 });
    const ended = await going.ended();
    expect(ended).toMatchObject({ exitCode: 5, stdout: 'up\nbye\n' });
    expect(steps(ended, 'engine/kill-container')).toEqual([]);
  });

  it('is killed when it does not end within its grace time', async () => {
    const going = await lab.start({
      runtime,
      command: shell('trap "" TERM; echo up; while :; do sleep 0.1; done'),
    });
    await going.says('up');
    await going.run.stop({ graceMs: 300 });
    const ended = await going.ended();
    expect(ended.exitCode).toBe(137);
    expect(steps(ended, 'engine/kill-container').map((event) => event.type)).toEqual(['begin', 'end']);
  });

  it('has a terminal of the size that it is given', async () => {
    const going = await lab.start({ runtime, tty: true, interactive: true, command: ['/bin/sh'] });
    going.run.resize(101, 37);
    await going.run.input(Buffer.from('stty size; tty\n'));
    await going.says('37 101');
    await going.says('/dev/');
    going.run.resize(90, 20);
    await going.run.input(Buffer.from('stty size\n'));
    await going.says('20 90');
    await going.run.input(Buffer.from('exit 4\n'));
    expect((await going.ended()).exitCode).toBe(4);
  });

  it('keeps to memory, processors and processes that it may use', async () => {
    const script =
      'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us 2>/dev/null || cat memory.max pids.max cpu.max';
    const ended = await lab.run({ runtime, memory: '64m', pidsLimit: 33, cpus: 0.5, command: shell(script) });
    expect(
      ended.stdout
        .split('\n')
        .slice(0, 3)
        .map((line) => line.split(' ')[0]),
    ).toEqual(['67108864', '33', '50000']);
  });

  it('is told apart from a plain failure when the kernel kills it for its memory', async () => {
    const ended = await lab.run({
      runtime,
      memory: '32m',
      command: shell('x=a; while :; do x=$x$x$x; done'),
    });
    expect(ended.exitCode).toBe(137);
    expect(steps(ended, 'engine/has-container').at(-1)?.data).toMatchObject({
      oomKilled: true,
      exitCode: 137,
    });
  });

  it('sees its own names, user and folder', async () => {
    const ended = await lab.run({
      runtime,
      hostname: 'lighthouse',
      user: '65534:65534',
      workdir: '/tmp',
      env: ['HARBOUR=north'],
      command: shell('hostname; id -u; pwd; echo $HARBOUR'),
    });
    expect(ended.stdout).toBe('lighthouse\n65534\n/tmp\nnorth\n');
  });

  it('can’t write to its root when that is read-only', async () => {
    const ended = await lab.run({
      runtime,
      readOnly: true,
      command: shell('touch /x 2>&1; touch /dev/shm/y && echo shm'),
    });
    expect(ended.stdout).toContain('Read-only file system');
    expect(ended.stdout).toContain('shm');
  });

  it('has only a loopback device without a network, and the host’s devices with the host’s', async () => {
    const none = await lab.run({ runtime, network: 'none', command: shell('ls /sys/class/net') });
    expect(none.stdout.trim()).toBe('lo');
    const host = await lab.run({ runtime, network: 'host', command: shell('readlink /proc/self/ns/net') });
    expect(host.stdout.trim()).toBe((await import('node:fs')).readlinkSync('/proc/self/ns/net'));
  });

  it('sees folders of the host that it is given', async () => {
    mkdirSync(join(shared, 'www'), { recursive: true });
    writeFileSync(join(shared, 'www', 'page'), 'from the host');
    const volume = [`${shared}/www:/www:ro`];
    const ended = await lab.run({ runtime, volume, command: shell('cat /www/page; touch /www/x 2>&1') });
    expect(ended.stdout).toContain('from the host');
    expect(ended.stdout).toContain('Read-only');
  });
});

describe('the embedded engine', () => {
  it('refuses to mount a folder that was not allowed at start-up', async () => {
    await expect(lab.start({ volume: ['/etc:/host-etc'] })).rejects.toMatchObject({
      code: expect.stringContaining('mount'),
      remedy: expect.any(String),
    });
  });

  it.each([
    [{ publish: ['8080:80'] }, 'no-published-ports'],
    [{ engine: 'host' as const }, 'no-such-engine'],
    [{ socket: '/run/docker.sock' }, 'no-such-engine'],
  ])('refuses %j, which it has no use for', async (flags, code) => {
    await expect(lab.start(flags)).rejects.toMatchObject({ code, remedy: expect.any(String) });
  });

  it('says which runtimes there are when it is asked for another', async () => {
    await expect(lab.start({ runtime: 'nosuch' })).rejects.toMatchObject({
      code: 'unknown-runtime',
      remedy: expect.stringContaining('runc'),
    });
  });

  it('marks the limits that are its own', async () => {
    const ended = await lab.run({ command: ['true'], memory: '64m' });
    expect(steps(ended, 'engine/create-container')[0]?.data).toMatchObject({
      limits: { memory: 67_108_864, pidsLimit: 256 },
      defaults: ['pidsLimit'],
    });
  });

  it('runs five containers at once, each with its own output', async () => {
    const runtimes = ['runc', 'crun', 'runc', 'crun', 'runc'];
    const all = await Promise.all(
      runtimes.map((runtime, index) =>
        lab.run({ runtime, command: shell(`echo I am ${index}; exit ${index}`) }),
      ),
    );
    expect(all.map(({ stdout }) => stdout)).toEqual(all.map((_, index) => `I am ${index}\n`));
    expect(all.map(({ exitCode }) => exitCode)).toEqual([0, 1, 2, 3, 4]);
    expect(all.map(({ verdict }) => verdict.state)).toEqual(Array(5).fill('whole'));
  });

  it('gives no two living containers the same name', async () => {
    const going = await lab.start({ name: 'harbour', command: ['sleep', '30'] });
    await expect(lab.start({ name: 'harbour' })).rejects.toMatchObject({ code: 'name-taken' });
    await going.becomes('running');
    await going.run.stop({ graceMs: 0 });
    await going.ended();
    expect((await lab.run({ name: 'harbour', command: ['true'] })).exitCode).toBe(0);
  });

  it('keeps a container that is to be kept, until it is removed', async () => {
    const ended = await lab.run({ keep: true, name: 'kept', command: shell('echo kept > /trace-of-me') });
    expect(leftOnHost(lab.stateDir)).toEqual([`folder runs/${ended.run.id}`]);
    expect(readFileSync(join(lab.stateDir, 'runs', ended.run.id, 'upper', 'trace-of-me'), 'utf8')).toBe(
      'kept\n',
    );
    await lab.opened.runs.remove(ended.run.id);
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });

  it('takes a held container apart when it is stopped instead of released', async () => {
    const going = await lab.start({ hold: true, command: ['true'] });
    await going.becomes('held');
    await going.run.stop();
    const ended = await going.ended();
    expect(ended.error?.code).toBe('stopped');
    expect(steps(ended, 'engine/hold').at(-1)?.data).toEqual({ releasedBy: 'stop' });
    expect(ended.verdict.state).toBe('whole');
    expect(leftOnHost(lab.stateDir)).toEqual([]);
  });

  it('passes all of a chatty container’s output on, and keeps a part of it in the trace', async () => {
    const ended = await lab.run({ command: shell('yes 0123456789abcdef | head -c 12000000') });
    expect(ended.stdout.length).toBe(12_000_000);
    const kept = steps(ended, 'process/output').map(
      (event) => Buffer.from(String(event.data.base64), 'base64').length,
    );
    const said = steps(ended, 'process/output-limit').at(-1)?.data;
    const sum = kept.reduce((total, bytes) => total + bytes, 0);
    expect(sum).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(said).toEqual({ keptBytes: sum, omittedBytes: 12_000_000 - sum });
  });

  it('tells what memory, processors and processes are used while a container lives', async () => {
    const going = await lab.start({ command: shell('while :; do :; done') });
    await going.becomes('running');
    await new Promise((resolve) => setTimeout(resolve, 3300));
    await going.run.stop({ graceMs: 0 });
    const ended = await going.ended();
    const used = steps(ended, 'kernel/has-cgroup-value').filter(
      (event) => typeof event.data.now === 'number',
    );
    expect(new Set(used.map((event) => event.data.meaning))).toEqual(new Set(['memory', 'cpu', 'pids']));
  });
});
