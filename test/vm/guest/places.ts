import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Who } from '../report.ts';

/** The ordinary user of the machine (see base.sh). */
export const USER = { uid: 1000, gid: 1000, name: 'learner', home: '/home/learner' };

const ROOT = '/sys/fs/cgroup';
const SLICE = '/user.slice/user-1000.slice';
const CONTROLLERS = '+cpu +memory +pids';

/** Where somebody's commands run, and the cgroup below which their containers may have one; paths in the hierarchy. */
export interface Place {
  own: string;
  /** Absent where nothing was delegated. */
  subtree?: string;
}

let scopes = 0;

/** Makes the cgroups that systemd would have made for `who`, delegated as cgroups(7) and systemd's CGROUP_DELEGATION say. */
export async function placeOf(who: Who): Promise<Place> {
  if (who === 'root') return { own: '/system.slice/underdock.service', subtree: '/' };
  for (const path of ['/user.slice', SLICE]) await make(path, true);
  if (who === 'undelegated') return { own: await make(`${SLICE}/session-1.scope`, false) };
  // A new one each time, as systemd makes one for each command: underdock makes a used one an inner cgroup.
  scopes++;
  if (who === 'delegated-in-place') {
    const scope = await make(`${SLICE}/delegated-${scopes}.scope`, false);
    await give(scope);
    return { own: scope, subtree: scope };
  }
  const service = await make(`${SLICE}/user@1000.service`, true);
  await give(service);
  const leaf = await make(`${service}/console-${scopes}.scope`, false);
  await give(leaf);
  return { own: leaf, subtree: service };
}

async function make(path: string, handsOnControllers: boolean): Promise<string> {
  await mkdir(ROOT + path, { recursive: true });
  if (handsOnControllers) await writeFile(join(ROOT, path, 'cgroup.subtree_control'), CONTROLLERS);
  return path;
}

/** These files and no others go to the user: the limits of the delegated cgroup itself stay with whoever set them. */
async function give(path: string): Promise<void> {
  for (const name of ['', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'])
    await chown(join(ROOT, path, name), USER.uid, USER.gid);
}

/** The command line that runs `argv` as `who` in their place. */
export function asWho(who: Who, place: Place, argv: string[]): string[] {
  const enter = ['sh', '-c', `echo $$ > "$0"/cgroup.procs && exec "$@"`, ROOT + place.own];
  const become = [`--reuid=${USER.uid}`, `--regid=${USER.gid}`, '--init-groups', '--'];
  return who === 'root' ? [...enter, ...argv] : [...enter, 'setpriv', ...become, ...argv];
}
