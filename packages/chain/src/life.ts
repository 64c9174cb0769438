import type { TraceEvent } from '@underdock/trace';
import { failureOf } from './calls.ts';
import type { ContainerPicture } from './container.ts';
import { baseName, number, object, text, words } from './fields.ts';
import { withProcess } from './kernelFacts.ts';
import { sandboxFold } from './pod.ts';

type Fold = (picture: ContainerPicture, event: TraceEvent) => ContainerPicture;

/** 64 KiB of output (as base64) are kept to look at; the console has the rest. */
const MAX_OUTPUT = 65_536;

/** Steps that move a container along its life, or tell who it is. */
export const LIFE_FOLDS: Readonly<Record<string, Fold>> = {
  'client/run': (picture, { data }) => ({ ...picture, image: text(data, 'image') ?? picture.image }),
  'engine/create-container': createContainer,
  'engine/has-container': hasContainer,
  'high-level/has-config': (picture, { data }) => ({
    ...picture,
    config: object(data, 'config') ?? picture.config,
    configPath: text(data, 'path') ?? picture.configPath,
  }),
  'high-level/has-sandbox': sandboxFold,
  'low-level/create': created,
  'low-level/start': (picture, event) =>
    event.type === 'end' && !failureOf(event) && picture.life !== 'dead' && picture.life !== 'gone'
      ? awake(picture)
      : picture,
  'low-level/delete': (picture, event) =>
    event.type === 'end' && !failureOf(event) && picture.life !== 'none'
      ? { ...picture, life: 'gone' }
      : picture,
  'low-level/absent': (picture, { data, span }) => ({
    ...picture,
    absent: [...picture.absent, { what: text(data, 'what') ?? '', why: text(data, 'why') ?? '', span }],
  }),
  'kernel/unshare': (picture) => (picture.life === 'none' ? { ...picture, life: 'building' } : picture),
  'kernel/sethostname': (picture, { data }) => ({
    ...picture,
    hostname: text(data, 'hostname') ?? picture.hostname,
  }),
  'kernel/execve': executed,
  'kernel/exit': exited,
  'kernel/oom-kill': oomKilled,
  'process/has-process': (picture, { data }) => followInit(picture, number(data, 'pid')),
  'process/output': output,
};

function createContainer(picture: ContainerPicture, { data }: TraceEvent): ContainerPicture {
  const defaults = words(data, 'defaults');
  return {
    ...picture,
    id: picture.id || (text(data, 'id') ?? ''),
    name: text(data, 'name') ?? picture.name,
    image: text(data, 'image') ?? picture.image,
    limits: object(data, 'limits') ?? picture.limits,
    defaults: defaults.length > 0 ? defaults : picture.defaults,
  };
}

function hasContainer(picture: ContainerPicture, { data }: TraceEvent): ContainerPicture {
  const state = (['created', 'running', 'stopped'] as const).find((word) => word === data.state);
  const next: ContainerPicture = {
    ...picture,
    name: text(data, 'name') ?? picture.name,
    state: state ?? picture.state,
    exitCode: number(data, 'exitCode') ?? picture.exitCode,
    oomKilled: data.oomKilled === true ? true : picture.oomKilled,
    gone: data.gone === true ? true : picture.gone,
  };
  if (next.gone) return { ...next, life: 'gone' };
  if (state === 'stopped' && next.life !== 'gone') return { ...next, life: 'dead' };
  return state === 'running' && next.life !== 'dead' && next.life !== 'gone' ? awake(next) : next;
}

function created(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  if (picture.life === 'none') return { ...picture, life: 'building' };
  if (event.type !== 'end' || failureOf(event) || picture.life !== 'building') return picture;
  const pid = number(event.data, 'pid') ?? picture.init;
  const init = pid === undefined ? undefined : picture.processes.get(String(pid));
  const next: ContainerPicture = { ...picture, init: pid, life: 'waiting' };
  return init ? withProcess(next, { ...init, waiting: init.alive, inside: true }) : next;
}

/** Alive, its init not waiting any more. */
function awake(picture: ContainerPicture): ContainerPicture {
  const init = picture.init === undefined ? undefined : picture.processes.get(String(picture.init));
  const next = init?.waiting ? withProcess(picture, { ...init, waiting: false }) : picture;
  return next.life === 'alive' ? next : { ...next, life: 'alive' };
}

function followInit(picture: ContainerPicture, pid: number | undefined): ContainerPicture {
  if (pid === undefined || pid !== picture.init) return picture;
  const init = picture.processes.get(String(pid));
  if (!init || picture.life === 'gone') return picture;
  if (!init.alive) return { ...picture, life: 'dead', exitCode: picture.exitCode ?? init.exitCode };
  if (init.waiting) return { ...picture, life: 'waiting' };
  return picture.life === 'dead'
    ? picture
    : { ...picture, life: picture.life === 'waiting' ? 'alive' : picture.life };
}

/** execve by the init after its waiting: the program that was asked for takes the runtime's place. */
function executed(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const pid = event.actor.pid;
  const process = pid === undefined ? undefined : picture.processes.get(String(pid));
  if (event.type !== 'log' || !process) return picture;
  const argv = words(event.data, 'argv');
  const path = text(event.data, 'path') ?? argv[0];
  const next = withProcess(picture, {
    ...process,
    comm: path ? baseName(path).slice(0, 15) : process.comm,
    argv: argv.length > 0 ? argv : process.argv,
  });
  return pid === picture.init && picture.life === 'waiting' ? awake(next) : next;
}

function exited(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const pid = event.actor.pid;
  const process = pid === undefined ? undefined : picture.processes.get(String(pid));
  if (!process) return picture;
  const exitCode = number(event.data, 'exitCode');
  const signal = number(event.data, 'signal') ?? text(event.data, 'signal');
  const next = withProcess(picture, { ...process, alive: false, waiting: false, exitCode, signal });
  if (pid !== picture.init || picture.life === 'gone') return next;
  return { ...next, life: 'dead', exitCode: picture.exitCode ?? exitCode };
}

function oomKilled(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const pid = number(event.data, 'victimPid');
  const process = pid === undefined ? undefined : picture.processes.get(String(pid));
  const next: ContainerPicture = { ...picture, oomKilled: true };
  return process ? withProcess(next, { ...process, oomKilled: true }) : next;
}

function output(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const base64 = text(event.data, 'base64') ?? '';
  const stream = event.data.stream === 'stderr' ? 'stderr' : 'stdout';
  const pieces = [...picture.output, { stream, base64, at: event.at, seq: event.seq } as const];
  let size = pieces.reduce((sum, piece) => sum + piece.base64.length, 0);
  let drop = 0;
  while (size > MAX_OUTPUT && drop < pieces.length - 1) size -= pieces[drop++]!.base64.length;
  return { ...picture, output: pieces.slice(drop), outputDropped: picture.outputDropped + drop };
}
