import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where commands are typed; `./bin/underdock` is there, and no home of anybody’s. */
export const FOLDER = '/srv';
/** Where the house lies in the place, and the Node that runs it. */
export const HOUSE = '/opt/underdock';
export const NODE = '/opt/node';

/** The environment of everything that is typed: Debian’s own programs, no others. */
export const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** The command line that runs `argv` in mounts, a network and a host name of its own: nothing of it reaches the host’s. */
export function apart(argv: readonly string[]): string[] {
  return ['unshare', '--mount', '--propagation', 'private', '--net', '--uts', '--', ...argv];
}

/**
 * Makes the place of a stock host out of the mount namespace that this process has for itself: daemons find their usual folders,
 * empty; the house lies where one would install it; no path of this machine’s user is in reach of a trace. On cgroup v1 the
 * second hierarchy is hidden that this host may have beside, so that runtimes meet one layout.
 */
export function makePlace(house: string): void {
  const node = realpathSync(process.execPath);
  mount('-t', 'tmpfs', 'place', '/opt');
  mkdirSync(HOUSE);
  mount('--rbind', house, HOUSE);
  writeFileSync(NODE, '');
  mount('--bind', node, NODE);
  for (const path of ['/etc', '/var/lib']) cover(path);
  for (const path of ['/run', '/tmp', '/root', FOLDER]) mount('-t', 'tmpfs', '-o', 'mode=755', 'place', path);
  chmodSync('/tmp', 0o1777);
  for (const name of ['docker', 'containerd', 'underdock']) {
    mkdirSync(`/var/lib/${name}`, { recursive: true });
    mount('-t', 'tmpfs', 'place', `/var/lib/${name}`);
  }
  hideSecondHierarchy();
  mkdirSync(join(FOLDER, 'bin'));
  writeFileSync(
    join(FOLDER, 'bin/underdock'),
    `#!/bin/sh\nexec ${NODE} ${HOUSE}/apps/agent/src/main.ts "$@"\n`,
  );
  chmodSync(join(FOLDER, 'bin/underdock'), 0o755);
  execFileSync('hostname', ['machine']);
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
}

/** What is written there is forgotten with the namespace. */
function cover(path: string): void {
  const beside = `/opt/over${path}`;
  for (const name of ['upper', 'work']) mkdirSync(join(beside, name), { recursive: true });
  mount(
    '-t',
    'overlay',
    '-o',
    `lowerdir=${path},upperdir=${beside}/upper,workdir=${beside}/work`,
    'place',
    path,
  );
}

function hideSecondHierarchy(): void {
  const second = '/sys/fs/cgroup/unified';
  try {
    execFileSync('mountpoint', ['-q', second]);
  } catch {
    return;
  }
  execFileSync('umount', [second]);
}

function mount(...words: string[]): void {
  execFileSync('mount', words);
}
