import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Check } from '@underdock/trace';
import { unusable } from './space.ts';
import { type System, sysctl } from './system.ts';

const KINDS = ['mnt', 'pid', 'net', 'uts', 'ipc', 'user', 'cgroup'];

/** Namespaces, user namespaces for ordinary users, overlayfs, seccomp: what isolation is made of. */
export async function isolationChecks(system: System, stateDir: string): Promise<Check[]> {
  return [namespaces(system), await userNamespaces(system), await overlay(system, stateDir), seccomp(system)];
}

function namespaces(system: System): Check {
  const name = 'namespaces';
  const kinds = system.entries('/proc/self/ns');
  const lacking = KINDS.filter((kind) => !kinds.includes(kind));
  if (lacking.length === 0) return { name, state: 'ok', found: KINDS.join(' ') };
  return {
    name,
    state: 'missing',
    found: `this kernel has no ${lacking.join(', ')} namespaces`,
    effect: 'containers can’t be isolated',
    remedy: 'use the distribution’s own kernel',
  };
}

/** Tried for real; where it fails, the setting that forbids it is named. */
async function userNamespaces(system: System): Promise<Check> {
  const name = 'user namespaces';
  const tried = await system.run(['unshare', '--user', '--map-root-user', 'true']);
  if (tried?.exitCode === 0) return { name, state: 'ok', found: 'an ordinary user can make them' };
  const forbids = forbidding(system);
  const effect = system.uid === 0 ? 'only root can run containers here' : 'this user can’t run containers';
  return {
    name,
    state: system.uid === 0 ? 'limited' : 'missing',
    found:
      forbids?.found ??
      (tried ? tried.stderr.trim() || 'unshare --user fails' : 'unshare is not there to try'),
    effect,
    remedy: forbids?.remedy ?? 'run underdock as root',
  };
}

function forbidding(system: System): { found: string; remedy: string } | undefined {
  const settings: [name: string, forbids: string, allows: string][] = [
    ['kernel.unprivileged_userns_clone', '0', '1'],
    ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
    ['user.max_user_namespaces', '0', '15000'],
  ];
  const [setting, , allows] = settings.find(([name, forbids]) => sysctl(system, name) === forbids) ?? [];
  if (!setting) return undefined;
  const by = setting.includes('apparmor') ? 'AppArmor forbids them' : 'they are switched off';
  return { found: `${by} (${setting})`, remedy: `as root: sysctl -w ${setting}=${allows}` };
}

/** A real overlay mount, in a mount namespace that ends with the command. */
async function overlay(system: System, stateDir: string): Promise<Check> {
  const name = 'overlay';
  const inside = system.uid === 0 ? [] : ['--user', '--map-root-user'];
  const script =
    'cd "$1" && mkdir lower upper work merged && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged && touch merged/file && test -f upper/file';
  let folder: string;
  try {
    folder = mkdtempSync(join(stateDir, 'doctor-'));
  } catch (error) {
    return unusable(name, stateDir, `can't be written (${(error as NodeJS.ErrnoException).code})`);
  }
  const argv = [
    'unshare',
    ...inside,
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'sh',
    folder,
  ];
  const tried = await system.run(argv);
  rmSync(folder, { recursive: true, force: true });
  if (tried?.exitCode === 0) return { name, state: 'ok', found: `overlayfs can be mounted in ${stateDir}` };
  return {
    name,
    state: 'limited',
    found: tried ? `overlayfs is refused here (${firstLine(tried.stderr)})` : 'unshare is not there to try',
    effect: 'image layers are copied for each container instead of being stacked: slower, more disk',
    remedy: 'put the state on ext4 or xfs with --state DIR; as root: modprobe overlay',
  };
}

function seccomp(system: System): Check {
  const name = 'seccomp';
  if (/^Seccomp:/m.test(system.text('/proc/self/status')))
    return { name, state: 'ok', found: 'filters can be installed' };
  return {
    name,
    state: 'limited',
    found: 'this kernel has no seccomp filters',
    effect: 'containers may use every system call',
    remedy: 'use the distribution’s own kernel',
  };
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
