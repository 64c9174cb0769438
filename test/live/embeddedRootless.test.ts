import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { verifyTrace } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const HOUSE = resolve(import.meta.dirname, '../..');
let home: string;

beforeAll(() => {
  if (process.geteuid?.() !== 0) throw new Error('live tests become an ordinary user: run them as root');
  home = mkdtempSync(join(tmpdir(), 'underdock-ordinary-'));
  chmodSync(home, 0o777);
  cpSync(process.execPath, join(home, 'node'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A clone may lie where only root can look: its parts are shown elsewhere, in a mount namespace that ends with the run. */
const SHOW = `for name in apps packages test node_modules; do
  mkdir -p "$SHOWN/$name" && mount --bind "$HOUSE/$name" "$SHOWN/$name" || exit
done
exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"`;

function ordinary(state: string, request: Record<string, unknown>) {
  const shown = join(home, 'house');
  mkdirSync(shown, { recursive: true });
  const script = join(shown, relative(HOUSE, join(import.meta.dirname, 'embeddedAgent.ts')));
  const words = [
    join(home, 'node'),
    script,
    join(home, state),
    JSON.stringify({ image: 'starter', ...request }),
  ];
  const env = { HOME: home, TMPDIR: home, PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SHOWN: shown, HOUSE };
  return { args: ['-m', 'sh', '-c', SHOW, 'sh', ...words], env };
}

function runAsOrdinary(state: string, request: Record<string, unknown>) {
  const { args, env } = ordinary(state, request);
  return spawnSync('unshare', args, { encoding: 'utf8', env });
}

/** Kills the agent with SIGKILL once its container says that it runs. */
async function killedWhileRunning(state: string, request: Record<string, unknown>): Promise<void> {
  const { args, env } = ordinary(state, request);
  const agent = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const ended = new Promise((done) => agent.once('exit', done));
  const runs = new Promise((done) => agent.stdout.once('data', done));
  await Promise.race([runs, ended]);
  expect(agent.exitCode).toBeNull();
  agent.kill('SIGKILL');
  await ended;
}

/** Processes that have the state directory among their arguments. */
function processesNaming(text: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.flatMap((pid) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return words.includes(text) ? [`${pid} ${words}`] : [];
    } catch {
      return [];
    }
  });
}

describe('an ordinary user on bare runc', () => {
  const script = 'id -u; cat /proc/self/uid_map; hostname; echo mine > /x && cat /x; exit 6';
  const request = { via: 'oci', runtime: 'runc', hostname: 'mole', command: ['/bin/sh', '-c', script] };
  const SAID = /^0\n\s+0\s+65534\s+1\nmole\nmine\n$/;

  it('runs a container in a user namespace, and its script does so once more', async () => {
    const ended = runAsOrdinary('oci', request);
    expect([ended.stderr, ended.status]).toEqual(['', 6]);
    expect(ended.stdout).toMatch(SAID);
    const folder = join(home, 'oci', 'traces');
    const trace = readFileSync(join(folder, readdirSync(folder)[0] ?? ''), 'utf8');
    expect(await verifyTrace([trace])).toMatchObject({ state: 'whole', faults: [] });
    const created = trace.split('\n').find((line) => line.includes('"script":'));
    const file = join(home, 'again.sh');
    writeFileSync(file, JSON.parse(created ?? '{}').data.script);
    const words = ['--reuid', '65534', '--regid', '65534', '--clear-groups', 'sh', file];
    const env = { HOME: home, TMPDIR: home, PATH: '/usr/bin:/bin' };
    const again = spawnSync('setpriv', words, { encoding: 'utf8', env });
    expect(again.stdout).toMatch(SAID);
    expect(again.status).toBe(6);
    expect(readdirSync(join(home, 'oci', 'runs'))).toEqual([]);
  });
});

describe.each(['runc', 'by-hand'])('an ordinary user with %s', (runtime) => {
  it('runs a container in a user namespace, and sees what is not permitted', async () => {
    const script = 'id -u; cat /proc/self/uid_map; hostname; echo mine > /x && cat /x; exit 6';
    const ended = runAsOrdinary(runtime, { runtime, hostname: 'jetty', command: ['/bin/sh', '-c', script] });
    expect(ended.stderr).toBe('');
    expect(ended.stdout).toMatch(/^0\n\s+0\s+65534\s+1\njetty\nmine\n$/);
    expect(ended.status).toBe(6);
    const folder = join(home, runtime, 'traces');
    const trace = readFileSync(join(folder, readdirSync(folder)[0] ?? ''), 'utf8');
    expect(await verifyTrace([trace])).toMatchObject({ state: 'whole', faults: [] });
    const absent = trace.split('\n').filter((line) => line.includes('"low-level/absent"'));
    expect(absent.join('\n')).toMatch(/memory limit.*not permitted/);
    expect(readdirSync(join(home, runtime, 'runs'))).toEqual([]);
  });

  it('leaves nothing behind when the agent is killed, once it has been started again', async () => {
    const state = `killed-${runtime}`;
    await killedWhileRunning(state, {
      runtime,
      command: ['/bin/sh', '-c', `echo up; sleep 600; : ${state}`],
    });
    const again = runAsOrdinary(state, { runtime, command: ['true'] });
    expect([again.stderr, again.status]).toEqual(['', 0]);
    const folder = join(home, state, 'traces');
    const traces = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const told = traces.flatMap((text) =>
      text.split('\n').filter((line) => line.includes('"engine/recovered"')),
    );
    expect(told).toHaveLength(1);
    const { actions } = JSON.parse(told[0] ?? '').data;
    expect(actions.filter((action: string) => action.includes('could not'))).toEqual([]);
    expect(processesNaming(state)).toEqual([]);
    expect(readdirSync(join(home, state, 'runs'))).toEqual([]);
    expect(readdirSync(join(home, state, 'runtime', runtime))).toEqual([]);
  });
});
