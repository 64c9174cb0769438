import type { Tell, Telling, Told } from '../../run/tell.ts';
import { shellQuote } from '../embedded/lowLevel/byHand/step.ts';

/** What only happens where an engine or a high-level runtime stands between: whoever types has no such acts. */
const BETWEEN: ReadonlySet<string> = new Set([
  'engine/create-container',
  'engine/start-container',
  'engine/stop-container',
  'engine/kill-container',
  'engine/remove-container',
  'high-level/create-task',
  'high-level/start-task',
  'high-level/delete-task',
]);

/**
 * The same acts, told as they are on a road without engine and without high-level runtime: what those would do, underdock
 * does as the person at the keyboard does it. So the steps keep their names, their layer is the client's, and `typed` says
 * what one would type.
 */
export function atKeyboard(tell: Tell, clientSpan: string): Tell {
  return {
    begin(step, data, told = {}) {
      if (BETWEEN.has(step)) return passedOver(told.cause?.[0] ?? clientSpan);
      const typed = isOurs(step) ? commandFor(step, data) : undefined;
      return tell.begin(step, typed === undefined ? data : { ...data, typed }, ours(step, told));
    },
    log: (step, data, told = {}) => tell.log(step, data, ours(step, told)),
    fact: (step, data, told = {}) => tell.fact(step, data, ours(step, told)),
    spawned: (pid, span, layer, actor, container) =>
      tell.spawned(pid, span, layer === 'high-level' ? 'client' : layer, actor, container),
    ...(tell.wrap ? { wrap: (argv) => tell.wrap?.(argv) ?? [...argv] } : {}),
  };
}

function isOurs(step: string): boolean {
  return step.startsWith('engine/') || step.startsWith('high-level/');
}

function ours(step: string, told: Told): Told {
  return isOurs(step) ? { ...told, layer: 'client' } : told;
}

/** An act that nobody does: what it would have caused is caused by what would have caused it. */
function passedOver(span: string): Telling {
  return { span, progress() {}, end() {}, fail() {} };
}

const line = (...words: string[]): string => words.map(shellQuote).join(' ');

const TYPED: Readonly<Record<string, (data: Record<string, unknown>) => string>> = {
  'high-level/resolve-image': ({ registry, repository, tag, digest }) => {
    const plain = /^(localhost|127\.)/.test(String(registry)) ? ['--src-tls-verify=false'] : [];
    const which = tag === undefined ? `@${digest}` : `:${tag}`;
    return line('skopeo', 'copy', ...plain, `docker://${registry}/${repository}${which}`, 'oci:image:run');
  },
  'high-level/unpack-layer': () => line('umoci', 'raw', 'unpack', '--image', 'image:run', 'rootfs'),
  'high-level/prepare-snapshot': ({ kind, lower, upper, work, target }) => {
    const layers = (lower as string[]) ?? [];
    if (kind === 'copy')
      return `mkdir ${line(String(target))} && ${line('cp', '-a', `${layers[0]}/.`, String(target))}`;
    const options = `lowerdir=${layers.toReversed().join(':')},upperdir=${upper},workdir=${work}`;
    return line('mount', '-t', 'overlay', 'overlay', '-o', options, String(target));
  },
  'high-level/remove-snapshot': ({ target }) => line('umount', String(target)),
  'high-level/write-config': ({ path }) =>
    line('runc', 'spec', '--bundle', String(path).replace(/\/[^/]*$/, '')),
};

function commandFor(step: string, data: Record<string, unknown>): string | undefined {
  return TYPED[step]?.(data);
}
