import type { TraceEvent } from '@underdock/trace';
import { known, number, text, words } from './fields.ts';

/** One directory that a container’s root filesystem is made of. */
export interface DiskLayer {
  /** 0 is the lowest. */
  index: number;
  /** `init`: the engine’s own mount points; `upper`: what the container itself changed; `copy`: all in one tree. */
  kind: 'image' | 'init' | 'upper' | 'copy';
  /** On the host; absent where the trace does not say. */
  folder?: string;
  diffId?: string;
  /** The line of the image’s history that made it. */
  createdBy?: string;
  /** Unpacked. */
  bytes?: number;
}

/** The layers of a container as they lie on the host’s disk, and the overlay that is mounted of them. */
export interface DiskStack {
  container?: string;
  kind?: 'overlay' | 'copy';
  /** Lowest first. */
  layers: readonly DiskLayer[];
  /** As overlayfs is told them: the topmost first. */
  lower: readonly string[];
  upper?: string;
  work?: string;
  /** Where the whole is mounted. */
  target?: string;
  /** Taken apart again. */
  gone: boolean;
}

/** The steps that say where layers lie. */
export const DISK_STEPS: ReadonlySet<string> = new Set([
  'high-level/has-layer',
  'high-level/prepare-snapshot',
  'high-level/has-snapshot',
]);

/** The stack of one container, as far as these events tell it; of the first that has one if none is named. */
export function diskStackOf(events: Iterable<TraceEvent>, container?: string): DiskStack {
  const about = [...events].filter(({ step }) => DISK_STEPS.has(step));
  const id = container ?? about.find((event) => event.container !== undefined)?.container;
  const own = about.filter((event) => event.container === undefined || event.container === id);
  const told = new Map<number, DiskLayer>();
  let stack: Omit<DiskStack, 'layers'> = { ...known({ container: id }), lower: [], gone: false };
  for (const event of own) {
    if (event.step === 'high-level/has-layer') addLayer(told, event);
    else stack = { ...stack, ...snapshotOf(event) };
  }
  const image = imageLayers([...told.values()], stack.lower);
  const layers = [...image, ...ownLayers(stack)].map((layer, index) => ({ ...layer, index }));
  return { ...stack, layers };
}

function addLayer(told: Map<number, DiskLayer>, { data }: TraceEvent): void {
  const index = number(data, 'index');
  if (index === undefined || !Number.isInteger(index) || index < 0 || index > 1000) return;
  const more = known({
    diffId: text(data, 'diffId'),
    createdBy: text(data, 'createdBy'),
    bytes: number(data, 'unpackedBytes'),
    folder: text(data, 'folder'),
  });
  told.set(index, { ...(told.get(index) ?? { index, kind: 'image' }), ...more });
}

function snapshotOf({ step, data }: TraceEvent): Partial<DiskStack> {
  const kind = text(data, 'kind');
  const lower = words(data, 'lower');
  // underdock’s own act names the layers as they are stacked; what engines answer is as overlayfs wants it.
  const topFirst = step === 'high-level/prepare-snapshot' ? lower.reverse() : lower;
  return known({
    kind: kind === 'overlay' || kind === 'copy' ? kind : undefined,
    lower: topFirst.length > 0 ? topFirst : undefined,
    upper: text(data, 'upper'),
    work: text(data, 'work'),
    target: text(data, 'target'),
    gone: step === 'high-level/has-snapshot' ? data.gone === true : undefined,
  });
}

const isInit = (folder: string) => /-init\/diff$/.test(folder);

/** Image and folders are told apart: they are matched where they are as many, else what lies on disk counts. */
function imageLayers(told: readonly DiskLayer[], lower: readonly string[]): DiskLayer[] {
  const layers = told.toSorted((a, b) => a.index - b.index);
  const folders = lower.filter((one) => !isInit(one)).toReversed();
  if (layers.length === folders.length)
    return layers.map((layer, at) => ({ ...layer, folder: layer.folder ?? folders[at] }));
  if (layers.length > 0 && folders.length < 2) return layers;
  return folders.map((folder, index) => ({ index, kind: 'image', folder }));
}

function ownLayers({ kind, lower, upper, target }: Omit<DiskStack, 'layers'>): DiskLayer[] {
  if (kind === 'copy') return target === undefined ? [] : [{ index: 0, kind, folder: target }];
  const init = lower.find(isInit);
  return [
    ...(init === undefined ? [] : [{ index: 0, kind: 'init' as const, folder: init }]),
    ...(upper === undefined ? [] : [{ index: 0, kind: 'upper' as const, folder: upper }]),
  ];
}
