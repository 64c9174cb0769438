import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TraceEvent } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKernelWatch } from '../../apps/agent/src/layers/5-kernel/watcher.ts';
import type { KernelWatch } from '../../apps/agent/src/layers/watcher.ts';
import { makeBundle } from './bundle.ts';
import { runWoven } from './wovenRun.ts';

const WATCHER = fileURLToPath(new URL('../../apps/agent/src/layers/5-kernel/watcher.ts', import.meta.url));
const said = (events: TraceEvent[], step: string) =>
  events.filter((event) => event.step === step && event.type !== 'end').map((event) => event.data);

describe('the probe', () => {
  let watch: KernelWatch;
  beforeAll(async () => {
    watch = createKernelWatch({ agentPid: process.pid });
    expect(await watch.start(), 'live tests need root and bpftrace').toMatchObject({
      state: 'ok',
      name: 'bpftrace',
    });
  }, 60_000);
  afterAll(() => watch?.stop());

  it('tells hostile names as they are, and lets none pass for a record', async () => {
    const name = 'a\nd 1 1 1 0:x\n"}é';
    const argv = ['/bin/sh', '-c', 'exec /bin/busybox umount "$0"', name];
    const { events } = await runWoven(watch, argv, 'hostile');
    expect(said(events, 'kernel/execve').at(-1)?.argv).toEqual(['/bin/busybox', 'umount', name]);
    expect(said(events, 'kernel/umount').map((data) => data.target)).toContain(name);
    expect(said(events, 'kernel/exit')).toHaveLength(1);
    expect(said(events, 'trace/lost-records')).toEqual([]);
  });

  it('tells long paths and long arguments whole', async () => {
    const path = `/nowhere/${'x'.repeat(120)}/${'y'.repeat(200)}/${'z'.repeat(130)}`;
    const words = Array.from({ length: 100 }, (_, n) => `word-${n}`);
    const script = `umount ${path}; umount -l ${path} 2>/dev/null; exec /bin/true "$@"`;
    const argv = ['/bin/busybox', 'sh', '-c', script, 'sh', ...words];
    const { events } = await runWoven(watch, argv, 'long');
    expect(said(events, 'kernel/umount').map((data) => data.target)).toContain(path);
    expect(said(events, 'kernel/execve').at(-1)?.argv).toEqual(['/bin/true', ...words]);
  });

  it('tells what one run does only to that run', async () => {
    const argv = (text: string) => ['/bin/sh', '-c', `/bin/sleep 0.2; exec /bin/echo ${text}`];
    const [one, two] = await Promise.all([
      runWoven(watch, argv('one'), 'one'),
      runWoven(watch, argv('two'), 'two'),
    ]);
    const words = (events: TraceEvent[]) =>
      said(events, 'kernel/execve').map((data) => (data.argv as string[]).at(-1));
    expect(words(one.events)).toContain('one');
    expect(words(one.events)).not.toContain('two');
    expect(words(two.events)).toContain('two');
  });
});

describe('a probe that is killed while a run is watched', () => {
  it('is declared gone, started again, and watches the runs that follow', async () => {
    const watch = createKernelWatch({ agentPid: process.pid });
    await watch.start();
    const killed = new Promise<void>((done) => {
      watch.follow(0n, (record) => {
        if (record.kind === 'exec' && record.path.endsWith('/sleep')) done();
      });
    });
    const dying = runWoven(watch, ['/bin/sh', '-c', '/bin/sleep 30; exec /bin/true'], 'dying');
    await killed;
    const probe = descendants(process.pid).filter((pid) => nameOf(pid) === 'bpftrace');
    for (const pid of probe) process.kill(pid, 'SIGKILL');
    await until(() => watch.state.state === 'missing');
    expect(watch.state.why).toContain('SIGKILL');
    await until(() => watch.state.state === 'ok');
    for (const pid of descendants(process.pid)) if (nameOf(pid) === 'sleep') process.kill(pid, 'SIGKILL');
    const states = said((await dying).events, 'trace/watcher-changed').map((data) => data.state);
    expect(states).toEqual(['missing', 'ok']);
    const next = await runWoven(watch, ['/bin/sh', '-c', 'exec /bin/echo again'], 'next');
    expect(said(next.events, 'kernel/execve').at(-1)?.argv).toEqual(['/bin/echo', 'again']);
    await watch.stop();
  });
});

describe('the probe of an agent that is killed', () => {
  it('is gone at once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'underdock-killed-'));
    const script = join(folder, 'agent.mjs');
    writeFileSync(
      script,
      `const { createKernelWatch } = await import(${JSON.stringify(WATCHER)});
const state = await createKernelWatch({ agentPid: process.pid }).start();
console.log(state.state);
setInterval(() => {}, 1000);`,
    );
    const agent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((done, fail) => {
      agent.stdout.once('data', () => done());
      agent.once('close', (code) => fail(new Error(`the agent ended with ${code} before it watched`)));
    });
    const probes = descendants(agent.pid ?? 0);
    expect(probes.map(nameOf)).toContain('bpftrace');
    agent.kill('SIGKILL');
    const killedAt = performance.now();
    while (probes.some(isAlive)) {
      expect(performance.now() - killedAt).toBeLessThan(3000);
      await new Promise((done) => setTimeout(done, 20));
    }
    rmSync(folder, { recursive: true });
  });
});

describe('strace in the probe’s place', () => {
  it('lets go of what it traces at once when the agent is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'underdock-killed-'));
    const script = join(folder, 'agent.mjs');
    writeFileSync(
      script,
      `const { createKernelWatch } = await import(${JSON.stringify(WATCHER)});
const { spawn } = await import('node:child_process');
const watch = createKernelWatch({ agentPid: process.pid, only: 'strace' });
await watch.start();
watch.follow(0n, (record) => record.kind === 'exec' && console.log(record.pid));
const [file, ...args] = watch.wrap(['/bin/sleep', '60']);
spawn(file, args, { stdio: 'ignore' });
setInterval(() => {}, 1000);`,
    );
    const agent = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const traced = await new Promise<number>((done) =>
      agent.stdout.once('data', (text) => done(Number(text))),
    );
    const tracer = () =>
      Number(/TracerPid:\t(\d+)/.exec(readFileSync(`/proc/${traced}/status`, 'utf8'))?.[1]);
    expect(nameOf(tracer())).toBe('strace');
    agent.kill('SIGKILL');
    const killedAt = performance.now();
    while (tracer() !== 0) {
      expect(performance.now() - killedAt).toBeLessThan(3000);
      await new Promise((done) => setTimeout(done, 20));
    }
    process.kill(traced, 'SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('shows the same container, declares what it can’t see, and leaves nothing lying about', async () => {
    const before = new Set(readdirSync(tmpdir()));
    const watch = createKernelWatch({ agentPid: process.pid, only: 'strace' });
    expect(await watch.start()).toMatchObject({
      state: 'ok',
      name: 'strace',
      why: expect.stringContaining('OOM'),
    });
    const bundle = makeBundle({ command: ['/bin/sh', '-c', 'echo hello; exit 3'] });
    const argv = ['/usr/sbin/runc', 'run', '--bundle', bundle.folder, bundle.id];
    const run = await runWoven(watch, argv, bundle.id);
    bundle.remove();
    await watch.stop();
    expect([run.exitCode, run.stdout]).toEqual([3, 'hello\n']);
    expect(said(run.events, 'kernel/execve').at(-1)?.argv).toEqual(['/bin/sh', '-c', 'echo hello; exit 3']);
    expect(said(run.events, 'kernel/pivot-root')).toHaveLength(1);
    expect(said(run.events, 'kernel/sethostname')).toMatchObject([{ hostname: 'a-witnessed-one' }]);
    const left = readdirSync(tmpdir()).filter(
      (name) => name.startsWith('underdock-strace-') && !before.has(name),
    );
    expect(left).toEqual([]);
  });
});

async function until(holds: () => boolean): Promise<void> {
  const limit = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > limit) throw new Error('waited too long');
    await new Promise((done) => setTimeout(done, 20));
  }
}

function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function isAlive(pid: number): boolean {
  try {
    return existsSync(`/proc/${pid}`) && statOf(pid)[0] !== 'Z';
  } catch {
    return false;
  }
}

function nameOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
}

function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean);
  return children.flatMap((child) => [Number(child), ...descendants(Number(child))]);
}
