import { LAYERS, type Layer } from '@underdock/trace';
import type { ChainState, LayerTime } from './state.ts';

interface Edge {
  at: number;
  rank: number;
  by: 1 | -1;
}

/**
 * Time per layer up to the state's instant, in ms: a layer's time is its own while no deeper layer works, and waiting
 * while one does. Open acts count up to now.
 */
export function layerTimes(state: ChainState): Record<Layer, LayerTime> {
  const times = Object.fromEntries(LAYERS.map((layer) => [layer, { selfMs: 0, waitingMs: 0 }])) as Record<
    Layer,
    LayerTime
  >;
  const edges = edgesOf(state);
  const active = LAYERS.map(() => 0);
  let last = edges[0]?.at ?? 0;
  for (const edge of edges) {
    const passed = edge.at - last;
    if (passed > 0) spend(times, active, passed);
    last = edge.at;
    active[edge.rank]! += edge.by;
  }
  return times;
}

function spend(times: Record<Layer, LayerTime>, active: readonly number[], passed: number): void {
  const deepest = active.findLastIndex((count) => count > 0);
  for (let rank = 0; rank <= deepest; rank++) {
    if (active[rank] === 0) continue;
    const time = times[LAYERS[rank]!];
    if (rank === deepest) time.selfMs += passed;
    else time.waitingMs += passed;
  }
}

function edgesOf(state: ChainState): Edge[] {
  const edges: Edge[] = [];
  const add = (layer: Layer, from: number, to: number) => {
    if (to <= from) return;
    const rank = LAYERS.indexOf(layer);
    edges.push({ at: from, rank, by: 1 }, { at: to, rank, by: -1 });
  };
  for (const call of state.calls) add(call.layer, call.beginAt, call.endAt ?? state.at);
  for (const { aliveAt, deadAt } of Object.values(state.containers)) {
    if (aliveAt !== undefined) add('process', aliveAt, deadAt ?? state.at);
  }
  return edges.sort((a, b) => a.at - b.at || a.by - b.by);
}
