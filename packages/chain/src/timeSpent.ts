import { LAYERS, type Layer } from '@underdock/trace';
import { knownEnd } from './query.ts';
import type { ChainState, LayerTime } from './state.ts';

interface Edge {
  at: number;
  rank: number;
  by: 1 | -1;
}

/** How the time between two instants was spent; the layers' own times and `nobodyMs` add up to `wholeMs`. */
export interface TimeSpent {
  layers: Readonly<Record<Layer, LayerTime>>;
  /** While no layer was seen to work at anything. */
  nobodyMs: number;
  wholeMs: number;
}

/** Begins and ends of all acts of a trace and of the lives in its containers, sorted once for any number of questions. */
export class WorkEdges {
  readonly #edges: readonly Edge[];

  constructor(state: ChainState) {
    this.#edges = edgesOf(state);
  }

  /**
   * The time from `from` to `to`, ms of the trace: each moment is the own time of the deepest layer that works, and waiting
   * for every layer above it that has asked for something.
   */
  between(from: number, to: number): TimeSpent {
    const layers = noTimes();
    const active = LAYERS.map(() => 0);
    const wholeMs = Math.max(0, to - from);
    let last = from;
    let nobodyMs = wholeMs;
    for (const edge of this.#edges) {
      const until = Math.min(edge.at, to);
      if (until > last) {
        if (spend(layers, active, until - last)) nobodyMs -= until - last;
        last = until;
      }
      if (edge.at >= to) break;
      active[edge.rank]! += edge.by;
    }
    return { layers, nobodyMs: Math.max(0, nobodyMs), wholeMs };
  }
}

/**
 * Time per layer up to the state's instant, in ms: a layer's time is its own while no deeper layer works, and waiting
 * while one does. Open acts count up to now; of those that the trace’s closing ended, see knownEnd.
 */
export function layerTimes(state: ChainState): Readonly<Record<Layer, LayerTime>> {
  return new WorkEdges(state).between(0, state.at).layers;
}

function noTimes(): Record<Layer, LayerTime> {
  return Object.fromEntries(LAYERS.map((layer) => [layer, { selfMs: 0, waitingMs: 0 }])) as Record<
    Layer,
    LayerTime
  >;
}

/** Whether anybody worked. */
function spend(times: Record<Layer, LayerTime>, active: readonly number[], passed: number): boolean {
  const deepest = active.findLastIndex((count) => count > 0);
  for (let rank = 0; rank <= deepest; rank++) {
    if (active[rank] === 0) continue;
    const time = times[LAYERS[rank]!];
    if (rank === deepest) time.selfMs += passed;
    else time.waitingMs += passed;
  }
  return deepest >= 0;
}

function edgesOf(state: ChainState): Edge[] {
  const edges: Edge[] = [];
  const add = (layer: Layer, from: number, to: number) => {
    if (to <= from) return;
    const rank = LAYERS.indexOf(layer);
    edges.push({ at: from, rank, by: 1 }, { at: to, rank, by: -1 });
  };
  for (const call of state.calls) add(call.layer, call.beginAt, knownEnd(state, call));
  for (const { aliveAt, deadAt } of Object.values(state.containers)) {
    if (aliveAt !== undefined) add('process', aliveAt, deadAt ?? state.at);
  }
  return edges.sort((a, b) => a.at - b.at || a.by - b.by);
}
