import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineCgroup } from '../../apps/agent/src/daemons/privateEngineRemains.ts';
import { programPath } from '../../apps/agent/src/programs.ts';
import { cgroupFolders } from '../../apps/agent/src/via/embedded/cgroupFiles.ts';
import { leftOnHost } from './embeddedLab.ts';

/** The lines that containerd’s own client prints, asked in underdock’s namespace. */
function ctrLines(socket: string, ...words: string[]): string[] {
  const argv = ['--address', socket, '--namespace', 'underdock', ...words];
  return execFileSync(programPath('ctr'), argv, { encoding: 'utf8' }).split('\n').filter(Boolean);
}

/** The names of the images in underdock’s namespace. */
export function imagesIn(socket: string): string[] {
  return ctrLines(socket, 'images', 'ls', '-q');
}

/** What is there of runs: images and their layers may stay. */
export function leftInContainerd(socket: string): string[] {
  const ctr = (...words: string[]) => ctrLines(socket, ...words);
  const active = ctr('snapshots', 'ls').filter((line) => !/\s(KIND|Committed)\s*$/.test(line));
  return [
    ...ctr('containers', 'ls', '-q').map((id) => `container ${id}`),
    ...ctr('tasks', 'ls', '-q').map((id) => `task ${id}`),
    ...active.map((line) => `snapshot ${line}`),
    ...ctr('leases', 'ls', '-q').map((id) => `lease ${id}`),
    ...ctr('content', 'active')
      .slice(1)
      .map((line) => `half-written ${line}`),
  ];
}

/** What runs through containerd could leave on the host besides: files, mounts, cgroups. */
export function leftBesideContainerd(stateDir: string): string[] {
  const daemon = join(stateDir, 'containerd');
  const own = leftOnHost(stateDir).filter(
    (left) => !left.includes(daemon) && !left.includes('/containerd-shim'),
  );
  const cgroups = cgroupFolders(engineCgroup(daemon)).flatMap((folder) =>
    filesOf(folder)
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((name) => join(folder, name)),
  );
  return [...own, ...filesOf(join(stateDir, 'containerd-runs')), ...cgroups];
}

function filesOf(folder: string): string[] {
  try {
    // A wrapper of crun lies there for good.
    return readdirSync(folder).filter((name) => name !== 'crun');
  } catch {
    return [];
  }
}

/** A process's command line, its words ended by NUL; empty where it is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Whether ctr has the verb that a command is about, and each of its flags. */
export function ctrKnows(command: string): boolean {
  const words = command.split(' ').slice(command.split(' ').indexOf('underdock') + 1);
  const name = words.slice(0, words[0] === 'run' ? 1 : 2);
  const { status, stdout } = spawnSync(programPath('ctr'), [...name, '--help'], { encoding: 'utf8' });
  const flags = words.filter((word) => /^--[a-z-]+$/.test(word));
  return status === 0 && flags.every((flag) => stdout.includes(flag));
}
