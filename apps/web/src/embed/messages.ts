import type { DetailLevel } from '@underdock/trace';

/** How much stands around the picture: nothing, a caption with a few buttons, or all of the page. */
export const CONTROLS = ['none', 'mini', 'full'] as const;
export type Controls = (typeof CONTROLS)[number];
/** Colours of the frame; `auto` = as the reader’s system has them. */
export const EMBED_THEMES = ['auto', 'dark', 'light'] as const;
export type EmbedTheme = (typeof EMBED_THEMES)[number];

/** What the page around a frame tells it. `step` counts from 1 at the level in use. */
export type ToFrame =
  | { underdock: 1; type: 'trace'; name: string; bytes: ArrayBuffer }
  | {
      underdock: 1;
      type: 'show';
      step?: number;
      level?: DetailLevel;
      controls?: Controls;
      theme?: EmbedTheme;
    }
  | { underdock: 1; type: 'move'; to: 'next' | 'previous' | 'play' | 'pause' };

/** What the frame tells the page around it. `loaded`: it can be told something; `ready`: the trace is read. */
export type FromFrame =
  | { underdock: 1; type: 'loaded' }
  | { underdock: 1; type: 'ready'; title: string; steps: number }
  | { underdock: 1; type: 'step'; step: number; steps: number; level: DetailLevel; text: string }
  | { underdock: 1; type: 'ended' }
  | { underdock: 1; type: 'problem'; message: string };
