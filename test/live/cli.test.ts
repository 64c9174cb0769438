import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyTrace } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../apps/agent/src/main.ts', import.meta.url));
let folder: string;
const started: ChildProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-live-cli-'));
});
afterAll(async () => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGTERM');
  await Promise.all(
    started.map((child) => child.exitCode ?? new Promise((resolve) => child.once('exit', resolve))),
  );
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  stdout: Buffer;
  err: string;
}

function begin(
  args: string[],
  env: Record<string, string> = {},
): ChildProcess & { said: { out: string; err: string }; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, UNDERDOCK_STATE: join(folder, 'state'), DOCKER_HOST: 'tcp://nowhere', ...env },
    stdio: 'pipe',
  });
  started.push(child);
  const chunks: Buffer[] = [];
  const said = { out: '', err: '' };
  child.stdout.on('data', (bytes: Buffer) => {
    chunks.push(bytes);
    said.out += bytes;
  });
  child.stderr.on('data', (bytes: Buffer) => {
    said.err += bytes;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout: Buffer.concat(chunks), err: said.err }));
  });
  return Object.assign(child, { said, ended });
}

function underdock(args: string[], input?: Buffer): Promise<Ended> {
  const child = begin(args);
  child.stdin?.end(input ?? '');
  return child.ended;
}

const SCRIPT = String.raw`printf '\000\377\n'; echo err >&2; echo "$SECRET"; exit 7`;

describe('a real container from the command line', () => {
  test('passes its bytes and exit code through; the recording is whole and holds no secret', async () => {
    const record = join(folder, 'one.chain');
    const { code, stdout, err } = await underdock([
      ...['run', '--record', record, '-e', 'SECRET=hunter2hunter2'],
      ...['starter', '/bin/sh', '-c', SCRIPT],
    ]);
    expect(stdout.toString('latin1')).toBe('\0\xff\nhunter2hunter2\n');
    expect(code).toBe(7);
    expect(err).toContain('err\n');
    expect(err).toMatch(/\d ms {2}kernel {6}/);
    const trace = readFileSync(record, 'utf8');
    expect(await verifyTrace([trace])).toMatchObject({ state: 'whole', faults: [] });
    expect(trace).not.toContain('hunter2');
    expect((await underdock(['verify', record])).code).toBe(0);
  });

  test('takes much standard input', async () => {
    const much = Buffer.alloc(1_500_000, 'x');
    const { stdout, code } = await underdock(['run', '-i', '-q', 'starter', '/bin/sh', '-c', 'cat'], much);
    expect([code, stdout.length, stdout.equals(much)]).toEqual([0, much.length, true]);
  });

  test('ends by Ctrl-C with the code of its signal, and leaves nothing behind', async () => {
    const child = begin([
      'run',
      'starter',
      '/bin/sh',
      '-c',
      'trap "exit 33" TERM; echo up; while :; do sleep 0.1; done',
    ]);
    await expect.poll(() => child.said.out, { timeout: 60_000 }).toContain('up');
    child.kill('SIGINT');
    expect((await child.ended).code).toBe(33);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(folder);
    expect(readdirSync(join(folder, 'state', 'runs'))).toEqual([]);
  });

  test('that can’t begin is 127 or 125, as docker has it', async () => {
    expect((await underdock(['run', 'starter', '/no/such/program'])).code).toBe(127);
    expect((await underdock(['run', '--runtime', 'nonesuch', 'starter', 'true'])).code).toBe(125);
  });
});

describe('up and run together', () => {
  test('the run shows in the agent, and the agent ends cleanly', async () => {
    const agent = begin(['up', '--port', '0']);
    await expect.poll(() => agent.said.out, { timeout: 60_000 }).toMatch(/watch .*token=/);
    const drive = /http:\S+token=\S+/.exec(agent.said.out)![0];
    const { code, stdout, err } = await underdock(['run', 'starter', '/bin/sh', '-c', SCRIPT]);
    expect([code, stdout.toString('latin1')]).toEqual([7, '\0\xff\n\n']);
    expect(err).toContain('in the agent at http://127.0.0.1:');
    const runs = await (await fetch(drive.replace('/?', '/api/runs?'))).json();
    expect(runs).toMatchObject([{ state: 'finished', exitCode: 7 }]);
    const second = await underdock(['up', '--port', '0']);
    expect([second.code, second.err]).toEqual([
      1,
      expect.stringContaining('is running already at http://127.0.0.1:'),
    ]);
    agent.kill('SIGTERM');
    expect((await agent.ended).code).toBe(0);
    expect(agent.said.err).not.toContain('token');
  });
});

test('doctor says what this host can do, and exits 0 since something can run', async () => {
  const { code, stdout } = await underdock(['doctor', '--json']);
  expect(code).toBe(0);
  const report = JSON.parse(stdout.toString());
  expect(report.can.runtimes).toContain('runc');
  const names = report.checks.map((check: { name: string }) => check.name);
  expect(names).toEqual(
    expect.arrayContaining(['overlay', 'cgroups', 'bpftrace', 'user namespaces', 'space']),
  );
});
