import type { TraceEvent } from '@underdock/trace';
import { baseName, number, text, words } from './fields.ts';
import { typedVerb } from './typed.ts';

type Data = TraceEvent['data'];

/** `CLONE_NEWNS` and `NEWNS` both become `NEWNS`, joined as the kernel's own headers do. */
const flagWords = (data: Data): string =>
  words(data, 'flags')
    .map((flag) => flag.replace(/^(CLONE|MS|MOVE_MOUNT|OPEN_TREE)_/, ''))
    .join('|');

const syscall = (data: Data, otherwise: string): string => text(data, 'syscall') ?? otherwise;

/** A runtime's subcommand: the first word behind its global flags, of which some take a value. */
function subcommand(argv: readonly string[]): string {
  const at = argv.findIndex(
    (word, i) => i > 0 && /^[a-z]+$/.test(word) && !TAKES_VALUE.test(argv[i - 1] ?? ''),
  );
  return at < 0 ? '' : argv[at]!;
}
const TAKES_VALUE = /^--(root|log|log-format|criu|rootless|cgroup-manager)$/;

const shortDigest = (data: Data): string | undefined =>
  text(data, 'digest')?.replace(/^(\w+:\w{12}).*$/, '$1');

const runtimeCall = (verb: string) => (data: Data) => {
  const argv = words(data, 'argv');
  const runtime = text(data, 'runtime') ?? argv[0] ?? '';
  return `${baseName(runtime)} ${verb}`.trim();
};

const layerCall = (verb: string) => (data: Data) => {
  const index = number(data, 'index');
  return index === undefined ? `${verb} layer` : `${verb} layer ${index + 1}`;
};

const cgroupAct = (verb: string) => (data: Data) => {
  const controllers = words(data, 'controllers').join(',');
  return controllers ? `${verb} cgroup ${controllers}` : `${verb} cgroup`;
};

const privileges = (data: Data): string => {
  const kept = words(data, 'effective').length;
  return kept === 0 ? 'capset no capabilities' : `capset ${kept} of its capabilities`;
};

/** Names of calls as they are really made; a step that is not here is called by its own name. */
const NAMES: Readonly<Record<string, (data: Data) => string>> = {
  'client/run': (data) => words(data, 'command').slice(0, 2).join(' ') || 'run',
  'client/check-config': () => 'check config.json',
  'client/command': (data) => typedVerb(words(data, 'argv')) || 'command',
  'engine/event': (data) => text(data, 'topic') ?? 'event',
  'engine/create-container': () => 'create container',
  'engine/start-container': () => 'start container',
  'engine/stop-container': (data) => `stop ${text(data, 'signal') ?? ''}`.trim(),
  'engine/kill-container': (data) => `kill ${text(data, 'signal') ?? ''}`.trim(),
  'engine/remove-container': () => 'remove container',
  'engine/hold': () => 'hold',
  'high-level/resolve-image': (data) => `resolve ${text(data, 'reference') ?? 'image'}`,
  'high-level/fetch-manifest': (data) =>
    `GET manifest ${text(data, 'tag') ?? shortDigest(data) ?? ''}`.trim(),
  'high-level/fetch-config': () => 'GET config',
  'high-level/fetch-layer': layerCall('GET'),
  'high-level/verify-layer': layerCall('verify'),
  'high-level/unpack-layer': layerCall('unpack'),
  'high-level/http-request': (data) => `${text(data, 'method') ?? 'GET'} ${pathOf(text(data, 'url'))}`.trim(),
  'high-level/prepare-snapshot': (data) => `prepare ${text(data, 'kind') ?? ''} snapshot`.replace('  ', ' '),
  'high-level/write-config': (data) => `write ${baseName(text(data, 'path') ?? 'config.json')}`,
  'high-level/start-shim': (data) =>
    `${baseName(words(data, 'argv')[0] ?? 'shim')} ${words(data, 'argv').includes('delete') ? 'delete' : 'start'}`,
  'high-level/event': (data) => text(data, 'topic') ?? 'event',
  'high-level/create-task': () => 'create task',
  'high-level/start-task': () => 'start task',
  'high-level/delete-task': () => 'delete task',
  'high-level/remove-snapshot': () => 'remove snapshot',
  'low-level/create': runtimeCall('create'),
  'low-level/start': runtimeCall('start'),
  'low-level/state': runtimeCall('state'),
  'low-level/kill': (data) => runtimeCall(`kill ${text(data, 'signal') ?? ''}`.trim())(data),
  'low-level/delete': runtimeCall('delete'),
  'low-level/exec': runtimeCall('exec'),
  'low-level/run': runtimeCall('run'),
  'low-level/update': runtimeCall('update'),
  'low-level/pause': runtimeCall('pause'),
  'low-level/resume': runtimeCall('resume'),
  'low-level/call': (data) => runtimeCall(subcommand(words(data, 'argv')))(data),
  'low-level/command': (data) => text(data, 'text') ?? words(data, 'argv').join(' '),
  'kernel/clone': (data) => `${syscall(data, 'clone')} ${namespaceFlags(data)}`.trim(),
  'kernel/unshare': (data) => `unshare ${namespaceFlags(data) || flagWords(data)}`.trim(),
  'kernel/setns': (data) => `setns ${namespaceFlags(data) || flagWords(data)}`.trim(),
  'kernel/mount': (data) =>
    `${syscall(data, 'mount')} ${text(data, 'fstype') ?? ''} ${target(data)}`.replace(/ +/g, ' ').trim(),
  'kernel/umount': (data) => `${syscall(data, 'umount2')} ${target(data)}`.trim(),
  'kernel/pivot-root': (data) =>
    `pivot_root ${text(data, 'newRoot') ?? ''} ${text(data, 'putOld') ?? ''}`.trim(),
  'kernel/chroot': (data) => `chroot ${text(data, 'path') ?? ''}`.trim(),
  'kernel/sethostname': (data) => `sethostname ${text(data, 'hostname') ?? ''}`.trim(),
  'kernel/cgroup-mkdir': cgroupAct('mkdir'),
  'kernel/cgroup-rmdir': cgroupAct('rmdir'),
  'kernel/cgroup-attach': cgroupAct('attach'),
  'kernel/cgroup-write': (data) =>
    `${text(data, 'name') ?? baseName(text(data, 'file') ?? 'cgroup')} = ${(text(data, 'value') ?? '').trim()}`,
  'kernel/capset': privileges,
  'kernel/drop-bounding': (data) => `prctl CAPBSET_DROP ${text(data, 'capability') ?? ''}`.trim(),
  'kernel/no-new-privs': () => 'prctl NO_NEW_PRIVS',
  'kernel/seccomp': (data) => `seccomp ${text(data, 'operation')?.replace(/^SECCOMP_/, '') ?? ''}`.trim(),
  'kernel/setuid': (data) => `${syscall(data, 'setuid')} ${text(data, 'uid') ?? ''}`.trim(),
  'kernel/setgid': (data) => `${syscall(data, 'setgid')} ${text(data, 'gid') ?? ''}`.trim(),
  'kernel/setgroups': (data) => `${syscall(data, 'setgroups')} ${text(data, 'count') ?? ''}`.trim(),
  'kernel/execve': (data) =>
    `${syscall(data, 'execve')} ${text(data, 'path') ?? words(data, 'argv')[0] ?? ''}`.trim(),
  'kernel/exit': (data) => `exit ${text(data, 'signal') ?? text(data, 'exitCode') ?? ''}`.trim(),
  'kernel/kill': (data) =>
    `kill ${text(data, 'signal') ?? ''} ${text(data, 'targetPid') ?? ''}`.replace('  ', ' ').trim(),
  'kernel/oom-kill': () => 'OOM kill',
  'process/output': (data) => `write ${text(data, 'stream') ?? ''}`.trim(),
  'process/input': () => 'read stdin',
};

/** The name that belongs on the arrow of an act: the request, the command, the syscall with what matters of it. */
export function callName(step: string, data: Data): string {
  const real = text(data, 'call') ?? rpcName(data);
  if (real) return real;
  if (Object.hasOwn(NAMES, step)) return NAMES[step]!(data);
  return step.slice(step.indexOf('/') + 1).replaceAll('-', ' ');
}

/** `POST /containers/create` or `Tasks/Create`, for events that carry the request itself. */
function rpcName(data: Data): string | undefined {
  const method = text(data, 'method');
  if (method === undefined) return undefined;
  const path = text(data, 'path');
  if (path?.startsWith('/')) return `${method} ${apiPath(path)}`;
  const service = text(data, 'service');
  if (service) return rpcMethod(`${service}/${method}`);
  return method.includes('/') ? rpcMethod(method) : undefined;
}

/** A path of an engine's API without the version in front, and with ids cut to the twelve digits that people know. */
export function apiPath(path: string): string {
  return path.replace(/^\/v\d+(\.\d+)*(?=\/)/, '').replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1');
}

/** `Tasks/Create` out of `/containerd.services.tasks.v1.Tasks/Create`. */
export function rpcMethod(method: string): string {
  const slash = method.lastIndexOf('/');
  const service = method.slice(0, Math.max(slash, 0));
  return `${service.slice(service.lastIndexOf('.') + 1).replace(/^\//, '')}${method.slice(Math.max(slash, 0))}`;
}

function namespaceFlags(data: Data): string {
  return flagWords(data)
    .split('|')
    .filter((flag) => flag.startsWith('NEW'))
    .join('|');
}

function target(data: Data): string {
  return text(data, 'targetPath') ?? text(data, 'target') ?? '';
}

function pathOf(url: string | undefined): string {
  return url?.replace(/^[a-z]+:\/\/[^/]+/, '') ?? '';
}
