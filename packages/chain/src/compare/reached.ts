import type { ContainerPicture } from '../container.ts';
import type { Call, ChainState } from '../state.ts';
import { ACHIEVEMENTS, type Achievement, type Cell, type Reason } from './types.ts';

/** What decides whether something was achieved. */
export interface Evidence {
  state: ChainState;
  picture: ContainerPicture;
  /** The acts for it, in order. */
  acts: readonly Call[];
  /** What the act that broke the chain was for. */
  brokeAt: Achievement | undefined;
  kernelBlind: boolean;
}

type Verdict = Pick<Cell, 'state' | 'reason'>;

const REACHED: Readonly<Record<Achievement, (evidence: Evidence) => boolean>> = {
  ordered: ({ acts }) => acts.length > 0,
  image: ({ picture, acts }) =>
    picture.layers.some(({ state }) => state === 'ready' || state === 'cached') ||
    acts.some((act) => act.endAt !== undefined && !act.failure && !act.leftOpen),
  filesystem: ({ state, picture, acts }) =>
    picture.snapshot !== undefined ||
    picture.mounts['/'] !== undefined ||
    hasEntered(state, picture) ||
    acts.some((act) => act.endAt !== undefined && !act.failure),
  sandbox: ({ acts }) => acts.length > 0,
  isolation: ({ picture }) =>
    Object.values(picture.namespaces).some(({ own }) => own) || picture.aliveAt !== undefined,
  limits: ({ picture, acts }) => Object.keys(picture.cgroupValues).length > 0 || acts.length > 0,
  process: ({ picture }) => picture.aliveAt !== undefined,
  cleanup: ({ picture }) => picture.life === 'gone' || picture.gone === true,
};

/** Whoever makes a folder the root of a container has found its files there: of who laid them out nothing may have been seen. */
function hasEntered(state: ChainState, { id }: ContainerPicture): boolean {
  return [...state.calls].some(
    ({ step, container, endAt, failure }) =>
      step === 'kernel/pivot-root' && container === id && endAt !== undefined && !failure,
  );
}

/** Whether an achievement of a trace was reached, and where not, why nothing tells of it: never a guess. */
export function verdictOf(achievement: Achievement, evidence: Evidence): Verdict {
  const { acts, brokeAt, picture, state } = evidence;
  if (brokeAt === achievement) return { state: 'failed' };
  if (REACHED[achievement](evidence)) {
    if (achievement === 'image' && wasThere(picture, acts)) return { state: 'reached', reason: 'was-there' };
    return acts.length > 0 ? { state: 'reached' } : { state: 'reached', reason: 'facts-alone' };
  }
  return { state: 'unseen', reason: reasonOf(achievement, evidence, brokeAt, state) };
}

function reasonOf(
  achievement: Achievement,
  { kernelBlind }: Evidence,
  brokeAt: Achievement | undefined,
  { finished }: ChainState,
): Reason {
  if (achievement === 'sandbox') return 'not-on-this-road';
  if (brokeAt && ACHIEVEMENTS.indexOf(brokeAt) < ACHIEVEMENTS.indexOf(achievement)) return 'broke-before';
  if (!finished) return 'not-so-far';
  const shownByKernel = achievement === 'isolation' || achievement === 'limits';
  return kernelBlind && shownByKernel ? 'not-watched' : 'no-evidence';
}

/** Every layer was kept from before, or the engine had the image already. */
function wasThere({ layers }: ContainerPicture, acts: readonly Call[]): boolean {
  if (layers.length > 0) return layers.every(({ state }) => state === 'cached');
  return acts.some(({ step, data }) => step === 'high-level/resolve-image' && data.cached === true);
}
