import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildPause, buildStarter, Store } from '@underdock/image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type PrivateContainerd,
  startPrivateContainerd,
} from '../../apps/agent/src/daemons/privateContainerd.ts';
import { type Registry, startRegistry } from '../../apps/agent/src/daemons/registry.ts';
import { findProgram } from '../../apps/agent/src/programs.ts';
import { docker } from './callsLab.ts';
import { causesOf, type FoundTrace, type Typed, type WatchedHost, watchThisHost } from './watchedHost.ts';
import { actsOfTrace, actsOfWitness, compareActs, lineageOf, type Testimony } from './witness.ts';

const NGINX = 'docker.io/library/nginx:latest';
const QUIET = '</dev/null >/dev/null 2>&1';
// crun refuses cgroups in hybrid mode; where v2 is hidden from it, in a mount namespace of its own, it works.
const HIDE = 'if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi;';
// The shell starts its last command without a fork: here each is to begin with a process of its own.
const FORKED = '; exit $?';

const folder = mkdtempSync(join(tmpdir(), 'underdock-typed-'));
const at = (...names: string[]) => join(folder, ...names);
// The article's commands stand as they are; what is named here is told from other tests' by this.
const own = basename(folder).toLowerCase();
const [mine, theirs, pod] = [`${own}-mine`, `${own}-theirs`, `${own}-pod`];

/** What is typed, one line after the other, in a bundle's folder; `here` is what has to be found of it. */
const LINES: { line: string; here: string[]; code?: number }[] = [
  { line: 'docker export $(docker create busybox) | tar -C rootfs -xf -', here: ['docker create busybox'] },
  { line: 'runc spec', here: ['runc spec'] },
  {
    line: `echo exit | script -qec 'runc run my_busybox_container${FORKED}' /dev/null`,
    here: ['runc run my_busybox_container'],
  },
  { line: `sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"sleep","60"/' config.json`, here: [] },
  { line: `runc create ${mine} ${QUIET}`, here: [`runc create ${mine}`] },
  ...['state', 'start'].map((verb) => ({ line: `runc ${verb} ${mine}`, here: [] })),
  { line: `runc exec ${mine} echo inside`, here: [] },
  { line: `runc kill ${mine} KILL; sleep 0.5; runc delete ${mine}`, here: [] },
  {
    line: `unshare -m sh -c '${HIDE} crun create ${theirs} ${QUIET}${FORKED}'`,
    here: [`crun create ${theirs}`],
  },
  { line: `crun state ${theirs}`, here: [] },
  { line: `unshare -m sh -c '${HIDE} crun start ${theirs}${FORKED}'`, here: [] },
  { line: `crun kill ${theirs} KILL; sleep 0.5`, here: [] },
  { line: `unshare -m sh -c '${HIDE} crun delete ${theirs}${FORKED}'`, here: [] },
  {
    line: `ctr images pull --hosts-dir ${at('hosts')} ${NGINX}`,
    here: [`ctr images pull --hosts-dir ${at('hosts')} ${NGINX}`],
  },
  {
    line: `ctr containers create ${NGINX} nginx-container`,
    here: [`ctr containers create ${NGINX} nginx-container`],
  },
  {
    line: `ctr tasks start nginx-container ${QUIET} & sleep 3; ctr tasks kill -s KILL nginx-container; wait; true`,
    here: ['ctr tasks start nginx-container', 'ctr tasks kill -s KILL nginx-container'],
  },
  { line: 'ctr containers delete nginx-container', here: ['ctr containers delete nginx-container'] },
  {
    line: `ctr run --rm ${NGINX} ${own} /bin/echo hello`,
    here: [`ctr run --rm ${NGINX} ${own} /bin/echo hello`],
  },
  ...(findProgram('kubectl')
    ? // Without a cluster it says so: the command itself is seen all the same.
      [{ line: 'kubectl run nginx --image=nginx', here: ['kubectl run nginx --image=nginx'], code: 1 }]
    : []),
];

let registry: Registry;
let runtime: PrivateContainerd;
let host: WatchedHost;
let found: FoundTrace[];
let testimony: Testimony;
let asked: { podSandboxId: string; containerId: string; refused: string };
const typed: Typed[] = [];

beforeAll(async () => {
  const store = new Store(at('store'));
  await buildStarter(store, { compression: 'gzip' });
  await buildStarter(store, { repository: 'library/nginx', compression: 'gzip' });
  await buildPause(store);
  registry = await startRegistry(store);
  mkdirSync(at('hosts/docker.io'), { recursive: true });
  mkdirSync(at('bundle/rootfs'), { recursive: true });
  const server = `http://${registry.host}`;
  writeFileSync(
    at('hosts/docker.io/hosts.toml'),
    `server = "${server}"\n[host."${server}"]\n  capabilities = ["pull", "resolve"]\n`,
  );
  runtime = await startPrivateContainerd({
    ...{ folder: at('c'), registry: registry.host, pauseImage: `${registry.host}/pause:latest` },
  });
  host = await watchThisHost();
  writeFileSync(at('Dockerfile'), 'FROM img\nCMD ["sh"]\n');
  docker(host.engine.socket, ['build', '-q', '-t', 'busybox', folder]);
  const { socket, containerdSocket } = host.engine;
  const env = `DOCKER_HOST=unix://${socket} CONTAINERD_ADDRESS=${containerdSocket} CONTAINERD_NAMESPACE=${own}`;
  for (const { line } of LINES)
    typed.push(await host.type('sh', '-c', `cd ${at('bundle')}; export ${env}; ${line}`));
  const client = await host.type(
    ...([process.execPath, 'test/live/criClient.ts', runtime.socket] as const),
    ...[`${registry.host}/starter:latest`, pod],
  );
  expect(client.stderr).toBe('');
  asked = JSON.parse(client.stdout);
  const here = new Set([...LINES.flatMap((one) => one.here), `RunPodSandbox shop/${pod}`]);
  ({ found, testimony } = await host.end(({ command }) => here.has(command.join(' '))));
}, 240_000);
afterAll(async () => {
  await host?.close();
  await runtime?.close();
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

const of = (trace: FoundTrace, step: string) => trace.events.filter((event) => event.step === step);
const run = (command: string) => {
  const one = found.find(({ header }) => header.command.join(' ') === command);
  if (!one) throw new Error(`no run was found for ${command}`);
  return one;
};
const begun = ({ events }: FoundTrace, step: string) =>
  events.filter((event) => event.step === step && event.type === 'begin');

describe('what somebody types without docker', () => {
  it('is carried out', () => {
    expect(typed.map(({ exitCode, stderr }) => [exitCode, exitCode === 0 ? '' : stderr])).toEqual(
      LINES.map(({ code = 0 }) => [code, code === 0 ? '' : expect.anything()]),
    );
  });

  it.each(LINES.flatMap(({ here }) => here))(
    'is found as a run of that name, whole and without losses: %s',
    (command) => {
      const trace = run(command);
      expect(trace.header.title).toBe(command);
      expect(trace.verdict).toMatchObject({ state: 'whole', faults: [] });
      expect(of(trace, 'trace/lost-records')).toEqual([]);
    },
  );

  it('runs a container on a bundle as the article does: from the command to pivot_root', () => {
    const trace = run('runc run my_busybox_container');
    const [pivot] = begun(trace, 'kernel/pivot-root');
    expect(causesOf(pivot!, trace.events)).toEqual(['low-level/run']);
  });

  it.each([
    ['runc', mine, ['create', 'state', 'start', 'exec', 'kill', 'delete']],
    ['crun', theirs, ['create', 'state', 'start', 'kill', 'delete']],
  ])('makes a container step by step with %s: one run, with each command once', (name, id, verbs) => {
    const trace = run(`${name} create ${id}`);
    const acts = trace.events.filter(
      ({ layer, type }) => layer === 'low-level' && type !== 'fact' && type !== 'log',
    );
    expect(acts.filter(({ type }) => type === 'begin').map(({ step }) => step)).toEqual(
      verbs.map((verb) => `low-level/${verb}`),
    );
    for (const { data } of acts.filter(({ type }) => type === 'end'))
      expect(data).toMatchObject({ exitCode: 0 });
    expect(new Set(trace.events.flatMap(({ container }) => container ?? []))).toEqual(new Set([id]));
  });

  it('pulls and starts with ctr: each call of containerd’s hangs on the command, down to pivot_root', () => {
    const pull = run(`ctr images pull --hosts-dir ${at('hosts')} ${NGINX}`);
    const methods = begun(pull, 'high-level/call').map(({ data }) => String(data.method).split('.').at(-1));
    expect(methods).toEqual(expect.arrayContaining(['Images/Create', 'Snapshots/Commit', 'Content/Write']));
    const start = run('ctr tasks start nginx-container');
    const [pivot] = begun(start, 'kernel/pivot-root');
    expect(causesOf(pivot!, start.events)).toEqual([
      ...['low-level/create', 'high-level/shim-request', 'high-level/create-task', 'client/command'],
    ]);
  });
});

describe('what a kubelet’s client asks containerd by the CRI', () => {
  const trace = () => run(`RunPodSandbox shop/${pod}`);
  const calls = ['run-sandbox', 'create-container', 'start-container', 'stop-container', 'remove-container'];

  it('is one run: the pod’s sandbox and the container in it', () => {
    expect(trace().verdict).toMatchObject({ state: 'whole', faults: [] });
    expect(new Set(trace().events.flatMap(({ container }) => container ?? []))).toEqual(
      new Set([asked.podSandboxId, asked.containerId]),
    );
    for (const step of [...calls, 'stop-sandbox', 'remove-sandbox'])
      expect(begun(trace(), `high-level/${step}`).length, step).toBe(step === 'start-container' ? 2 : 1);
  });

  it('has what is done in the kernel hang on the call that it was done for', () => {
    const pivots = begun(trace(), 'kernel/pivot-root').map((event) => [
      event.container,
      causesOf(event, trace().events),
    ]);
    const by = (call: string) => ['low-level/create', 'high-level/shim-request', `high-level/${call}`];
    expect(pivots).toEqual([
      [asked.podSandboxId, by('run-sandbox')],
      [asked.containerId, by('start-container')],
    ]);
  });

  it('shows the pod as it comes, stops and goes', () => {
    const states = of(trace(), 'high-level/has-sandbox').map(({ data }) => [data.id, data.state, data.gone]);
    expect(states).toEqual([
      [asked.podSandboxId, 'ready', undefined],
      [asked.podSandboxId, 'notready', undefined],
      [asked.podSandboxId, 'notready', true],
    ]);
  });

  it('is seen to fail where the runtime refuses it', () => {
    expect(asked.refused).toBe('refused');
    const ends = of(trace(), 'high-level/start-container').filter(({ type }) => type === 'end');
    expect(ends.map(({ data }) => data.error)).toEqual([undefined, 'failed']);
  });
});

it('an independent witness saw no listed act that the traces lack, and they have none that it did not see', () => {
  expect(testimony.lost).toBe(0);
  const started = new Set([runtime.pid, host.engine.pids.containerd]);
  const shims = testimony.forks.filter(({ parent }) => started.has(parent)).map(({ child }) => child);
  // A shell types them: they begin where the shell has become the command.
  const commands = found.flatMap(({ events }) =>
    events.flatMap(({ type, layer, actor, cause }) =>
      type === 'begin' && !cause?.length && (layer === 'client' || layer === 'low-level')
        ? (actor.pid ?? [])
        : [],
    ),
  );
  const witnessed = actsOfWitness(testimony, lineageOf([...shims, ...commands], testimony.forks));
  expect(witnessed.length).toBeGreaterThan(1000);
  expect(
    compareActs(
      witnessed,
      found.flatMap(({ events }) => actsOfTrace(events)),
    ),
  ).toEqual({
    missing: [],
    invented: [],
  });
});
