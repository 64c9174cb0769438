import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { verifyTrace } from '@underdock/trace';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VERSION } from '../../../apps/agent/src/cli/about.ts';
import { writeAgentFile } from '../../../apps/agent/src/cli/agentFile.ts';
import { startAgent, type TestAgent } from '../../fakes/agent.ts';
import { TestCommandLine } from './commandLine.ts';

let line: TestCommandLine;
beforeEach(() => {
  line = new TestCommandLine();
});
afterEach(() => line.remove());

const BYTES = String.raw`printf '\000\377\200a\n'; printf 'err\n' >&2; exit 7`;

describe('without a running agent', () => {
  test('the streams pass through byte by byte, the exit code is the container’s, the rest is on stderr', async () => {
    const { code, stdout, err } = await line.say('run', 'x', 'sh', '-c', BYTES);
    expect(code).toBe(7);
    expect(stdout).toEqual(Buffer.from([0, 255, 128, 97, 10]));
    expect(err).toContain('err\n');
    expect(err).toContain('underdock: via embedded: no docker answers here');
    expect(err).toMatch(/ ms {2}client {6}/);
    expect(line.closed).toBe(1);
  });

  test('--quiet leaves the container’s own words alone', async () => {
    const { err, out } = await line.say('run', '-q', 'x', 'sh', '-c', 'echo out; echo err >&2');
    expect([out, err]).toEqual(['out\n', 'err\n']);
  });

  test('--json gives the header and then the events, output among them, and nothing else', async () => {
    const { stdout, err, code } = await line.say('run', '--json', 'x', 'sh', '-c', BYTES);
    expect(code).toBe(7);
    expect(err).toBe('');
    const lines = stdout
      .toString()
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(lines[0]).toMatchObject({ underdock: 1, via: 'embedded' });
    const output = lines.filter((one) => one.step === 'process/output').map((one) => one.data);
    expect(output).toContainEqual({ stream: 'stdout', base64: 'AP+AYQo=' });
    expect(await verifyTrace([stdout.toString()])).toMatchObject({ state: 'whole' });
  });

  test('a secret reaches the terminal and not the trace', async () => {
    const args = [
      '--record',
      line.path('t.chain'),
      '-e',
      'SECRET=hunter2hunter2',
      'x',
      'sh',
      '-c',
      'echo $SECRET',
    ];
    const { out } = await line.say('run', ...args);
    expect(out).toBe('hunter2hunter2\n');
    const trace = readFileSync(line.path('t.chain'), 'utf8');
    expect(trace).not.toContain('hunter2');
    expect(trace).not.toContain(Buffer.from('hunter2hunter2').toString('base64').slice(0, 12));
    expect(JSON.parse(trace.split('\n')[0]!).redacted).toContain('env SECRET');
  });

  test('-i passes standard input on, without end if there is much of it', async () => {
    const much = Buffer.alloc(3_000_000, 'x');
    line.stdin.end(much);
    const { stdout, code } = await line.say('run', '-i', '-q', 'x', 'cat');
    expect([code, stdout.equals(much)]).toEqual([0, true]);
  });

  test('--hold waits for Enter', async () => {
    const done = line.say('run', '--hold', 'x', 'echo', 'released');
    await expect.poll(() => line.runs[0]?.list()[0]?.state).toBe('held');
    line.stdin.write('\n');
    const { out, err } = await done;
    expect(out).toBe('released\n');
    expect(err).toContain('press Enter');
  });

  test('-d needs an agent and starts nothing without one', async () => {
    const { code, err } = await line.say('run', '-d', 'x', 'true');
    expect([code, line.runs.length]).toEqual([125, 0]);
    expect(err).toContain('underdock up');
  });

  test('-it without a terminal is refused', async () => {
    const { code, err } = await line.say('run', '-it', 'x', 'true');
    expect(code).toBe(125);
    expect(err).toContain('no terminal');
  });

  test('a command that is not there is 127', async () => {
    expect((await line.say('run', 'x', '/no/such/command')).code).toBe(127);
  });

  test.each([
    ['unknown flag', ['--privileged', 'x'], '--privileged'],
    ['bad value', ['-m', 'lots', 'x'], '--memory: must be a size'],
    ['no image', [], 'image'],
    ['unknown image', ['missing'], 'there is no image missing'],
  ])('%s is 125 and says why', async (_name, args, says) => {
    const { code, err } = await line.say('run', ...args);
    expect(code).toBe(125);
    expect(err).toContain(says);
  });
});

describe('--record', () => {
  test('writes a whole trace, packed if its name says so, for the owner alone', async () => {
    expect((await line.say('run', '--record', line.path('a.chain'), 'x', 'true')).code).toBe(0);
    expect((await line.say('run', '--record', line.path('a.chain.gz'), 'x', 'true')).code).toBe(0);
    const plain = readFileSync(line.path('a.chain'), 'utf8');
    const packed = gunzipSync(readFileSync(line.path('a.chain.gz'))).toString();
    expect(await verifyTrace([plain])).toMatchObject({ state: 'whole' });
    expect(await verifyTrace([packed])).toMatchObject({ state: 'whole' });
    expect(statSync(line.path('a.chain')).mode & 0o077).toBe(0);
  });

  test('into a folder that is not there is refused before anything starts', async () => {
    const { code, err } = await line.say(
      'run',
      '--record',
      line.path('no/where/t.chain'),
      'x',
      'touch',
      line.path('ran'),
    );
    expect(code).toBe(125);
    expect(err).toContain(`mkdir -p ${line.path('no/where')}`);
    expect(existsSync(line.path('ran'))).toBe(false);
    mkdirSync(line.path('folder'));
    expect((await line.say('run', '--record', line.path('folder'), 'x', 'true')).err).toContain(
      'is a folder',
    );
  });

  test('on a full disk says so and is 125, the run itself goes on', async () => {
    for (const name of ['/dev/full']) {
      const { code, err, out } = await line.say('run', '--record', name, 'x', 'echo', 'ran');
      expect(out).toBe('ran\n');
      expect(code).toBe(125);
      expect(err).toContain("--record /dev/full: it can't be written (ENOSPC)");
    }
  });
});

describe('with a running agent', () => {
  let agent: TestAgent;
  let takeBack: () => void;
  beforeEach(async () => {
    agent = await startAgent({}, { health: { version: VERSION, instance: 'i1' } });
    mkdirSync(line.path('state'), { mode: 0o700 });
    const record = {
      url: `${agent.url}/`,
      token: agent.access.drive,
      pid: process.pid,
      instance: 'i1',
      version: VERSION,
    };
    takeBack = writeAgentFile(line.path('state'), record);
  });
  afterEach(async () => {
    takeBack();
    await agent.close();
  });

  test('the run shows there, and the terminal sees the same as without', async () => {
    const { code, stdout, err } = await line.say('run', 'x', 'sh', '-c', BYTES);
    expect(code).toBe(7);
    expect(stdout).toEqual(Buffer.from([0, 255, 128, 97, 10]));
    expect(err).toContain(`in the agent at ${agent.url}`);
    expect(err).not.toContain(agent.access.drive);
    expect(agent.runs.list()).toMatchObject([{ state: 'finished', exitCode: 7 }]);
    expect([...agent.runs.all.values()].map((run) => run.origin)).toEqual(['cli']);
    expect(line.runs).toEqual([]);
  });

  test('--record, --json and secrets work the same', async () => {
    const args = [
      'run',
      '--json',
      '--record',
      line.path('t.chain'),
      '-e',
      'S=hunter2hunter2',
      'x',
      'sh',
      '-c',
      'echo $S',
    ];
    const { out } = await line.say(...args);
    expect(readFileSync(line.path('t.chain'), 'utf8')).toBe(out);
    expect(out).not.toContain('hunter2');
    expect((await line.say('run', '-e', 'S=hunter2hunter2', 'x', 'sh', '-c', 'echo $S')).out).toBe(
      'hunter2hunter2\n',
    );
  });

  test('-i passes much input on', async () => {
    const much = Buffer.alloc(2_000_000, 'x');
    line.stdin.end(much);
    const { stdout, code } = await line.say('run', '-i', '-q', 'x', 'cat');
    expect([code, stdout.equals(much)]).toEqual([0, true]);
  });

  test('-d prints the container’s id and leaves it running', async () => {
    const { code, out } = await line.say('run', '-d', 'x', 'sleep', '30');
    expect(code).toBe(0);
    const [run] = agent.runs.list();
    expect(out).toBe(`${run?.container}\n`);
    expect(run?.state).toBe('running');
  });

  test('what it refuses is told as it says it', async () => {
    const { code, err } = await line.say('run', 'missing');
    expect(code).toBe(125);
    expect(err).toContain('there is no image missing\n  check its name');
  });

  test('another agent on its port is not given the token', async () => {
    takeBack();
    const record = {
      url: `${agent.url}/`,
      token: 'secret',
      pid: process.pid,
      instance: 'other',
      version: VERSION,
    };
    takeBack = writeAgentFile(line.path('state'), record);
    expect((await line.say('run', 'x', 'true')).code).toBe(0);
    expect(line.runs).toHaveLength(1);
  });
});
