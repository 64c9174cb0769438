import type { Layers } from '../../source/layers.ts';

/** Where a tree of files is read from. */
export interface TreePlace {
  layers: Layers;
  index: number;
  /** Grows with each wish to read it again. */
  round: number;
}
