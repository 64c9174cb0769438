import type { Check, HostDescription } from '@underdock/trace';
import { cgroupLayout } from '../run/host.ts';
import type { System } from './system.ts';

const NEEDED = ['cpu', 'memory', 'pids'];

/** Which cgroup layout this host has (cgroups(7)). */
export function layoutOf(system: System): HostDescription['cgroup'] {
  return cgroupLayout(system.text('/proc/self/mountinfo'));
}

/** Whether limits can be set: the layout, its controllers, and for ordinary users what is delegated to them. */
export function cgroupCheck(system: System): Check {
  const layout = layoutOf(system);
  const name = 'cgroups';
  if (layout === 'none') {
    return {
      name,
      state: 'missing',
      found: 'no cgroups are mounted',
      effect: 'no limits on memory, processors and processes; most runtimes refuse to work',
      remedy: 'as root: mount -t cgroup2 none /sys/fs/cgroup',
    };
  }
  const controllers = layout === 'v2' ? unifiedControllers(system) : legacyControllers(system);
  const lacking = NEEDED.filter((controller) => !controllers.includes(controller));
  const found = `${layout}, controllers ${controllers.join(' ') || 'none'}`;
  if (system.uid !== 0) return delegation(system, layout, found);
  if (lacking.length === 0) return { name, state: 'ok', found };
  return {
    name,
    state: 'limited',
    found,
    effect: `no limits by ${lacking.join(', ')}`,
    remedy:
      layout === 'v2'
        ? `as root: echo "${lacking.map((one) => `+${one}`).join(' ')}" > /sys/fs/cgroup/cgroup.subtree_control`
        : `boot with these controllers enabled (kernel parameter cgroup_enable=${lacking.join(',')})`,
  };
}

function unifiedControllers(system: System): string[] {
  return words(system.text('/sys/fs/cgroup/cgroup.controllers'));
}

function legacyControllers(system: System): string[] {
  // subsys_name hierarchy num_cgroups enabled (cgroups(7), /proc/cgroups); hierarchy 0 = not mounted as v1.
  const rows = system.text('/proc/cgroups').split('\n').map(words);
  return rows
    .filter(([, hierarchy, , enabled]) => hierarchy !== '0' && enabled === '1')
    .map(([controller]) => controller!);
}

function delegation(system: System, layout: string, found: string): Check {
  const name = 'cgroups';
  const own = /^0::(.*)$/m.exec(system.text('/proc/self/cgroup'))?.[1] ?? '/';
  const path = layout === 'hybrid' ? `/sys/fs/cgroup/unified${own}` : `/sys/fs/cgroup${own}`;
  const delegated = layout === 'v1' ? [] : words(system.text(`${path}/cgroup.controllers`));
  const granted = NEEDED.filter((controller) => delegated.includes(controller));
  if (granted.length === NEEDED.length)
    return { name, state: 'ok', found: `${found}; delegated: ${granted.join(' ')}` };
  return {
    name,
    state: 'limited',
    found: `${found}; delegated to this user: ${granted.join(' ') || 'none'}`,
    effect: 'limits on memory, processors and processes are shown as not permitted',
    remedy:
      layout === 'v2'
        ? 'start it with: systemd-run --user --scope -p Delegate=yes ./bin/underdock up'
        : 'run as root, or boot with pure cgroup v2 (kernel parameter systemd.unified_cgroup_hierarchy=1)',
  };
}

function words(text: string): string[] {
  return text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
}
