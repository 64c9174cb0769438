import { containersOf, createTimeline } from '@underdock/chain';
import { scene, THEMES, type ThemeName, toSvg } from '@underdock/draw';
import type { DetailLevel, TraceEvent, TraceHeader } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { chosenContainers } from './explainCommand.ts';

/** Which picture of a run is meant, in the words of the command line. */
export interface PictureOptions {
  /** Number of the told step, from 1; the last one unless said. */
  step?: string;
  level?: string;
  theme?: string;
  /** A container’s id or the beginning of it. */
  container?: string;
}

/** The size of a slide, px. */
const WIDTH = 1280;
const HEIGHT = 720;
const LEVELS = ['story', 'calls', 'syscalls'] as const satisfies readonly DetailLevel[];

/** A run’s picture at one step as an SVG file that needs nothing else. Throws AgentError for what there is not. */
export function pictureOf(
  header: TraceHeader,
  events: readonly TraceEvent[],
  options: PictureOptions,
): string {
  const level = oneOf('--level', options.level ?? 'story', LEVELS);
  const theme = oneOf('--theme', options.theme ?? 'print', Object.keys(THEMES) as ThemeName[]);
  const timeline = createTimeline(header, events, level);
  const { steps } = timeline;
  const last = timeline.stateAt(events.length);
  const number = options.step === undefined ? steps.length : Number(options.step);
  if (!Number.isInteger(number) || number < 0 || number > steps.length) {
    throw new AgentError('no-such-step', `--step ${options.step}: there is no such step`, {
      remedy: `the ${level} has steps 1 to ${steps.length}, and 0 for the empty scene`,
      exitCode: 1,
    });
  }
  const at = number === steps.length ? events.length : (steps[number - 1]?.position ?? 0);
  const ids = containersOf(last).map(({ id }) => id);
  const container = options.container === undefined ? undefined : chosenContainers(ids, options.container)[0];
  const picture = scene(timeline.stateAt(at), {
    width: WIDTH,
    height: HEIGHT,
    level,
    actors: last.actors,
    ...(container === undefined ? {} : { container }),
  });
  return toSvg(picture, theme);
}

function oneOf<T extends string>(flag: string, word: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === word);
  if (found) return found;
  throw new AgentError('bad-flag', `${flag} ${word}: there is no such one`, {
    remedy: `take ${allowed.join(', ')}`,
    exitCode: 1,
  });
}
