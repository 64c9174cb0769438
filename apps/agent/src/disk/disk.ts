import { closeSync } from 'node:fs';
import { type DiskLayer, type DiskStack, diskStackOf } from '@underdock/chain';
import type { DiskContent, DiskFolder, DiskLayerAnswer, DiskStackAnswer } from '@underdock/trace';
import { AgentError } from '../error.ts';
import type { Run } from '../run/runs.ts';
import { readable } from './beneath.ts';
import { readContent } from './content.ts';
import { countBelow, MOST_COUNTED } from './count.ts';
import { listFolder } from './listing.ts';
import { mountOptions } from './mountOptions.ts';
import { openLayer } from './stores.ts';

/** A run, as far as its layers are asked for. */
export type Layered = Pick<Run, 'id' | 'events'>;

/** Which layer of a run: of its first container, unless one is named. */
export interface LayerWanted {
  run: Layered;
  container?: string | undefined;
  index: number;
}

/** The layers of runs on this host’s disk: where they lie by the run’s own trace, and what is in them now. */
export interface Disk {
  stack(run: Layered, container?: string): DiskStackAnswer;
  /** Rejects with AgentError. */
  files(wanted: LayerWanted, path: string): Promise<DiskFolder>;
  /** Throws AgentError. */
  content(wanted: LayerWanted, path: string): DiskContent;
}

/** Looks at layers. `stateDir` is underdock’s own folder. */
export function openDisk(stateDir: string): Disk {
  const open = ({ run, container, index }: LayerWanted) => {
    const layer = diskStackOf(run.events, container).layers[index];
    if (!layer) throw noLayer(index);
    return openOf(layer, stateDir, run.id);
  };
  return {
    stack(run, container) {
      const stack = diskStackOf(run.events, container);
      const options = mountOptions(stack, run.events);
      return { ...described(stack, stateDir, run.id), ...(options ? { mountOptions: options } : {}) };
    },
    async files(wanted, path) {
      const root = open(wanted);
      try {
        return await listFolder(root, path);
      } catch (error) {
        throw readable(error, path);
      } finally {
        closeSync(root);
      }
    },
    content(wanted, path) {
      const root = open(wanted);
      try {
        return readContent(root, path);
      } catch (error) {
        throw readable(error, path);
      } finally {
        closeSync(root);
      }
    },
  };
}

function openOf({ folder }: DiskLayer, stateDir: string, run: string): number {
  if (folder === undefined) {
    throw new AgentError('folder-not-found', 'the trace does not say where the files of this layer lie', {
      remedy: 'the engine keeps layers in a way that it does not tell, or all of them in one tree',
    });
  }
  try {
    return openLayer(folder, { stateDir, run }).fd;
  } catch (error) {
    if ((error as AgentError).code !== 'file-not-found') throw error;
    throw new AgentError('folder-not-found', 'its folder is not there any more', {
      remedy: 'it goes with the container or its image; run it again and keep it',
      cause: error,
    });
  }
}

/** What is written is counted first: a count has its limit, and sizes of image layers are mostly known. */
function described(stack: DiskStack, stateDir: string, run: string): DiskStackAnswer {
  let left = MOST_COUNTED;
  const describe = (layer: DiskLayer): DiskLayerAnswer => {
    try {
      const root = openOf(layer, stateDir, run);
      try {
        if (layer.bytes !== undefined || left === 0) return layer;
        const counted = countBelow(root, left);
        left = Math.max(0, left - counted.entries);
        return { ...layer, counted };
      } finally {
        closeSync(root);
      }
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      return { ...layer, closed: error.message };
    }
  };
  const layers = stack.layers.toReversed().map(describe).toReversed();
  return { ...stack, layers, lower: [...stack.lower] };
}

function noLayer(index: number): AgentError {
  return new AgentError('layer-not-found', `this container has no layer ${index}`, {
    remedy: 'ask for /layers first: it numbers them, the lowest is 0',
  });
}
