import type { TraceEvent } from '@underdock/trace';
import {
  type CgroupValue,
  type ContainerPicture,
  NAMESPACE_KINDS,
  type NamespaceKind,
  type ProcessFact,
} from './container.ts';
import { baseName, known, number, text, words } from './fields.ts';

type Fold = (picture: ContainerPicture, event: TraceEvent) => ContainerPicture;

const MEANINGS = ['memory', 'cpu', 'pids', 'devices', 'other'] as const;

/** Facts of the kernel and process layers: what exists now. */
export const KERNEL_FOLDS: Readonly<Record<string, Fold>> = {
  'kernel/has-namespace': hasNamespace,
  'kernel/has-cgroup': hasCgroup,
  'kernel/has-cgroup-value': hasCgroupValue,
  'kernel/has-mount': hasMount,
  'kernel/has-restriction': hasRestriction,
  'process/has-process': hasProcess,
  'kernel/clone': cloned,
};

function hasNamespace(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const { data } = event;
  const kind = text(data, 'kind') as NamespaceKind;
  if (!NAMESPACE_KINDS.includes(kind)) return picture;
  const old = picture.namespaces[kind];
  const inode = text(data, 'inode') ?? old?.inode ?? '';
  // A namespace of the runtime's own on the way to the container's is told by a pid that is not the init.
  if (data.gone === true && old && old.inode !== inode) return picture;
  const fact = {
    ...old,
    kind,
    inode,
    own: data.own === true,
    grade: event.grade,
    seq: event.seq,
    ...known({ hostInode: text(data, 'hostInode'), pid: number(data, 'pid'), span: event.span }),
    gone: data.gone === true ? true : undefined,
  };
  return { ...picture, namespaces: { ...picture.namespaces, [kind]: fact } };
}

function hasCgroup(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const { data } = event;
  const path = text(data, 'path');
  if (path === undefined) return picture;
  const hierarchy = number(data, 'hierarchy') ?? 0;
  const fact = {
    path,
    hierarchy,
    controllers: words(data, 'controllers'),
    seq: event.seq,
    gone: data.gone === true ? true : undefined,
  };
  const others = picture.cgroups.filter((old) => old.path !== path || old.hierarchy !== hierarchy);
  return { ...picture, cgroups: [...others, fact] };
}

function hasCgroupValue(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const { data } = event;
  const file = text(data, 'file') ?? text(data, 'name');
  if (file === undefined) return picture;
  const old = picture.cgroupValues[file];
  const meaning = MEANINGS.find((word) => word === data.meaning) ?? old?.meaning ?? 'other';
  const fact: CgroupValue = {
    ...old,
    file,
    name: text(data, 'name') ?? baseName(file),
    value: (text(data, 'value') ?? old?.value ?? '').trim(),
    controller: text(data, 'controller') ?? old?.controller ?? '',
    meaning,
    grade: event.grade,
    seq: event.seq,
    ...known({ now: number(data, 'now'), span: event.span, number: numberOrNull(data.number) }),
  };
  return { ...picture, cgroupValues: { ...picture.cgroupValues, [file]: fact } };
}

function numberOrNull(value: unknown): number | null | undefined {
  return value === null || typeof value === 'number' ? value : undefined;
}

function hasMount(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const { data } = event;
  const mountPoint = text(data, 'mountPoint');
  if (mountPoint === undefined) return picture;
  const fact = {
    mountPoint,
    fstype: text(data, 'fstype') ?? '',
    source: text(data, 'source') ?? '',
    options: words(data, 'options'),
    readOnly: data.readOnly === true,
    seq: event.seq,
    gone: data.gone === true ? true : undefined,
  };
  return { ...picture, mounts: { ...picture.mounts, [mountPoint]: fact } };
}

function hasRestriction(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const { data } = event;
  const kind = text(data, 'kind');
  if (kind === undefined) return picture;
  const fact = {
    kind,
    value: merged(picture.restrictions[kind]?.value, data.value),
    dropped: Array.isArray(data.dropped) ? words(data, 'dropped') : undefined,
    pid: number(data, 'pid'),
    grade: event.grade,
    seq: event.seq,
    span: event.span,
  };
  return { ...picture, restrictions: { ...picture.restrictions, [kind]: fact } };
}

/** User and group come one by one. */
function merged(old: unknown, value: unknown): unknown {
  const both = isRecord(old) && isRecord(value);
  return both ? { ...old, ...value } : value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasProcess(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const { data } = event;
  const pid = number(data, 'pid');
  if (pid === undefined) return picture;
  const old = picture.processes.get(String(pid));
  const role =
    data.role === 'init' || data.role === 'runtime' || data.role === 'child' ? data.role : undefined;
  const process: ProcessFact = {
    ...old,
    pid,
    comm: text(data, 'comm') ?? old?.comm ?? '',
    role: role ?? old?.role ?? 'child',
    waiting: typeof data.waiting === 'boolean' ? data.waiting : (old?.waiting ?? false),
    alive: typeof data.alive === 'boolean' ? data.alive : data.gone !== true,
    seq: event.seq,
    ...known({
      innerPid: number(data, 'innerPid'),
      argv: Array.isArray(data.argv) ? words(data, 'argv') : undefined,
      exitCode: number(data, 'exitCode'),
      signal: number(data, 'signal') ?? text(data, 'signal'),
      span: event.span,
    }),
  };
  if (process.role === 'init') process.inside = true;
  const next = withProcess(picture, process);
  return process.role === 'init' ? { ...next, init: pid } : next;
}

/** A child of a process that lives in the container lives there too. */
function cloned(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const pid = number(event.data, 'childPid');
  const parent = event.actor.pid === undefined ? undefined : picture.processes.get(String(event.actor.pid));
  if (pid === undefined || !parent?.inside || picture.aliveAt === undefined) return picture;
  const old = picture.processes.get(String(pid));
  return withProcess(picture, {
    comm: event.actor.name,
    role: 'child',
    waiting: false,
    alive: true,
    seq: event.seq,
    span: event.span,
    ...old,
    pid,
    inside: true,
  });
}

/** The picture with one process put in or changed. */
export function withProcess(picture: ContainerPicture, process: ProcessFact): ContainerPicture {
  return { ...picture, processes: picture.processes.set(String(process.pid), process) };
}
