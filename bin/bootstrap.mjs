// Brings along what underdock needs (Node 24, pnpm, the libraries), all of it from the npm registry and into this
// folder, then hands over. Plain JavaScript without dependencies, so that it runs on any Node from 16 on.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const NODE_VERSION = '24.21.0';
const PNPM_VERSION = '12.21.0';

const house = dirname(dirname(fileURLToPath(import.meta.url)));
const tools = join(house, '.tools');
const toolsBin = join(tools, 'node_modules', '.bin');

const [what = 'ensure', ...args] = process.argv.slice(2);
try {
  const node = await withLock(() => {
    const found = ensureNode();
    ensureLibraries();
    if (what === 'build' || args[0] === 'page') ensurePage(found, what === 'build');
    return found;
  });
  if (what === 'ensure') process.stdout.write(`${node}\n`);
  else if (what !== 'build')
    process.exitCode = await run(node, [join(house, 'test', 'run.ts'), what, ...args]);
} catch (error) {
  console.error(`underdock: ${error.message}`);
  process.exitCode = 125;
}

/** The Node to run everything with: this one if it is new enough, else one of our own. */
function ensureNode() {
  const own = join(toolsBin, 'node');
  const current = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR;
  const pnpm = join(toolsBin, 'pnpm');
  if (!existsSync(pnpm) || !(current || existsSync(own))) {
    say(
      `fetching ${current ? '' : `Node ${NODE_VERSION} and `}pnpm ${PNPM_VERSION} from the npm registry (once)`,
    );
    mkdirSync(tools, { recursive: true });
    const packages = [`pnpm@${PNPM_VERSION}`, ...(current ? [] : [`node@${NODE_VERSION}`])];
    const npm = [
      'install',
      '--prefix',
      tools,
      '--no-save',
      '--no-package-lock',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ];
    must('npm', [...npm, ...packages], 'check that npm can reach its registry (npm ping), then try again');
  }
  return current ? process.execPath : own;
}

/** pnpm's install, once for each state of the lock file. */
function ensureLibraries() {
  const lock = createHash('sha256')
    .update(readFileSync(join(house, 'pnpm-lock.yaml')))
    .digest('hex');
  const mark = join(house, 'node_modules', '.underdock-installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  say('installing the libraries (once)');
  must(
    join(toolsBin, 'pnpm'),
    ['install', '--frozen-lockfile', '--reporter=silent'],
    'see the message above',
  );
  writeFileSync(mark, lock);
}

/** Builds the page where its sources are newer than the last build. */
function ensurePage(node, always) {
  const built = join(house, 'apps', 'web', 'dist', 'index.html');
  const sources = ['apps/web', 'packages', 'pnpm-lock.yaml'].map((path) => join(house, path));
  if (!always && existsSync(built) && newest(sources) < statSync(built).mtimeMs) return;
  say('building the page');
  const vite = join(house, 'apps', 'web', 'node_modules', 'vite', 'bin', 'vite.js');
  const level = ['--logLevel', always ? 'info' : 'warn'];
  for (const mode of [[], ['--mode', 'player']])
    must(
      node,
      [vite, 'build', ...level, ...mode, join(house, 'apps', 'web')],
      'see the message above',
      always,
    );
}

function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    const stat = statSync(path);
    if (!stat.isDirectory()) latest = Math.max(latest, stat.mtimeMs);
    else {
      const inside = readdirSync(path).filter(
        (name) => name !== 'node_modules' && name !== 'dist' && !name.startsWith('.'),
      );
      latest = Math.max(latest, newest(inside.map((name) => join(path, name))));
    }
  }
  return latest;
}

function must(command, argv, remedy, loud = false) {
  const result = spawnSync(command, argv, {
    cwd: house,
    env: environment(),
    stdio: ['ignore', loud ? 'inherit' : 2, 2],
  });
  if (result.error) throw new Error(`${command} could not be started (${result.error.code}): ${remedy}`);
  if (result.status !== 0)
    throw new Error(`${command} ${argv[0]} failed with exit code ${result.status}: ${remedy}`);
}

/** Hands signals and the exit code through. */
function run(node, argv) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, argv, { stdio: 'inherit', cwd: house, env: environment() });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

function environment() {
  return {
    ...process.env,
    PATH: `${toolsBin}:${process.env.PATH}`,
    NODE_NO_WARNINGS: process.env.NODE_NO_WARNINGS ?? '1',
  };
}

function say(text) {
  process.stderr.write(`underdock: ${text} …\n`);
}

/** One bootstrap at a time in this folder; a lock whose owner is gone is taken over. */
async function withLock(work) {
  mkdirSync(tools, { recursive: true });
  const lock = join(tools, 'lock');
  for (let waited = 0; ; waited += 200) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST')
        throw new Error(`can't write to ${tools} (${error.code}): run it as the owner of this folder once`);
      if (ownerGone(lock, waited)) rmSync(lock, { recursive: true, force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  writeFileSync(join(lock, 'pid'), String(process.pid));
  try {
    return work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

function ownerGone(lock, waitedMs) {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    if (error.code === 'EPERM') return false;
    // No pid file yet: its owner is between mkdir and write, unless that lasts.
    return error.code === 'ESRCH' || waitedMs > 5000;
  }
}
