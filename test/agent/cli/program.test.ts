import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readAgentFile, writeAgentFile } from '../../../apps/agent/src/cli/agentFile.ts';
import { chooseVia } from '../../../apps/agent/src/cli/chooseVia.ts';
import { stateFolder } from '../../../apps/agent/src/cli/stateFolder.ts';
import { up } from '../../../apps/agent/src/cli/up.ts';
import { tame } from '../../../apps/agent/src/cli/words.ts';
import { REPORT, startAgent } from '../../fakes/agent.ts';
import { createPlainRuns } from '../../fakes/plainRuns.ts';
import { sampleEvents, sampleText } from '../../trace/sample.ts';
import { TestCommandLine } from './commandLine.ts';

let line: TestCommandLine;
beforeEach(() => {
  line = new TestCommandLine();
});
afterEach(() => line.remove());

test('an unknown command names those that there are', async () => {
  const { code, err } = await line.say('explode');
  expect(code).toBe(1);
  expect(err).toMatch(
    /^underdock: there is no command explode\n {2}there are: up, run, watch, doctor, record, verify, explain, .*\bcompare, play, version\n$/,
  );
});

test('help, version and a bare call are no errors; -h of run is the host name', async () => {
  expect((await line.say()).out).toContain('Usage: underdock');
  expect((await line.say('--help')).code).toBe(0);
  expect((await line.say('version')).out).toMatch(/^underdock \d+\.\d+\.\d+ \(node v\d+/);
  expect((await line.say('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  const help = await line.say('run', '--help');
  expect([help.code, help.out.includes('-h, --hostname')]).toEqual([0, true]);
});

describe('verify', () => {
  const whole = sampleText();

  test.each<[string, string | Buffer, number, RegExp]>([
    ['whole.chain', whole, 0, /: whole, 8 events\n$/],
    ['whole.chain.gz', gzipSync(whole), 0, /: whole, 8 events\n$/],
    ['gzip-by-another-name', gzipSync(whole), 0, /: whole, 8 events\n$/],
    ['cut.chain', whole.slice(0, -20), 3, /never ends\n.*: cut off after 7 events, readable up to there\n$/],
    ['cut.chain.gz', gzipSync(whole).subarray(0, -30), 3, /: cut off after \d events/],
    ['open.chain', sampleText(sampleEvents().slice(0, -1)), 3, /span s1 \(client\/run\)/],
    [
      'broken.chain',
      whole.replace('"seq":3', '"seq":4'),
      1,
      /line 4: seq is 4, expected 3\n.*: broken, 1 faults/,
    ],
    ['empty.chain', '', 1, /the file is empty/],
    ['text.chain', 'hello\n', 1, /the first line is no header of a trace/],
    ['damaged.chain.gz', damaged(gzipSync(whole)), 1, /broken/],
  ])('%s', async (name, content, code, says) => {
    writeFileSync(line.path(name), content);
    const said = await line.say('verify', line.path(name));
    expect([said.code, said.out]).toEqual([code, expect.stringMatching(says)]);
  });

  test('a file that is not there is an error with its name, exit code 1', async () => {
    const { code, err } = await line.say('verify', line.path('gone.chain'));
    expect([code, err]).toEqual([1, expect.stringContaining("gone.chain can't be read (ENOENT)")]);
    expect((await line.say('verify', line.folder)).err).toContain('EISDIR');
    expect((await line.say('verify')).code).toBe(1);
  });

  function damaged(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    copy.fill(0xff, 200, 240);
    return copy;
  }
});

describe('the state folder', () => {
  test.each([
    [{ flag: '/a/b', uid: 0, env: { UNDERDOCK_STATE: '/c' } }, '/a/b'],
    [{ uid: 0, env: { UNDERDOCK_STATE: '/c' } }, '/c'],
    [{ uid: 0, env: { XDG_STATE_HOME: '/x' } }, '/var/lib/underdock'],
    [{ uid: 1000, env: { XDG_STATE_HOME: '/x' } }, '/x/underdock'],
    [
      { uid: 1000, env: { XDG_STATE_HOME: 'relative' }, home: '/people/u' },
      '/people/u/.local/state/underdock',
    ],
    [{ uid: 1000, env: {}, home: '/people/u' }, '/people/u/.local/state/underdock'],
  ])('%j', (choice, folder) => {
    expect(stateFolder(choice)).toBe(folder);
  });

  test('that can’t be used is a clear error', async () => {
    const { code, err } = await line.say('run', '--state', '/proc/nowhere', 'x', 'true');
    expect([code, err]).toEqual([125, expect.stringContaining('--state DIR')]);
  });

  test('is readable by its owner alone', async () => {
    await line.say('run', '-q', 'x', 'true');
    expect(statSync(line.path('state')).mode & 0o777).toBe(0o700);
  });
});

describe('the agent file', () => {
  const record = { url: 'http://127.0.0.1:1/', token: 't', pid: 1, instance: 'i', version: '1' };

  test('is for its owner alone, and one that others can read is not believed', () => {
    const takeBack = writeAgentFile(line.folder, record);
    expect(statSync(line.path('agent.json')).mode & 0o777).toBe(0o600);
    expect(readAgentFile(line.folder)).toEqual(record);
    chmodSync(line.path('agent.json'), 0o644);
    expect(readAgentFile(line.folder)).toBeUndefined();
    chmodSync(line.path('agent.json'), 0o600);
    writeFileSync(line.path('agent.json'), '{"url":7}');
    expect(readAgentFile(line.folder)).toBeUndefined();
    takeBack();
  });

  test('of a successor is left alone', () => {
    const takeBack = writeAgentFile(line.folder, record);
    writeAgentFile(line.folder, { ...record, instance: 'next' });
    takeBack();
    expect(readAgentFile(line.folder)?.instance).toBe('next');
  });
});

describe('up', () => {
  function options(more: object = {}) {
    const printed: string[] = [];
    const logged: string[] = [];
    const all = {
      port: 0,
      host: '127.0.0.1',
      allowHosts: [],
      stateDir: line.folder,
      openRuns: async () => {
        const runs = createPlainRuns(line.folder);
        return { runs, close: () => runs.close() };
      },
      doctor: async () => REPORT,
      print: (text: string) => printed.push(text),
      log: (text: string) => logged.push(text),
      ...more,
    };
    return { all, printed, logged };
  }

  test('prints two links that work, and takes its file back when it ends', async () => {
    const { all, printed } = options();
    const agent = await up(all);
    const [drive, watch] = printed.join('\n').match(/http:\S+/g) ?? [];
    expect(
      printed.filter((text) => text.includes('token=')).map((text) => text.trim().split(' ')[0]),
    ).toEqual(['drive', 'watch']);
    const runs = (link: string) => link.replace('/?', '/api/runs?');
    expect((await fetch(runs(drive!))).status).toBe(200);
    expect((await fetch(runs(watch!), { method: 'POST' })).status).toBe(403);
    await agent.close();
    expect(readAgentFile(line.folder)).toBeUndefined();
  });

  test('prints the public address behind a proxy', async () => {
    const { all, printed } = options({ publicUrl: 'https://lab.example/u/42' });
    await (await up(all)).close();
    expect(printed.join()).toContain('https://lab.example/u/42/?token=');
  });

  test('with the state of a running agent says where that one is', async () => {
    const first = await up(options().all);
    await expect(up(options().all)).rejects.toMatchObject({
      code: 'already-running',
      message: expect.stringContaining(`http://127.0.0.1:`),
    });
    await first.close();
  });

  test('on the port of another underdock says its address, and opens nothing', async () => {
    const other = await startAgent();
    let opened = 0;
    const { all } = options({
      port: other.port,
      openRuns: async () => {
        opened++;
        throw new Error('not reached');
      },
    });
    await expect(up(all)).rejects.toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining(`another underdock, at ${other.url}/`),
    });
    expect(opened).toBe(0);
    await other.close();
  });

  test('that others can reach says so', async () => {
    const { all, logged } = options({ host: '0.0.0.0' });
    await (await up(all)).close();
    expect(logged.join()).toContain('listens on 0.0.0.0');
  });

  test.each([
    [['--port', 'many'], '--port'],
    [['--port', '70000'], '65535'],
    [['--public-url', 'lab'], '--public-url'],
    [['--allow-mount', '/no/such/folder'], '--allow-mount'],
    [['--frobnicate'], '--frobnicate'],
  ])('with %j is refused', async (args, says) => {
    const { code, err } = await line.say('up', ...args);
    expect([code, err]).toEqual([1, expect.stringContaining(says)]);
    expect(line.runs).toEqual([]);
  });
});

test('the way in is embedded where no docker answers, and it says so', async () => {
  expect(await chooseVia({ DOCKER_HOST: `unix://${line.path('none.sock')}` })).toMatchObject({
    via: 'embedded',
    says: expect.stringContaining('no docker'),
  });
});

test('the way in is docker where an engine was asked for, and embedded for what only that can do', async () => {
  const nowhere = { DOCKER_HOST: `unix://${line.path('none.sock')}` };
  expect((await chooseVia(nowhere, { engine: 'private' })).via).toBe('docker');
  expect((await chooseVia(nowhere, { socket: '/run/x.sock' })).via).toBe('docker');
  expect(await chooseVia({}, { runtime: 'by-hand' })).toMatchObject({
    via: 'embedded',
    says: expect.stringContaining('by-hand'),
  });
});

test('what others say can’t drive the terminal', () => {
  expect(tame('a\u001b[2Jb\r\nc\u009bd\u202ee')).toBe('a [2Jb c d e');
});

test('the manual of the HTTP interface knows every route', () => {
  const routes = ['routes', 'runRoutes', 'orderRoutes'].flatMap((name) => {
    const text = readFileSync(new URL(`../../../apps/agent/src/server/${name}.ts`, import.meta.url), 'utf8');
    return [...text.matchAll(/'(\/api\/[^']*)'/g)].map((match) => match[1]!.replaceAll(':id', 'ID'));
  });
  const manual = readFileSync(new URL('../../../apps/agent/README.md', import.meta.url), 'utf8');
  expect(routes.length).toBeGreaterThan(6);
  for (const route of routes) expect(manual).toContain(`${route}\``);
});
