import type { DetailLevel } from '@underdock/trace';

/** How to draw. Sizes in px. */
export interface SceneOptions {
  width: number;
  height: number;
  /** Which arrows are drawn; never where things stand. `story` by default. */
  level?: DetailLevel;
  /** How many events the told step stands for: the current arrow then says `mount x 38`. */
  count?: number;
  /** The call that the reader has chosen: drawn bright beside the current one. */
  selectedSpan?: string;
  /** Larger type for a lecture hall: 1.6. */
  scale?: number;
  /** Id of the container that is drawn: the first of the trace unless another is given. */
  container?: string;
  /** Keys of all actors of the whole trace, if known, so that boxes keep their places from the first picture on. */
  actors?: readonly { key: string; layer: string; name: string }[];
}
