import type { Layer } from './layer.ts';

/** The detail at which a step is shown by default: `story` always, `calls` when asked, `syscalls` for everything. */
export type DetailLevel = 'story' | 'calls' | 'syscalls';

/** What the format knows about a step. `data` names the fields an event of it may carry, for writers and readers. */
export interface StepDescription {
  layer: Layer;
  /** An act has `begin` (and `progress`) and `end`; a moment is one `log`; a fact is a thing that now exists or is gone. */
  kind: 'act' | 'moment' | 'fact';
  level: DetailLevel;
  data: string;
}

const act = (layer: Layer, level: DetailLevel, data: string): StepDescription => ({
  layer,
  kind: 'act',
  level,
  data,
});
const moment = (layer: Layer, level: DetailLevel, data: string): StepDescription => ({
  layer,
  kind: 'moment',
  level,
  data,
});
const fact = (layer: Layer, level: DetailLevel, data: string): StepDescription => ({
  layer,
  kind: 'fact',
  level,
  data,
});

/**
 * The steps that underdock writes, with their data fields (`?` = may be absent). Any event may carry `error` (a short
 * name: an errno such as EPERM, or a code), `message` and `remedy` when it failed; `uncertaintyMs` when its instant was
 * converted from wall time; `open: true` on an `end` that only the closing of the trace wrote. Facts carry
 * `gone: true` when the thing has ceased to exist. An unknown step is no error: it is shown plainly.
 */
export const STEPS = {
  // client
  'client/run': act('client', 'story', 'command[], image, options{flag: value}; end: exitCode'),
  'client/command': act('client', 'story', 'argv[] (a command that somebody typed); end: exitCode'),
  'client/request': act(
    'client',
    'calls',
    'protocol, method, path?, query? (as the client sends it), request{}? (told fields of the body), equivalent? (the command that does the same); end: status?, code? (gRPC’s), cutOff?: true when its sender ended first',
  ),
  'client/check-config': act(
    'client',
    'story',
    'path (a config.json held against the OCI runtime spec); end: ociVersion, faults[]',
  ),
  'client/attach': moment('client', 'calls', 'streams[]'),

  // engine
  'engine/request': act(
    'engine',
    'story',
    'protocol, method, path, query? (a call that changes something); end: status?, hijacked?',
  ),
  'engine/query': act(
    'engine',
    'calls',
    'protocol, method, path, query? (a call that only asks: GET, HEAD; or one whose act underdock tells itself); end: status?, hijacked?',
  ),
  'engine/call': act(
    'engine',
    'calls',
    'protocol, method (what an engine asks a runtime by the CRI), request{}? (told fields), equivalent? (the crictl command that does the same); end: code?',
  ),
  'engine/limit-pod': act(
    'engine',
    'story',
    'path (the pod’s cgroup), name, value, why; end: files[] (those that were written)',
  ),
  'engine/event': moment('engine', 'calls', 'topic, attributes{}'),
  'engine/build-step': moment('engine', 'story', 'text'),
  'engine/create-container': act(
    'engine',
    'story',
    'id, name, image, limits{memory, cpus, pidsLimit}, defaults[] (limits that are underdock’s own)',
  ),
  'engine/start-container': act('engine', 'story', 'id'),
  'engine/hold': act('engine', 'story', 'why; end: releasedBy'),
  'engine/stop-container': act('engine', 'story', 'signal, graceMs'),
  'engine/kill-container': act('engine', 'story', 'signal'),
  'engine/remove-container': act('engine', 'story', 'id'),
  'engine/has-container': fact(
    'engine',
    'story',
    'id, name?, image?, digest? (of the image, as its registry has it), configDigest?, service? (of a compose file), state: created|running|stopped, exitCode?, exitCodeFrom?, oomKilled?, inspect{}? (what the engine answers when it is asked for the container), gone?',
  ),
  'engine/recovered': moment('engine', 'story', 'id, state, actions[]'),

  // high-level: image
  'high-level/resolve-image': act(
    'high-level',
    'story',
    'reference, registry, repository, tag?, digest?, typed? (the command that does it, where a person does it); end: digest, configDigest? (docker’s image id), mediaType?, platform?, cached?',
  ),
  'high-level/fetch-manifest': act(
    'high-level',
    'calls',
    'digest|tag, mediaType?; end: digest, mediaType, bytes, layers?, platform?, cached?',
  ),
  'high-level/fetch-config': act('high-level', 'calls', 'digest, bytes; end: digest, bytes, cached?'),
  'high-level/fetch-layer': act(
    'high-level',
    'story',
    'index, digest, mediaType, totalBytes; progress: bytes, totalBytes; end: bytes, cached?, resumed?, attempts?; of docker layerId (12 digits of the digest) in place of digest',
  ),
  'high-level/verify-layer': act(
    'high-level',
    'calls',
    'index, digest, diffId; end: digest, diffId (as computed)',
  ),
  'high-level/unpack-layer': act(
    'high-level',
    'story',
    'index, digest, diffId, typed?; progress: bytes, entries, seconds? (of docker: so long it takes already); end: entries, files, bytes, whiteouts, opaque, skipped[{what, why, count, examples[]}]',
  ),
  'high-level/has-layer': fact(
    'high-level',
    'story',
    'index, digest, diffId, mediaType, bytes (compressed), unpackedBytes?, createdBy? (history), folder? (its files on this host), cached?',
  ),
  'high-level/http-request': act(
    'high-level',
    'syscalls',
    'method, url (without query), purpose; end: status, bytes?',
  ),
  // high-level: filesystem, bundle, task
  'high-level/prepare-snapshot': act(
    'high-level',
    'story',
    'kind: overlay|copy, lower[]?, upper?, work?, target (a path, or its key in containerd), typed?, equivalent?; end: kind?, lower[]?, upper?, work?, why? (when overlay was refused)',
  ),
  'high-level/has-snapshot': fact(
    'high-level',
    'calls',
    'kind, target, layers, lower[]?, upper?, work?, gone?',
  ),
  'high-level/write-config': act(
    'high-level',
    'story',
    'path, ociVersion, typed?; end: config (the OCI runtime config, environment values redacted), provenance[{flag, from: flag|image|default, field, value}]',
  ),
  'high-level/has-config': fact(
    'high-level',
    'calls',
    'id, path, config (config.json as it was read from the bundle, environment values redacted)',
  ),
  'high-level/create-container': act(
    'high-level',
    'story',
    'method, id, image?, runtime?, namespace?, snapshotter?, equivalent? (the command that does the same), payloadBytes?, cut?: true when not all of the payload was captured',
  ),
  'high-level/run-sandbox': act(
    'high-level',
    'story',
    'protocol, method, name, hostname?, network: pod|node, runtime?, equivalent?; end: id',
  ),
  'high-level/has-sandbox': fact(
    'high-level',
    'story',
    'id, name, state: ready|notready, pid? (of its init, the pause process), image?, network: pod|node, ip?, shares[] (kinds of namespaces that its containers join), gone?',
  ),
  'high-level/start-container': act('high-level', 'story', 'protocol, method, id, equivalent?'),
  'high-level/stop-container': act('high-level', 'story', 'protocol, method, id, timeout (s), equivalent?'),
  'high-level/remove-container': act('high-level', 'story', 'protocol, method, id, equivalent?'),
  'high-level/stop-sandbox': act('high-level', 'story', 'protocol, method, id, equivalent?'),
  'high-level/remove-sandbox': act('high-level', 'story', 'protocol, method, id, equivalent?'),
  'high-level/call': act(
    'high-level',
    'calls',
    'protocol, method, id?, request{} (decoded, allow-listed fields), payloadBytes?, cut?; end: failed?',
  ),
  'high-level/start-shim': act('high-level', 'story', 'argv[]; end: exitCode'),
  'high-level/shim-request': act('high-level', 'story', 'method, id, request{}, payloadBytes?, cut?'),
  'high-level/shim-query': act(
    'high-level',
    'calls',
    'method, id, request{}, payloadBytes?, cut? (a call that only asks)',
  ),
  'high-level/event': moment('high-level', 'calls', 'topic, attributes{}'),
  'high-level/create-task': act(
    'high-level',
    'calls',
    'bundle?, runtime?, method?, id?, request{}?, equivalent?; end: pid?',
  ),
  'high-level/start-task': act('high-level', 'calls', 'method?, id?, equivalent?'),
  'high-level/delete-task': act('high-level', 'calls', 'method?, id?, equivalent?'),
  'high-level/remove-snapshot': act('high-level', 'calls', 'target, typed?, equivalent?'),

  // low-level
  'low-level/create': act(
    'low-level',
    'story',
    'runtime, argv[], bundle; end: exitCode, pid? (of the waiting init), script? (the whole run as one shell script)',
  ),
  'low-level/start': act('low-level', 'story', 'runtime, argv[]; end: exitCode'),
  'low-level/state': act('low-level', 'calls', 'runtime, argv[]; end: exitCode, status?'),
  'low-level/kill': act('low-level', 'calls', 'runtime, argv[], signal; end: exitCode'),
  'low-level/delete': act('low-level', 'story', 'runtime, argv[]; end: exitCode'),
  'low-level/exec': act('low-level', 'story', 'runtime, argv[]; end: exitCode'),
  'low-level/run': act('low-level', 'story', 'runtime, argv[]; end: exitCode'),
  'low-level/update': act('low-level', 'story', 'runtime, argv[]; end: exitCode'),
  'low-level/pause': act('low-level', 'story', 'runtime, argv[]; end: exitCode'),
  'low-level/resume': act('low-level', 'story', 'runtime, argv[]; end: exitCode'),
  'low-level/call': act(
    'low-level',
    'calls',
    'runtime, argv[]: any other subcommand (features, list, ps); end: exitCode',
  ),
  'low-level/command': act(
    'low-level',
    'story',
    'argv[], text (as typed in a shell), why (what it achieves); end: exitCode, stderr?',
  ),
  'low-level/absent': moment('low-level', 'story', 'what, why: something this runtime or this user can’t do'),
  'low-level/log': moment('low-level', 'syscalls', 'level, message'),

  // kernel: one syscall is one begin and one end
  'kernel/clone': act(
    'kernel',
    'calls',
    'syscall: clone|clone3|fork|vfork, flags[], namespaces[]; end: childPid',
  ),
  'kernel/unshare': act('kernel', 'story', 'syscall, flags[], namespaces[]'),
  'kernel/setns': act(
    'kernel',
    'calls',
    'syscall, flags[], namespaces[] (as asked for; none = any), fd, inode? (of the namespace behind fd)',
  ),
  'kernel/mount': act(
    'kernel',
    'calls',
    'syscall: mount|move_mount|fsmount|open_tree|mount_setattr, source?, target?, targetPath? (fd resolved), fstype?, flags[], options? (mount data), set[]?, clear[]?, attributes[]?',
  ),
  'kernel/umount': act('kernel', 'calls', 'syscall, target, flags[]'),
  'kernel/pivot-root': act('kernel', 'story', 'syscall, newRoot, putOld'),
  'kernel/chroot': act('kernel', 'calls', 'syscall, path'),
  'kernel/sethostname': act('kernel', 'story', 'syscall, hostname'),
  'kernel/cgroup-mkdir': moment('kernel', 'story', 'path, hierarchy, controllers[]'),
  'kernel/cgroup-rmdir': moment('kernel', 'calls', 'path, hierarchy, controllers[]'),
  'kernel/cgroup-attach': moment('kernel', 'story', 'path, hierarchy, controllers[], attachedPid, comm'),
  'kernel/cgroup-write': act(
    'kernel',
    'story',
    'syscall, file (absolute where known), name (memory.max), value, controllers[]',
  ),
  'kernel/capset': act('kernel', 'calls', 'syscall, effective[], permitted[], inheritable[]'),
  'kernel/drop-bounding': act('kernel', 'syscalls', 'syscall: prctl, capability'),
  'kernel/no-new-privs': act('kernel', 'story', 'syscall: prctl'),
  'kernel/seccomp': act(
    'kernel',
    'story',
    'syscall: seccomp|prctl, operation, flags[], instructions?, probe?: true for the calls that only ask what the kernel supports',
  ),
  'kernel/setuid': act('kernel', 'calls', 'syscall: setuid|setreuid|setresuid, uid'),
  'kernel/setgid': act('kernel', 'calls', 'syscall: setgid|setregid|setresgid, gid'),
  'kernel/setgroups': act('kernel', 'syscalls', 'syscall, count'),
  'kernel/execve': act(
    'kernel',
    'story',
    'syscall: execve|execveat, path, argv[]; a success is one log, a failure begin and end',
  ),
  'kernel/exit': moment('kernel', 'story', 'exitCode, signal?'),
  'kernel/kill': act('kernel', 'calls', 'syscall: kill|tgkill|pidfd_send_signal, targetPid, signal'),
  'kernel/oom-kill': moment('kernel', 'story', 'victimPid, comm, totalVmKb?, anonRssKb?'),
  'kernel/has-namespace': fact(
    'kernel',
    'story',
    'kind: mnt|pid|net|uts|ipc|user|cgroup|time, inode, hostInode, own: boolean, pid (whose), gone?',
  ),
  'kernel/has-cgroup': fact('kernel', 'story', 'path, hierarchy, controllers[], gone?'),
  'kernel/has-cgroup-value': fact(
    'kernel',
    'story',
    'file, name, value, controller, meaning: memory|cpu|pids|devices|other, number? (bytes, cpus, count; null = unlimited), now? (usage)',
  ),
  'kernel/has-mount': fact(
    'kernel',
    'calls',
    'mountPoint (as the container sees it), fstype, source, options[], root?, readOnly, gone?',
  ),
  'kernel/has-restriction': fact(
    'kernel',
    'story',
    'kind: seccomp|no-new-privs|capabilities|user, value (mode, boolean, names[], ids), dropped[]?, pid',
  ),

  // process
  'process/has-process': fact(
    'process',
    'story',
    'pid (host’s view), innerPid?, comm, argv[]?, role: init|child|runtime, waiting?: true before start, alive, exitCode?, signal?, gone?',
  ),
  'process/output': moment(
    'process',
    'calls',
    'stream: stdout|stderr, base64, hiddenBytes? (so many were left out when the trace was shared)',
  ),
  'process/output-limit': moment(
    'process',
    'calls',
    'keptBytes, omittedBytes? (once known): output beyond the trace’s limits is passed through but not kept',
  ),
  'process/input': moment('process', 'syscalls', 'bytes (count)'),

  // what a trace says about itself; the layer is that of the watcher concerned
  'trace/watcher-changed': moment('kernel', 'story', 'name, state: ok|missing, why'),
  'trace/lost-records': moment('kernel', 'story', 'name (watcher), count, why?'),
  'trace/redacted': moment('client', 'syscalls', 'what, count? (how often, when the trace was shared)'),
} as const satisfies Record<string, StepDescription>;

/** A step that this version knows. Traces may hold others. */
export type StepName = keyof typeof STEPS;

/** The description of a step, or undefined for one that a newer version or another writer brought. */
export function describeStep(step: string): StepDescription | undefined {
  return Object.hasOwn(STEPS, step) ? STEPS[step as StepName] : undefined;
}
