import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { carriedContainers, exportTo, type Platform, portableOf } from '@underdock/chain/portable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram, programPath } from '../../apps/agent/src/programs.ts';
import { startDebianRegistry } from '../fakes/debianRegistry.ts';
import { startTalkativeEngine, type TalkativeEngine } from './callsLab.ts';
import { type Ended, type Lab, openLab, watchNothing } from './embeddedLab.ts';

// Build, push, pull: an image is built by a stock engine, pushed to a registry on loopback and run on every road there is. What
// docker makes of it afterwards, and every run's export, begins from the digest that the run's trace tells.
const ROADS = {
  'embedded, runc': { via: 'embedded', runtime: 'runc' },
  'embedded, by hand': { via: 'embedded', runtime: 'by-hand' },
  docker: { via: 'docker', engine: 'private', network: 'none' },
  containerd: { via: 'containerd', engine: 'private' },
  cri: { via: 'cri', engine: 'private' },
  'oci, runc': { via: 'oci', runtime: 'runc' },
  'oci, crun': { via: 'oci', runtime: 'crun' },
} as const;
type Road = keyof typeof ROADS;
const NAMES = Object.keys(ROADS) as Road[];

const ASKED = {
  command: ['sh', '-c', 'cat /built; echo "$GREETING, $(hostname)"; exit 3'],
  memory: '64m',
  cpus: 0.5,
  hostname: 'box',
  env: ['GREETING=good morning to all'],
  workdir: '/bin',
};
const SAID = 'built in two steps\ngood morning to all, box\n';

let folder: string;
let registry: Awaited<ReturnType<typeof startDebianRegistry>>;
let engine: TalkativeEngine;
let lab: Lab;
let reference: string;
let pushed: string;
const runs = {} as Record<Road, Ended>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-journey-'));
  [registry, engine, lab] = await Promise.all([
    startDebianRegistry(join(folder, 'registry')),
    startTalkativeEngine(),
    openLab({ watch: watchNothing, calls: [], allowedMounts: [] }),
  ]);
  reference = `${registry.host}/house/journey:1`;
  pushed = buildAndPush();
  for (const road of NAMES)
    runs[road] = await lab.run({ ...ASKED, ...ROADS[road], image: reference } as Parameters<Lab['run']>[0]);
}, 300_000);
afterAll(async () => {
  await lab?.close();
  await engine?.close();
  await registry?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

function docker(...words: string[]) {
  return command(programPath('docker'), ['-H', `unix://${engine.socket}`, ...words]);
}

function command(program: string, words: string[], more: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const env = { ...process.env, DOCKER_BUILDKIT: '0', DOCKER_HOST: `unix://${engine.socket}`, ...more.env };
  const { status, stdout, stderr } = spawnSync(program, words, {
    encoding: 'utf8',
    timeout: 90_000,
    ...more,
    env,
  });
  return { status, stdout, stderr };
}

/** The digest that `docker push` tells. */
function buildAndPush(): string {
  const context = join(folder, 'context');
  const bin = join(context, 'root/bin');
  mkdirSync(bin, { recursive: true });
  spawnSync('cp', [programPath('busybox'), join(bin, 'busybox')]);
  for (const name of ['sh', 'cat', 'echo', 'hostname']) symlinkSync('busybox', join(bin, name));
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM scratch\nCOPY root /\nRUN echo "built in two steps" > /built\nCMD ["cat", "/built"]\n',
  );
  const built = docker('build', '--network', 'none', '-t', reference, context);
  if (built.status !== 0) throw new Error(built.stderr);
  const said = docker('push', reference);
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(said.stdout)?.[1];
  if (!digest) throw new Error(said.stdout + said.stderr);
  return digest;
}

const portable = ({ run, events }: Ended) => portableOf(run.header, events, carriedContainers(events)[0]!);

/** Writes an export into a folder of its own. */
function carry(road: Road, platform: Platform): string {
  const exported = exportTo(platform, portable(runs[road]));
  expect(exported.files.length, `${road}: ${JSON.stringify(exported.lost)}`).toBeGreaterThan(0);
  const out = mkdtempSync(join(folder, `${platform}-`));
  for (const { name, text } of exported.files) writeFileSync(join(out, name), text);
  return out;
}

describe('an image that was built, pushed and pulled', () => {
  it.each(NAMES)('is run to the same end on the road %s', (road) => {
    const { exitCode, stdout, error } = runs[road];
    expect({ exitCode, stdout, error }).toEqual({ exitCode: 3, stdout: SAID, error: undefined });
  });

  it('has one digest all the way: as pushed, as the registry answers, as each road’s trace tells it', async () => {
    const answer = await fetch(`http://${registry.host}/v2/house/journey/manifests/1`, {
      headers: { accept: 'application/vnd.docker.distribution.manifest.v2+json' },
    });
    expect(answer.headers.get('docker-content-digest')).toBe(pushed);
    const told = NAMES.map((road) => [road, portable(runs[road]).image.digest?.value]);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(NAMES.map((road) => [road, pushed])));
  });

  it('is asked for alike in the exports of all roads: image, process, limits', () => {
    for (const road of NAMES) {
      const run = portable(runs[road]);
      expect(run.args?.value, road).toEqual(ASKED.command);
      expect([run.memory?.value, run.cpus?.value, run.hostname?.value], road).toEqual([67108864, 0.5, 'box']);
      expect(exportTo('pod', run).files[0]!.text, road).toContain(`@${pushed}`);
    }
  });
});

describe('an export', () => {
  it.each(NAMES)('as a docker run command, run on a stock engine, comes to the same end: %s', (road) => {
    const out = carry(road, 'docker');
    docker('rm', '-f', 'journey');
    const unfilled = command('sh', ['docker-run.sh'], { cwd: out });
    expect(unfilled.stderr).toContain('GREETING: fill in');
    const said = command('sh', ['docker-run.sh'], { cwd: out, env: { GREETING: 'good morning to all' } });
    expect({ status: said.status, stdout: said.stdout }).toEqual({ status: 3, stdout: SAID });
  });

  it('as compose.yaml is taken by docker-compose, which says that it is whole and runs it to the same end', (context) => {
    if (!findProgram('docker-compose')) context.skip('not on this machine: docker-compose');
    const out = carry('embedded, runc', 'compose');
    const env = { GREETING: 'good morning to all' };
    expect(command('docker-compose', ['config', '-q'], { cwd: out, env })).toMatchObject({ status: 0 });
    expect(command('docker-compose', ['config', '-q'], { cwd: out }).stderr).toContain('fill in');
    const service = /^services:\n {2}([\w-]+):/m.exec(readFileSync(join(out, 'compose.yaml'), 'utf8'))![1]!;
    const run = ['up', '--no-color', '--exit-code-from', service];
    const said = command('docker-compose', run, { cwd: out, env });
    command('docker-compose', ['down'], { cwd: out, env });
    expect(said.status).toBe(3);
    for (const line of SAID.trim().split('\n')) expect(said.stdout).toContain(line);
  });

  it.each(NAMES)(
    'as a bundle fetches its files by digest, is run by runc, and keeps its limits: %s',
    (road) => {
      const out = carry(road, 'bundle');
      const fetched = command('sh', ['fetch-rootfs.sh'], { cwd: out });
      expect({ status: fetched.status, stderr: fetched.stderr }).toMatchObject({ status: 0 });
      const file = join(out, 'config.json');
      writeFileSync(
        file,
        readFileSync(file, 'utf8').replace('GREETING=FILL IN', 'GREETING=good morning to all'),
      );
      const runc = ['--root', join(out, 'state'), 'run', `journey-${process.pid}`];
      const said = command('runc', runc, { cwd: out });
      expect({ status: said.status, stdout: said.stdout }).toEqual({ status: 3, stdout: SAID });
      const config = JSON.parse(readFileSync(file, 'utf8')) as { linux: { resources: object } };
      expect(config.linux.resources).toMatchObject({ memory: { limit: 67108864 } });
    },
  );
});
