import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LibraryAnswer, TraceEvent } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTalkativeEngine, type TalkativeEngine } from './callsLab.ts';
import { type Agent, readTrace, type Said, startAgent, underdock } from './commandLine.ts';
import { causesOf } from './watchedHost.ts';

// One private engine. First without an agent, in a process of its own, then through an agent that is running.
let engine: TalkativeEngine;
let agent: Agent;
let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-record-'));
  engine = await startTalkativeEngine();
  env = { DOCKER_HOST: `unix://${engine.socket}` };
});
afterAll(async () => {
  await agent?.close();
  await engine?.close();
  rmSync(folder, { recursive: true, force: true });
});

const RUN = 'docker run --rm --network none img sh -c';
const at = (name: string) => join(folder, name);
const record = (args: string[], stateDir = at('state')): Promise<Said> =>
  underdock(['record', '--state', stateDir, ...args], env);
const of = (events: readonly TraceEvent[], step: string, type = 'begin') =>
  events.filter((event) => event.step === step && event.type === type);

describe('a command without an agent', () => {
  it('a script with two docker runs is one trace: each act is some container’s, and comes from the command', async () => {
    writeFileSync(at('two.sh'), `${RUN} 'echo one; exit 3'\n${RUN} 'echo two >&2; exit 4'\nexit 5\n`);
    // Somebody else uses the same engine at the same time: that is nobody's business here.
    const other = spawn('sh', ['-c', `sleep 2; while :; do ${RUN} 'exit 9'; done`], {
      env: { ...process.env, ...env },
      stdio: 'ignore',
      detached: true,
    });
    const said = await record(['--out', at('two.chain'), '--', 'sh', at('two.sh')]);
    process.kill(-other.pid!);
    expect(said).toMatchObject({ exitCode: 5, stdout: 'one\n', stderr: expect.stringContaining('two\n') });
    expect(said.stderr).toMatch(/recorded 2 containers in \d+ events: .*two\.chain/);
    const { header, events, verdict } = await readTrace(at('two.chain'));
    expect(verdict).toMatchObject({ state: 'whole', faults: [] });
    expect(header).toMatchObject({
      title: `sh ${at('two.sh')}`,
      via: 'watch',
      command: ['sh', at('two.sh')],
    });
    const pivots = of(events, 'kernel/pivot-root');
    expect(new Set(pivots.map(({ container }) => container)).size).toBe(2);
    for (const pivot of pivots)
      expect(causesOf(pivot, events).slice(-3)).toEqual([
        'client/request',
        'client/command',
        'client/command',
      ]);
    const ends = of(events, 'client/command', 'end').map(({ data }) => data.exitCode);
    expect(ends).toEqual([3, 4, 5]);
    for (const begin of events.filter(({ type }) => type === 'begin').slice(1))
      expect(causesOf(begin, events).at(-1), `${begin.step} ${begin.seq}`).toBe('client/command');
    expect(events.filter(({ data }) => String(data.argv).includes('exit 9'))).toEqual([]);
    expect(readdirSync(at('state/traces'))).toHaveLength(1);
  });
});

describe('a command while an agent runs', () => {
  beforeAll(async () => {
    agent = await startAgent();
  });

  it('a command that uses no container says so, keeps its exit code, and leaves nothing in the library', async () => {
    const said = await record(['--', 'sh', '-c', 'cat; exit 7'], agent.stateDir);
    expect(said.exitCode).toBe(7);
    expect(said.stderr).toContain('nothing of a chain was seen');
    expect(readdirSync(join(agent.stateDir, 'traces'))).toEqual([]);
    const missing = await record(['--', 'no-such-command']);
    expect([missing.exitCode, missing.stderr]).toEqual([127, expect.stringContaining('there is no command')]);
  });

  it('docker run itself, compose with two services: both are in the library, by their titles', async () => {
    const one = await record(
      ['--', 'docker', 'run', '--rm', '--network', 'none', 'img', 'true'],
      agent.stateDir,
    );
    expect([one.exitCode, one.stdout]).toEqual([0, '']);
    expect(one.stderr).toContain('in the agent at http');
    writeFileSync(
      at('compose.yaml'),
      `version: "2.4"\nservices:\n${['a', 'b'].map((name) => `  ${name}: {image: img, network_mode: none, command: "true"}\n`).join('')}`,
    );
    const up = ['docker-compose', '-f', at('compose.yaml'), '-p', 'recorded', 'up'];
    const two = await record(
      ['--title', 'two services', '--out', at('up.chain.gz'), '--', ...up],
      agent.stateDir,
    );
    // Python’s compose can’t be seen sending: what other tests ask their engines for at the same moment may be taken for its own.
    expect([two.exitCode, two.stderr]).toEqual([0, expect.stringMatching(/recorded [2-9] containers/)]);
    expect(two.stderr).toMatch(/recorded_a_1[\s\S]+recorded_b_1/);
    expect((await underdock(['verify', at('up.chain.gz')])).exitCode).toBe(0);
    const library = (await (await fetch(agent.url.replace('/?', '/api/library?'))).json()) as LibraryAnswer;
    expect(library.entries).toMatchObject([
      {
        title: 'two services',
        command: up,
        state: 'whole',
        exitCode: 0,
        containers: expect.arrayContaining([expect.any(String)]),
      },
      { title: '', command: ['docker', 'run', '--rm', '--network', 'none', 'img', 'true'], state: 'whole' },
    ]);
  });

  it('with a private engine, which has the starter image, also where no docker runs', async () => {
    const said = await record(
      ['--engine', 'private', '--', 'docker', 'run', '--rm', 'starter', 'echo', 'from inside'],
      agent.stateDir,
    );
    expect(said).toMatchObject({ exitCode: 0, stdout: 'from inside\n' });
    expect(said.stderr).toContain('recorded 1 container');
  });

  it('killed by a signal, the exit code is as a shell has it, and the trace is whole', async () => {
    const said = await record(['--', 'sh', '-c', `${RUN} true; kill -TERM $$`], agent.stateDir);
    expect([said.exitCode, said.stderr]).toEqual([143, expect.stringContaining('recorded 1 container')]);
  });
});
