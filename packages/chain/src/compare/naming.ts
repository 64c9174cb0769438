import { object, text } from '../fields.ts';
import type { ChainState } from '../state.ts';

/** Turns what belongs to one run alone (ids, folders, ports, pids) into words that are the same in every run. */
export type Rename = (said: string) => string;

/** Digits of hex that stand alone: ids of containers, of snapshots, of runs. */
const HEX = /(?<![0-9a-zA-Z:])([0-9a-f]{64}|[0-9a-f]{12})(?![0-9a-zA-Z])/g;

/** The renaming for one container of a trace. */
export function renaming(state: ChainState, container: string): Rename {
  const own = ownWords(state, container).filter(([word]) => word.length > 3);
  // The longest first: a folder stands before the id that its name holds.
  own.sort(([a], [b]) => b.length - a.length);
  return (said) => {
    let renamed = said;
    for (const [word, name] of own) renamed = renamed.replaceAll(word, name);
    return renamed
      .replace(HEX, 'ID')
      .replace(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/g, '$1')
      .replace(/(?:\/[\w.@+-]+){2,}(?=\/ID\/)/g, 'DIR')
      .replace(/\b(c?run|runc)\.[A-Za-z0-9]{6}\b/g, '$1.TEMP')
      .replace(/\/proc\/\d+(?=\/|$)/g, '/proc/PID')
      .replace(/(--target|--pid)([ =])\d+/g, '$1$2PID')
      .replace(/\b(127\.0\.0\.1|localhost):\d+/g, 'REGISTRY');
  };
}

function ownWords({ containers }: ChainState, container: string): [string, string][] {
  const found: [string, string][] = [];
  for (const picture of Object.values(containers)) {
    const { id, name, snapshot, config, configPath } = picture;
    const add = (word: string | undefined, as: string) => word && found.push([word, as]);
    const which = id === container || container === '' ? '' : 'OTHER-';
    if (id) add(id, `${which}ID`);
    if (id.length >= 12) add(id.slice(0, 12), `${which}ID`);
    // A name of one plain word (proc, data) stands in many paths that have nothing to do with it.
    if (name?.includes('-')) add(name, `${which}NAME`);
    add(snapshot?.target, 'ROOTFS');
    add(snapshot?.upper, 'UPPER');
    add(snapshot?.work, 'WORK');
    const root = text(object(config ?? {}, 'root') ?? {}, 'path');
    if (root?.startsWith('/')) add(root, 'ROOTFS');
    if (configPath?.startsWith('/')) add(configPath.replace(/\/[^/]*$/, ''), 'BUNDLE');
    add(text(object(config ?? {}, 'linux') ?? {}, 'cgroupsPath'), '/CGROUP');
  }
  return found;
}
