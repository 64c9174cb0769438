import { capabilitiesOfHex } from '@underdock/weave';
import { readMountinfo } from '../../probe/cgroupMounts.ts';

/** One fact read from a file: the step, its data, and the lines that say so. */
export interface ReadFact {
  step: string;
  layer: 'kernel' | 'process';
  data: Record<string, unknown>;
  text: string;
}

/** The kinds of namespaces, as files under /proc/PID/ns (namespaces(7)). */
export const NAMESPACES = ['mnt', 'pid', 'net', 'uts', 'ipc', 'user', 'cgroup', 'time'] as const;
/** More mounts than this are not told: the picture would drown. */
const MOST_MOUNTS = 200;

/** The inode in what a link under /proc/PID/ns says: `mnt:[4026531832]`. */
export function inodeOf(link: string): number | undefined {
  const digits = /\[(\d+)\]/.exec(link)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** What /proc/PID/status says (proc_pid_status(5)): both pids, user, capabilities, seccomp, no-new-privs. */
export function statusFacts(text: string, pid: number): ReadFact[] {
  const fields = new Map(text.split('\n').map((line) => line.split(/:\s*/, 2) as [string, string]));
  const field = (name: string) => fields.get(name) ?? '';
  const line = (...names: string[]) => names.map((name) => `${name}:\t${field(name)}`).join('\n');
  const ids = (name: string) => field(name).split(/\s+/).map(Number);
  const restriction = (kind: string, value: unknown, text: string, more = {}): ReadFact => {
    return { step: 'kernel/has-restriction', layer: 'kernel', data: { kind, value, ...more, pid }, text };
  };
  const facts: ReadFact[] = [];
  if (fields.has('CapEff')) {
    const dropped = droppedFrom(field('CapBnd'));
    const text = line('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb');
    facts.push(restriction('capabilities', capabilitiesOfHex(field('CapEff')), text, { dropped }));
  }
  if (fields.has('Seccomp')) {
    const mode = ['disabled', 'strict', 'filter'][Number(field('Seccomp'))] ?? field('Seccomp');
    facts.push(restriction('seccomp', mode, line('Seccomp')));
  }
  if (fields.has('NoNewPrivs')) {
    facts.push(restriction('no-new-privs', field('NoNewPrivs') === '1', line('NoNewPrivs')));
  }
  if (fields.has('Uid')) {
    const groups = field('Groups').trim().split(/\s+/).filter(Boolean).map(Number);
    const value = { uid: ids('Uid')[1], gid: ids('Gid')[1], groups };
    facts.push(restriction('user', value, line('Uid', 'Gid', 'Groups')));
  }
  return facts;
}

/** The process itself, from /proc/PID/status: its name and its pid in the innermost namespace. */
export function processFact(status: string, pid: number, waiting: boolean): ReadFact {
  const comm = /^Name:\t(.*)$/m.exec(status)?.[1] ?? '';
  const nsPid = /^NSpid:\t(.*)$/m.exec(status)?.[1] ?? String(pid);
  const innerPid = Number(nsPid.trim().split(/\s+/).at(-1));
  const data = { pid, innerPid, comm, role: 'init', waiting, alive: true };
  return { step: 'process/has-process', layer: 'process', data, text: `Name:\t${comm}\nNSpid:\t${nsPid}` };
}

// What root usually has and this process can never get back: the bounding set tells.
function droppedFrom(bounding: string): string[] {
  const kept = new Set(capabilitiesOfHex(bounding));
  return capabilitiesOfHex('1ffffffffff').filter((name) => !kept.has(name));
}

/** The mounts that /proc/PID/mountinfo shows, as the process sees them. */
export function mountFacts(mountinfo: string): ReadFact[] {
  return readMountinfo(mountinfo)
    .slice(0, MOST_MOUNTS)
    .map((mount) => {
      const { mountPoint, fstype, source, root, options, superOptions } = mount;
      const readOnly = options.includes('ro') || superOptions.includes('ro');
      const data = { mountPoint, fstype, source, root, options, readOnly };
      const text = `${root} ${mountPoint} ${options.join(',')} - ${fstype} ${source}`;
      return { step: 'kernel/has-mount', layer: 'kernel' as const, data, text };
    });
}
