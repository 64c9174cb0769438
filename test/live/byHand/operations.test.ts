import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTerminal } from '../../../apps/agent/src/kernelCalls.ts';
import { createReaper, type Reaper } from '../../../apps/agent/src/reaper.ts';
import { openByHand } from '../../../apps/agent/src/via/embedded/lowLevel/byHand.ts';
import type { LowLevelRuntime } from '../../../apps/agent/src/via/embedded/lowLevel/runtime.ts';
import { Ground, leftovers } from './ground.ts';

let ground: Ground;
let runtime: LowLevelRuntime;
let reaper: Reaper;
beforeEach(async () => {
  ground = new Ground();
  runtime = await openByHand({ root: path.join(ground.folder, 'state') });
  reaper = createReaper();
});
afterEach(async () => {
  await runtime.delete(ground.id, undefined, undefined, true);
  reaper.close();
  expect(leftovers(ground)).toEqual([]);
  ground.close();
});

const command = (script: string) => ({ command: ['sh', '-c', script] });

async function created(script: string, more: Record<string, unknown> = {}) {
  const { config } = await ground.build({ ...command(script), ...more }, { seccomp: false });
  const out = openSync(path.join(ground.folder, 'stdout'), 'w');
  const stdin = openSync('/dev/null', 'r');
  const stdio = { stdin, stdout: out, stderr: out };
  const { pid } = await runtime.create(
    { id: ground.id, bundle: ground.bundle, config, stdio, cause: 'c' },
    ground.tell,
  );
  closeSync(out);
  closeSync(stdin);
  return pid;
}
const kill = (signal: string) => runtime.kill(ground.id, signal, ground.tell, 'c');
const start = () => runtime.start(ground.id, ground.tell, 'c');
const state = async () => (await runtime.state(ground.id)).status;
async function until(file: string, text: string): Promise<void> {
  for (let looked = 0; !ground.read(file).includes(text); looked += 1) {
    if (looked > 500) throw new Error(`${file} never said ${text}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

describe('a container made by hand', () => {
  it('waits between create and start in namespaces of its own, with everything in place', async () => {
    const pid = await created('echo ran');
    expect(await state()).toBe('created');
    for (const kind of ['mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup']) {
      const link = kind === 'pid' ? 'pid' : kind;
      expect(readlinkSync(`/proc/${pid}/ns/${link}`)).not.toBe(readlinkSync(`/proc/self/ns/${link}`));
    }
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`:memory:/underdock/${ground.id}`);
    expect(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).not.toContain(' /home ');
    expect(ground.read('stdout')).toBe('');
  });

  it('runs when it is started, and ends with the process’s own exit code', async () => {
    const pid = await created('echo ran; exit 7');
    const ended = reaper.wait(pid);
    await start();
    expect(await ended).toEqual({ code: 7 });
    expect(ground.read('stdout')).toBe('ran\n');
    expect(await state()).toBe('stopped');
    await runtime.delete(ground.id, ground.tell, 'c', false);
    expect(await state()).toBe('gone');
  });

  it('gets signals as they are sent', async () => {
    const pid = await created(`trap 'echo got; exit 3' USR1; echo ready; while :; do sleep 0.1; done`);
    const ended = reaper.wait(pid);
    await start();
    await until('stdout', 'ready');
    expect(await state()).toBe('running');
    await kill('SIGUSR1');
    expect(await ended).toEqual({ code: 3 });
    await expect(kill('TERM')).rejects.toThrow('has no process any more');
  });

  it('ends with 137 when it is killed, and all its processes with it', async () => {
    const pid = await created('sleep 77 & sleep 77 & echo ready; wait');
    const ended = reaper.wait(pid);
    await start();
    await until('stdout', 'ready');
    await kill('KILL');
    expect(await ended).toEqual({ code: 137, signal: 9 });
    await runtime.delete(ground.id, ground.tell, 'c', false);
  });

  it('is not removed while it runs unless by force', async () => {
    await created('echo ready; sleep 77');
    await start();
    await until('stdout', 'ready');
    await expect(runtime.delete(ground.id, ground.tell, 'c', false)).rejects.toThrow('is running');
    await runtime.delete(ground.id, ground.tell, 'c', true);
    expect(await state()).toBe('gone');
  });

  it('is killed by the kernel when it takes more memory than it may', async () => {
    const pid = await created('exec busybox tail /dev/zero', { memory: '8m' });
    const ended = reaper.wait(pid);
    await start();
    expect(await ended).toEqual({ code: 137, signal: 9 });
  });

  it('can be made from an image without any shell', async () => {
    rmSync(path.join(ground.rootfs, 'bin'), { recursive: true });
    cpSync('/bin/busybox', path.join(ground.rootfs, 'echo'));
    const { config } = await ground.build({ command: ['/echo', 'from scratch'] }, { seccomp: false });
    const { stdout } = await ground.run(runtime, {
      config,
      provenance: [],
      absent: [],
      files: [],
      stopSignal: 'SIGTERM',
      sources: [],
    });
    expect(stdout).toBe('from scratch\n');
    expect(existsSync(path.join(ground.rootfs, 'bin'))).toBe(false);
  });

  it('does not follow the image’s links out of its root', async () => {
    const outside = path.join(ground.folder, 'outside');
    mkdirSync(outside);
    rmSync(path.join(ground.rootfs, 'etc'), { recursive: true });
    symlinkSync(outside, path.join(ground.rootfs, 'etc'));
    const { stdout } = await ground.run(
      runtime,
      await ground.build(command('cat /proc/1/comm; ls /'), { seccomp: false }),
    );
    expect(stdout).toMatch(/^sh\n/);
    expect(execFileSync('ls', ['-A', outside], { encoding: 'utf8' })).toBe('');
  });

  it('is refused when the image turns a place of ours into a link to its root', async () => {
    symlinkSync('../..', path.join(ground.rootfs, 'proc'));
    const { config } = await ground.build(command('true'), { seccomp: false });
    const fd = openSync('/dev/null', 'r+');
    const work = {
      id: ground.id,
      bundle: ground.bundle,
      config,
      stdio: { stdin: fd, stdout: fd, stderr: fd },
      cause: 'c',
    };
    await expect(runtime.create(work, ground.tell)).rejects.toThrow(
      '/proc in the image is a link to its root',
    );
    closeSync(fd);
  });

  it.each([
    [['no-such-command'], 127],
    [['/etc'], 126],
  ])('is refused when it is to run %j, with exit code %d and nothing left', async (words, exitCode) => {
    const { config } = await ground.build({ command: words }, { seccomp: false });
    const fd = openSync('/dev/null', 'r+');
    const work = {
      id: ground.id,
      bundle: ground.bundle,
      config,
      stdio: { stdin: fd, stdout: fd, stderr: fd },
      cause: 'c',
    };
    await expect(runtime.create(work, ground.tell)).rejects.toMatchObject({ exitCode });
    closeSync(fd);
    expect(await state()).toBe('gone');
    expect(leftovers(ground)).toEqual([]);
    expect(ground.tell.events.findLast((event) => event.step === 'low-level/create')?.type).toBe('fail');
  });

  it('is refused with the command that failed, when the root filesystem is not there', async () => {
    const { config } = await ground.build(command('true'), { seccomp: false });
    rmSync(ground.rootfs, { recursive: true });
    const fd = openSync('/dev/null', 'r+');
    const work = {
      id: ground.id,
      bundle: ground.bundle,
      config,
      stdio: { stdin: fd, stdout: fd, stderr: fd },
      cause: 'c',
    };
    await expect(runtime.create(work, ground.tell)).rejects.toThrow(
      'could not make the image’s tree a mount',
    );
    closeSync(fd);
  });

  it('can be removed by another underdock after the one that made it is gone', async () => {
    const pid = await created('sleep 77');
    const other = await openByHand({ root: path.join(ground.folder, 'state') });
    expect(await other.state(ground.id)).toEqual({ status: 'created', pid });
    await other.delete(ground.id, undefined, undefined, true);
    expect(leftovers(ground)).toEqual([]);
    expect(existsSync(path.join(ground.bundle, 'by-hand'))).toBe(false);
  });

  it('can be removed when the making was cut off before the process’s number was kept', async () => {
    const pid = await created('sleep 77');
    const file = path.join(ground.folder, 'state', `${ground.id}.json`);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), pid: 0, startTime: 0 }));
    const ended = reaper.wait(pid);
    await runtime.delete(ground.id, undefined, undefined, true);
    expect(await ended).toMatchObject({ signal: 9 });
  });

  it('has a terminal of its own when it is asked for', async () => {
    const { config } = await ground.build(
      { ...command('tty; test -t 0 && echo terminal; echo console > /dev/console; echo $TERM'), tty: true },
      { seccomp: false },
    );
    const terminal = openTerminal();
    const stdio = { stdin: -1, stdout: -1, stderr: -1, console: terminal };
    const work = { id: ground.id, bundle: ground.bundle, config, stdio, cause: 'c' };
    const { pid } = await runtime.create(work, ground.tell);
    const ended = reaper.wait(pid);
    await start();
    expect(await ended).toEqual({ code: 0 });
    expect(readAll(terminal.master)).toMatch(
      /^not a tty|^\/dev\/[^\r]*\r\nterminal\r\nconsole\r\nxterm\r\n$/,
    );
  });
});

/** All that was written to a terminal whose other side is closed: Linux ends it with EIO. */
function readAll(master: number): string {
  const buffer = Buffer.alloc(65_536);
  let text = '';
  try {
    for (let bytes = readSync(master, buffer); bytes > 0; bytes = readSync(master, buffer)) {
      text += buffer.subarray(0, bytes).toString('utf8');
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
  } finally {
    closeSync(master);
  }
  return text;
}

describe('what is told of a container made by hand', () => {
  it('is every command with its purpose, and whose span its process belongs to', async () => {
    await created('true');
    const begun = ground.tell.events.filter(
      (event) => event.type === 'begin' && event.step === 'low-level/command',
    );
    const make = ground.tell.events.find((event) => event.step === 'low-level/create');
    for (const event of begun) {
      expect(event.data.why).toMatch(/^[a-z].*[^.]$/);
      expect(event.cause).toEqual([make?.span]);
      expect(ground.tell.spawns.filter((one) => one.span === event.span)).toHaveLength(1);
    }
    const texts = begun.map((event) => String(event.data.text)).join('\n');
    for (const part of [
      'mkdir -p /sys/fs/cgroup',
      'unshare --mount --uts --ipc --net --pid --cgroup',
      'pivot_root',
      'umount -l',
      'hostname',
      'ip link set lo up',
      'mount -t proc',
      'prlimit',
    ]) {
      expect(texts).toContain(part);
    }
    expect(texts).toContain('setpriv --reuid');
  });

  it('is what it can’t do', () =>
    expect(runtime.absent).toContainEqual({
      what: 'seccomp filter',
      why: expect.stringContaining('util-linux'),
    }));

  it('is one script that does the same, with the same output and exit code, and leaves nothing', async () => {
    const script = `id; hostname; ls / /dev; cat /etc/hostname; echo "$A"; cat /sys/fs/cgroup/memory/memory.limit_in_bytes;
      grep -E 'Cap|NoNew' /proc/self/status; cut -d' ' -f3- /proc/mounts | grep -v ext4 | cut -d, -f1; exit 7`;
    const request = { ...command(script), env: [`A=it's $ROOTFS "x" \`y\` \\ $WORK`], memory: '64m' };
    const { stdout } = await ground.run(runtime, await ground.build(request, { seccomp: false }));
    const end = ground.tell.events.find((event) => event.step === 'low-level/create' && event.type === 'end');
    const file = path.join(ground.folder, 'script.sh');
    writeFileSync(file, String(end?.data.script));
    expect(execFileSync('sh', ['-n', file], { encoding: 'utf8' })).toBe('');
    rmSync(ground.bundle, { recursive: true });
    const again = spawnSync('sh', [file], { encoding: 'utf8' });
    expect(again.stderr).toBe('');
    expect(again.stdout).toBe(stdout);
    expect(again.status).toBe(7);
    expect(stdout).toContain(`it's $ROOTFS "x" \`y\` \\ $WORK`);
    expect(leftovers(ground)).toEqual([]);
  });

  it('is a script that takes everything with it when it is stopped', async () => {
    await created('echo ready; sleep 77');
    const end = ground.tell.events.find((event) => event.step === 'low-level/create' && event.type === 'end');
    await runtime.delete(ground.id, undefined, undefined, true);
    const script = spawn('sh', ['-c', String(end?.data.script)], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(script.stdout, 'data');
    script.kill('SIGTERM');
    expect(await once(script, 'exit')).toEqual([143, null]);
    expect(leftovers(ground)).toEqual([]);
  });

  it('is a script that passes its input on', async () => {
    await ground.run(runtime, await ground.build(command('cat'), { seccomp: false }));
    const end = ground.tell.events.find((event) => event.step === 'low-level/create' && event.type === 'end');
    const again = spawnSync('sh', ['-c', String(end?.data.script)], { encoding: 'utf8', input: 'typed\n' });
    expect([again.stdout, again.status]).toEqual(['typed\n', 0]);
    expect(leftovers(ground)).toEqual([]);
  });
});
