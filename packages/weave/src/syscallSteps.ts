import { capabilityName, capabilityNames } from './decode/capabilities.ts';
import {
  cloneFlags,
  flagNames,
  MOUNT_ATTRIBUTES,
  MOUNT_CALLS,
  namespacesOf,
  SECCOMP_FLAGS,
  SECCOMP_OPERATIONS,
  UMOUNT_FLAGS,
} from './decode/flags.ts';
import { signalName } from './decode/signals.ts';
import type { SyscallRecord } from './record.ts';

type Args = SyscallRecord['args'];

/** A system call as the trace tells it. */
export interface Told {
  step: string;
  data: Record<string, unknown>;
}

const number = (args: Args, name: string): number => Number(args[name] ?? 0);

const tellClone = (name: string, args: Args): Told => {
  const flags = number(args, 'flags');
  const [namespaces, names] = [namespacesOf(name, flags), cloneFlags(name, flags)];
  return { step: 'kernel/clone', data: { flags: names, namespaces } };
};

function tellMount(name: string, args: Args): Told {
  const { source, target, targetPath, fstype } = args;
  const data: Record<string, unknown> = { flags: flagNames(number(args, 'flags'), MOUNT_CALLS[name] ?? []) };
  if (typeof args.attr_set === 'number') {
    data.set = flagNames(args.attr_set, MOUNT_ATTRIBUTES);
    data.clear = flagNames(number(args, 'attr_clr'), MOUNT_ATTRIBUTES);
  }
  if (typeof args.attr_flags === 'number') data.attributes = flagNames(args.attr_flags, MOUNT_ATTRIBUTES);
  return { step: 'kernel/mount', data: { source, target, targetPath, fstype, options: args.data, ...data } };
}

const tellIds = (step: string, id: string) => (_: string, args: Args) => {
  // -1 leaves an id as it is
  const [real, effective] = [args[`r${id}`], args[`e${id}`] ?? args[id]];
  const one = effective !== undefined && effective !== -1 ? effective : real;
  return { step, data: { [id]: one, ...args } };
};

const signalled = (_: string, args: Args): Told => {
  const { targetPid, fd } = args;
  return { step: 'kernel/kill', data: { targetPid, fd, signal: signalName(number(args, 'signal')) } };
};

function tellPrctl(_: string, args: Args): Told | undefined {
  const syscall = 'prctl';
  // linux/prctl.h
  switch (number(args, 'option')) {
    case 22: {
      const filter = number(args, 'arg2') === 2;
      const operation = SECCOMP_OPERATIONS[filter ? 1 : 0];
      const asks = filter && number(args, 'arg3') === 0;
      const more = asks ? { probe: true } : instructionsOf(args);
      return { step: 'kernel/seccomp', data: { syscall, operation, flags: [], ...more } };
    }
    case 24:
      return { step: 'kernel/drop-bounding', data: { capability: capabilityName(number(args, 'arg2')) } };
    case 38:
      return { step: 'kernel/no-new-privs', data: {} };
    default:
      return undefined;
  }
}

function instructionsOf(args: Args): { instructions?: number } {
  const length = number(args, 'length');
  return length > 0 ? { instructions: length } : {};
}

function tellSeccomp(_: string, args: Args): Told {
  const op = number(args, 'op');
  // Without a program, or with a question as operation, the caller only wants to learn what the kernel supports.
  const flags = number(args, 'flags');
  const asks = op >= 2 || (op === 1 && number(args, 'uargs') === 0) || (op === 0 && flags !== 0);
  const data = {
    operation: SECCOMP_OPERATIONS[op] ?? String(op),
    flags: flagNames(flags, SECCOMP_FLAGS),
    ...(asks ? { probe: true } : instructionsOf(args)),
  };
  return { step: 'kernel/seccomp', data };
}

function tellCapset(_: string, args: Args): Told {
  const set = (name: string) => capabilityNames(number(args, name), number(args, `${name}High`));
  const data = {
    effective: set('effective'),
    permitted: set('permitted'),
    inheritable: set('inheritable'),
  };
  return { step: 'kernel/capset', data };
}

function tellWrite(_: string, args: Args): Told {
  const file = String(args.file ?? '');
  const name = file.slice(file.lastIndexOf('/') + 1);
  return {
    step: 'kernel/cgroup-write',
    data: { file, name, value: String(args.value ?? '').trimEnd(), controllers: controllersOf(name, args) },
  };
}

// On v1 the hierarchy's own, as the watcher knows them; on v2 the file's name begins with its controller.
function controllersOf(name: string, args: Args): string[] {
  if (Array.isArray(args.controllers) && args.controllers.length > 0) return args.controllers;
  const [controller = ''] = name.split('.', 1);
  return controller === name || controller === 'cgroup' ? [] : [controller];
}

const tellUnshare = (name: string, args: Args): Told => ({
  step: 'kernel/unshare',
  data: tellClone(name, args).data,
});
const tellSetns = (name: string, args: Args): Told => ({
  step: 'kernel/setns',
  data: { ...tellClone(name, args).data, fd: args.fd, inode: args.inode },
});
const tellUmount = (_: string, args: Args): Told => ({
  step: 'kernel/umount',
  data: { target: args.target, flags: flagNames(number(args, 'flags'), UMOUNT_FLAGS) },
});
const plain = (step: string, fields: readonly string[]) => (_: string, args: Args) => ({
  step,
  data: Object.fromEntries(fields.map((field) => [field, args[field]])),
});
const tellUid = tellIds('kernel/setuid', 'uid');
const tellGid = tellIds('kernel/setgid', 'gid');
const tellExec = plain('kernel/execve', ['path', 'argv']);

const TELLERS: Readonly<Record<string, (name: string, args: Args) => Told | undefined>> = {
  clone: tellClone,
  clone3: tellClone,
  fork: tellClone,
  vfork: tellClone,
  unshare: tellUnshare,
  setns: tellSetns,
  mount: tellMount,
  move_mount: tellMount,
  fsmount: tellMount,
  open_tree: tellMount,
  mount_setattr: tellMount,
  umount: tellUmount,
  umount2: tellUmount,
  pivot_root: plain('kernel/pivot-root', ['newRoot', 'putOld']),
  chroot: plain('kernel/chroot', ['path']),
  sethostname: plain('kernel/sethostname', ['hostname']),
  capset: tellCapset,
  prctl: tellPrctl,
  seccomp: tellSeccomp,
  setuid: tellUid,
  setreuid: tellUid,
  setresuid: tellUid,
  setgid: tellGid,
  setregid: tellGid,
  setresgid: tellGid,
  setgroups: plain('kernel/setgroups', ['count']),
  execve: tellExec,
  execveat: tellExec,
  kill: signalled,
  tgkill: signalled,
  pidfd_send_signal: signalled,
  write: tellWrite,
  pwrite64: tellWrite,
  writev: tellWrite,
};

/** What a system call is called in the trace and what its `begin` says; undefined for calls that are not told. */
export function tellSyscall(record: SyscallRecord): Told | undefined {
  const told = TELLERS[record.name]?.(record.name, record.args);
  if (!told) return undefined;
  const data = { syscall: record.name, ...told.data };
  return { step: told.step, data: withoutAbsent(data) };
}

/** Leaves out fields that nothing is known of. */
export function withoutAbsent(data: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}
