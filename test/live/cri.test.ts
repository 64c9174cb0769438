import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TraceEvent } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineCgroup } from '../../apps/agent/src/daemons/privateEngineRemains.ts';
import { type Ended, type Lab, leftOnHost, openLab, watchNothing } from './embeddedLab.ts';
import { notHere } from './notHere.ts';

const CRIO = '/run/crio/crio.sock';
/** The same suite on each runtime; one that is not here is counted apart, and never as passed. */
const RUNTIMES = [
  { name: 'containerd', request: { via: 'cri', engine: 'private' } as const, here: true },
  { name: 'CRI-O', request: { via: 'cri', socket: CRIO } as const, here: existsSync(CRIO) },
];

const shell = (script: string) => ['sh', '-c', script];
const steps = ({ events }: Pick<Ended, 'events'>, step: string) =>
  events.filter((event) => event.step === step);
const ends = (ended: Ended, step: string) => steps(ended, step).filter(({ type }) => type === 'end');
const begins = (ended: Ended, step: string) => steps(ended, step).filter(({ type }) => type === 'begin');
const verbs = (ended: Ended) =>
  begins(ended, 'engine/call').map(({ data }) => String(data.method).split('/')[1]);
const lastOf = (events: TraceEvent[]) => events.at(-1)?.data;

/** Pods’ cgroups and logs that are left, and what else a private containerd’s containers could leave. */
function left({ stateDir }: Lab): string[] {
  const cgroup = engineCgroup(join(stateDir, 'containerd')).slice(1);
  const folders = ['', ...readdirSync('/sys/fs/cgroup')].map((name) => join('/sys/fs/cgroup', name, cgroup));
  const pods = folders
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder).filter((one) => one.startsWith('pod')));
  const logs = join(stateDir, 'cri', 'logs');
  const tasks = join(stateDir, 'containerd/ctd-run/io.containerd.runtime.v2.task/k8s.io');
  return [logs, tasks]
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder))
    .concat(pods);
}

describe.each(RUNTIMES)('a container in a pod of $name', ({ name, request, here }) => {
  let lab: Lab;
  beforeAll(async () => {
    if (here) lab = await openLab({ watch: watchNothing, calls: [] });
  });
  afterAll(() => lab?.close());

  const test = (words: string, body: () => Promise<void>) =>
    it(words, async (context) => {
      if (!here) notHere(context, name);
      await body();
    });
  async function ran(more: Parameters<Lab['run']>[0]): Promise<Ended> {
    const ended = await lab.run({ ...request, ...more });
    expect(ended.verdict).toMatchObject({ state: 'whole' });
    return ended;
  }

  test('has its output told apart byte by byte, and its own exit code', async () => {
    const ended = await ran({ command: shell("printf 'a\\nb'; echo err >&2; exit 7") });
    expect(ended).toMatchObject({ exitCode: 7, stdout: 'a\nb', stderr: 'err\n', error: undefined });
  });

  test('is asked for as a kubelet asks, each call told with the crictl command that does the same', async () => {
    const ended = await ran({ command: ['true'], env: ['PASSWORD=hunter2hunter2'] });
    expect(verbs(ended).filter((verb) => verb !== 'PullImage')).toEqual([
      ...['Version', 'Status', 'ImageStatus', 'RunPodSandbox', 'PodSandboxStatus', 'CreateContainer'],
      ...['StartContainer', 'ContainerStatus', 'ContainerStatus'],
      ...['RemoveContainer', 'StopPodSandbox', 'RemovePodSandbox'],
    ]);
    const [create] = begins(ended, 'engine/call').filter(({ data }) =>
      /CreateContainer$/.test(String(data.method)),
    );
    expect(create).toMatchObject({
      actor: { name: 'underdock as kubelet' },
      data: { equivalent: expect.stringContaining('crictl'), request: { config: { envs: ['PASSWORD'] } } },
      evidence: [{ source: 'grpc' }],
    });
    expect(readFileSync(ended.run.file, 'utf8')).not.toContain('hunter2');
    expect(left(lab)).toEqual([]);
  });

  test('has its pod told as made, with its pause process, and as gone', async () => {
    const ended = await ran({ command: ['true'] });
    const facts = steps(ended, 'high-level/has-sandbox');
    expect(facts[0]?.data).toMatchObject({
      state: 'ready',
      pid: expect.any(Number),
      shares: expect.arrayContaining(['ipc']),
    });
    expect(facts.at(-1)?.data).toMatchObject({ gone: true });
    const own = steps(ended, 'engine/has-container').filter(
      ({ container }) => container !== facts[0]?.container,
    );
    expect(lastOf(own)).toMatchObject({ gone: true });
  });

  test('keeps to memory, processors and processes that it may use', async () => {
    const script =
      'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us 2>/dev/null || cat memory.max cpu.max; f() { sleep 1 & }; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do f; done';
    const ended = await ran({ memory: '64m', cpus: 0.5, pidsLimit: 8, command: shell(script) });
    const values = ended.stdout.split('\n').map((line) => line.split(' ')[0]);
    expect(values.slice(0, 2)).toEqual(['67108864', '50000']);
    expect(ended.stderr).toMatch(/can't fork|resource/i);
  });

  test('has hostname, user, folder, environment, mounts and a root that is read-only, as asked', async () => {
    const shared = join(lab.stateDir, 'shared');
    mkdirSync(shared, { recursive: true });
    writeFileSync(join(shared, 'note'), 'from the host\n');
    const open = await openLab({
      watch: watchNothing,
      calls: [],
      allowedMounts: [shared],
      stateDir: `${lab.stateDir}-m`,
    });
    const script =
      'hostname; id -u; id -g; pwd; echo $WORD; cat /shared/note; touch /x; touch /shared/y; grep CapEff /proc/self/status';
    const ended = await open.run({
      ...request,
      ...{ hostname: 'pod-7', user: '1000:100', workdir: '/tmp', env: ['WORD=hello'], readOnly: true },
      ...{ volume: [`${shared}:/shared:ro`], capDrop: ['ALL'], command: shell(script) },
    });
    await open.close();
    expect(ended.stdout.split('\n').slice(0, 7)).toEqual([
      ...['pod-7', '1000', '100', '/tmp', 'hello', 'from the host', 'CapEff:\t0000000000000000'],
    ]);
    expect(ended.stderr.match(/Read-only file system/g)).toHaveLength(2);
  });

  test('whose command is not there ends with 127, one that can’t be executed with 126', async () => {
    const absent = await ran({ command: ['/no/such/command'] });
    expect(absent).toMatchObject({ exitCode: 127, error: { code: 'command-not-found' } });
    expect(lastOf(ends(absent, 'engine/start-container'))).toMatchObject({ error: 'command-not-found' });
    const folder = await ran({ command: ['/etc'] });
    expect(folder).toMatchObject({ exitCode: 126, error: { code: 'command-not-executable' } });
    expect(left(lab)).toEqual([]);
  });

  test('is told apart from a plain failure when the kernel kills it for its memory', async () => {
    const ended = await ran({ memory: '32m', command: shell('x=a; while :; do x=$x$x$x; done') });
    expect(ended.exitCode).toBe(137);
    const stopped = steps(ended, 'engine/has-container').find(({ data }) => data.state === 'stopped');
    expect(stopped?.data).toMatchObject({ oomKilled: true, exitCode: 137 });
  });

  test('carries out commands in itself, shows its log, and takes new limits', async () => {
    const going = await lab.start({
      ...request,
      command: shell('echo up; trap "exit 5" TERM; while :; do sleep 0.1; done'),
    });
    await going.says('up');
    const orders = going.run.orders!;
    const answer = await orders.exec({ command: shell('echo in; echo no >&2; exit 9') });
    expect({ ...answer, stdout: `${answer.stdout}`, stderr: `${answer.stderr}` }).toEqual({
      ...{ exitCode: 9, stdout: 'in\n', stderr: 'no\n' },
    });
    const { bytes, framed } = await orders.logs();
    expect([framed, bytes[0], Buffer.from(bytes).subarray(8).toString()]).toEqual([true, 1, 'up\n']);
    await orders.update({ memory: '96m' });
    await expect(orders.pause()).rejects.toMatchObject({ code: 'not-in-cri', remedy: expect.any(String) });
    await expect(orders.exec({ command: ['id'], user: '5' })).rejects.toMatchObject({ code: 'not-in-cri' });
    await going.run.stop({ graceMs: 5000 });
    const ended = await going.ended();
    expect(ended.exitCode).toBe(5);
    expect(verbs(ended)).toEqual(
      expect.arrayContaining(['ExecSync', 'UpdateContainerResources', 'StopContainer']),
    );
    expect(left(lab)).toEqual([]);
  });

  test('that does not heed the polite signal is killed when its grace is over', async () => {
    const going = await lab.start({
      ...request,
      command: shell('echo up; trap "" TERM; while :; do sleep 0.1; done'),
    });
    await going.says('up');
    await going.run.stop({ graceMs: 1000 });
    expect((await going.ended()).exitCode).toBe(137);
  });

  test('of an image that is not there ends with a clear error, and nothing is left', async () => {
    const starter = await lab.opened.starter();
    const ended = await ran({ image: `${starter}/starter:nowhere` });
    expect(ended).toMatchObject({
      exitCode: 125,
      error: { code: 'no-such-image', remedy: expect.any(String) },
    });
    expect(lastOf(ends(ended, 'high-level/resolve-image'))).toMatchObject({ error: 'no-such-image' });
    expect(left(lab)).toEqual([]);
  });

  test('by a runtime that is not configured ends with a clear error', async () => {
    const ended = await ran({ runtime: 'nowhere', command: ['true'] });
    expect(ended).toMatchObject({ exitCode: 125, error: { code: 'unknown-runtime' } });
    expect(left(lab)).toEqual([]);
  });

  test('is refused what the CRI has no words for, before anything begins', async () => {
    for (const more of [{ tty: true }, { interactive: true }, { network: 'none' }, { publish: ['80:80'] }]) {
      await expect(lab.start({ ...request, ...more })).rejects.toMatchObject({
        ...{ code: 'not-in-cri', remedy: expect.any(String) },
      });
    }
  });

  test('stays when it is kept, and goes when it is removed', async () => {
    const ended = await ran({ keep: true, command: ['true'] });
    expect(left(lab)).not.toEqual([]);
    await lab.opened.runs.remove(ended.run.id);
    expect(left(lab)).toEqual([]);
  });
});

describe('in underdock’s own containerd', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab();
  });
  afterAll(async () => {
    const { stateDir } = lab;
    await lab.close();
    expect(leftOnHost(stateDir)).toEqual([]);
  });

  it('pod and container share namespaces as /proc shows them, and each act is of one of the two', async () => {
    const going = await lab.start({ via: 'cri', engine: 'private', command: shell('echo up; sleep 60') });
    await going.says('up');
    const sandbox = await going.tells('high-level/has-sandbox', 'fact');
    const pause = Number(sandbox.data.pid);
    await expect
      .poll(() => initOf(going.run.events, sandbox.container), { timeout: 10_000 })
      .toBeGreaterThan(0);
    const init = initOf(going.run.events, sandbox.container);
    const links = Object.fromEntries(
      ['net', 'ipc', 'uts', 'pid', 'mnt'].map((kind) => [kind, [pause, init].map((pid) => inode(pid, kind))]),
    );
    for (const kind of ['net', 'ipc', 'uts']) expect(links[kind]?.[0]).toBe(links[kind]?.[1]);
    for (const kind of ['pid', 'mnt']) expect(links[kind]?.[0]).not.toBe(links[kind]?.[1]);
    expect(readFileSync(`/proc/${pause}/comm`, 'utf8')).toBe('pause\n');
    await going.run.stop({ graceMs: 0 });
    const ended = await going.ended();
    const told = (pid: number, kind: string) =>
      steps(ended, 'kernel/has-namespace').find(({ data }) => data.pid === pid && data.kind === kind)?.data
        .inode;
    for (const [kind, [ofPause, ofInit]] of Object.entries(links)) {
      expect([kind, told(pause, kind), told(init, kind)]).toEqual([kind, ofPause, ofInit]);
    }
    chainsOf(ended);
  });

  it('runs by crun as another runtime handler', async () => {
    const ended = await lab.run({
      via: 'cri',
      engine: 'private',
      runtime: 'crun',
      command: shell('echo by crun'),
    });
    expect(ended).toMatchObject({ exitCode: 0, stdout: 'by crun\n' });
    const runtimes = begins(ended, 'low-level/create').map(({ data }) => data.runtime);
    expect(new Set(runtimes)).toEqual(new Set(['crun']));
  });
});

function inode(pid: number, kind: string): number {
  return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/${kind}`))?.[0]);
}

/** The init of the container that is not the sandbox. */
function initOf(events: readonly TraceEvent[], sandbox: string | undefined): number {
  const found = events.find(
    ({ step, data, container }) =>
      step === 'process/has-process' && data.role === 'init' && container !== sandbox,
  );
  return Number(found?.data.pid ?? 0);
}

/** Both runtime calls that make a container come, over shim and CRI call, from the command. */
function chainsOf(ended: Ended): void {
  const begun = new Map(
    ended.events.flatMap((event) => (event.type === 'begin' ? [[event.span, event] as const] : [])),
  );
  const chains = begins(ended, 'low-level/create').map((create) => {
    const names = [];
    for (let at: TraceEvent | undefined = create; at; at = begun.get(at.cause?.[0])) names.push(at.step);
    return names;
  });
  const above = (act: string, order: string) => [
    ...['low-level/create', 'high-level/shim-request', act, 'engine/call', order, 'client/run'],
  ];
  expect(chains).toEqual([
    above('high-level/run-sandbox', 'engine/create-container'),
    above('high-level/start-container', 'engine/start-container'),
  ]);
  const containers = new Set(begins(ended, 'low-level/create').map(({ container }) => container));
  expect(containers.size).toBe(2);
}
