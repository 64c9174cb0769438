import type { ToldStep } from '@underdock/chain';
import type { DetailLevel } from '@underdock/trace';

/** Where somebody is in a trace that is played in a terminal, and how it goes on. */
export interface PlayState {
  /** Of the step that is shown, from 0. */
  index: number;
  playing: boolean;
  /** `told`: each step as long as it takes to read it. `true`: as far apart as they really were. */
  pace: 'told' | 'true';
  /** 2 = twice as fast. */
  speed: number;
  level: DetailLevel;
}

/** What a key asks for. */
export type Wish =
  | 'turn'
  | 'next'
  | 'back'
  | 'first'
  | 'last'
  | 'faster'
  | 'slower'
  | 'pace'
  | 'level'
  | 'suspend'
  | 'quit';

const TOLD_STEP_MS = 1600;
/** Where nothing happens for longer, nobody wants to wait: ms on the clock of who watches. */
const LONGEST_PAUSE_MS = 3000;
const SPEEDS = [0.001, 0.01, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16];
const LEVELS: readonly DetailLevel[] = ['story', 'calls', 'syscalls'];

/** How long the step that is shown stays, ms; undefined where it stays for good. */
export function pauseOf(state: PlayState, steps: readonly Pick<ToldStep, 'at'>[]): number | undefined {
  const here = steps[state.index];
  const next = steps[state.index + 1];
  if (!state.playing || !here || !next) return undefined;
  const real = state.pace === 'told' ? TOLD_STEP_MS : Math.max(0, next.at - here.at);
  return Math.min(LONGEST_PAUSE_MS, real / state.speed);
}

/** What becomes of the state by a wish; `count` is how many steps there are at its level. What stops the player is not seen to here. */
export function fulfil(state: PlayState, wish: Wish, count: number): PlayState {
  const at = (index: number) => ({
    ...state,
    index: Math.max(0, Math.min(count - 1, index)),
    playing: false,
  });
  if (wish === 'next') return at(state.index + 1);
  if (wish === 'back') return at(state.index - 1);
  if (wish === 'first') return at(0);
  if (wish === 'last') return at(count - 1);
  if (wish === 'turn') {
    const over = !state.playing && state.index >= count - 1;
    return { ...state, playing: !state.playing, index: over ? 0 : state.index };
  }
  if (wish === 'pace') return { ...state, pace: state.pace === 'told' ? 'true' : 'told' };
  if (wish === 'level')
    return { ...state, level: LEVELS[(LEVELS.indexOf(state.level) + 1) % LEVELS.length]! };
  if (wish === 'faster') return { ...state, speed: SPEEDS.find((one) => one > state.speed) ?? state.speed };
  if (wish === 'slower')
    return { ...state, speed: SPEEDS.findLast((one) => one < state.speed) ?? state.speed };
  return state;
}

/** The step after this one, when its time is over; at the last one the player stops. */
export function goneOn(state: PlayState, count: number): PlayState {
  const index = Math.min(count - 1, state.index + 1);
  return { ...state, index, playing: state.playing && index < count - 1 };
}
