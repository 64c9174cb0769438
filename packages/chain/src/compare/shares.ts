import { rpcMethod } from '../callName.ts';
import { text } from '../fields.ts';
import type { Call, ChainState } from '../state.ts';
import type { Assignment } from './assign.ts';
import type { Achievement } from './types.ts';

/** How a trace's time is shared out among what it achieves. */
export interface Shares {
  ms: ReadonlyMap<Achievement, number>;
  /** `at` of the first act, and of the last end, ms. */
  from: number;
  to: number;
}

interface Edge {
  at: number;
  seq: number;
  kind: 'begin' | 'end' | 'mark';
  achievement: Achievement;
  call: object;
  /** A runtime's act that achieves several things one after the other. */
  builds?: boolean;
  /** Done by a system call: inside a runtime it says what the time before it was for. */
  kernel?: boolean;
}

/**
 * Shares out all the time from the first act to the last: each moment counts for the act that was begun last and still goes
 * on; inside a runtime, whose calls are short and whose thinking is not seen, for what it does next. The shares sum up to the whole.
 */
export function sharesOf(state: ChainState, assignment: Assignment): Shares {
  const edges = edgesOf(state, assignment).sort((a, b) => a.at - b.at || a.seq - b.seq);
  const ms = new Map<Achievement, number>();
  const open: Edge[] = [];
  const first = edges[0]?.at ?? 0;
  let last = first;
  for (const edge of edges) {
    const passed = edge.at - last;
    if (passed > 0) {
      const whose = whoseTime(open.at(-1), edge);
      ms.set(whose, (ms.get(whose) ?? 0) + passed);
      last = edge.at;
    }
    if (edge.kind === 'begin') open.push(edge);
    if (edge.kind === 'end') remove(open, edge.call);
  }
  return { ms, from: first, to: last };
}

function whoseTime(innermost: Edge | undefined, next: Edge): Achievement {
  if (!innermost) return next.achievement;
  return innermost.builds && next.kernel && next.kind !== 'end' ? next.achievement : innermost.achievement;
}

function remove(open: Edge[], call: object): void {
  const index = open.findLastIndex((edge) => edge.call === call);
  if (index >= 0) open.splice(index, 1);
}

function edgesOf(state: ChainState, assignment: Assignment): Edge[] {
  const edges: Edge[] = [];
  for (const call of state.calls) {
    const achievement = assignment.of(call);
    const builds = call.step === 'low-level/create' || call.step === 'low-level/run';
    const base = { achievement, call, builds, kernel: call.layer === 'kernel' };
    const to = endOf(call, state);
    const seq = call.beginSeq;
    if (to === undefined) edges.push({ ...base, at: call.beginAt, seq, kind: 'mark' });
    else {
      edges.push({ ...base, at: call.beginAt, seq, kind: 'begin' });
      edges.push({ ...base, at: to, seq: call.endSeq ?? Number.POSITIVE_INFINITY, kind: 'end' });
    }
  }
  for (const picture of Object.values(state.containers)) {
    const { aliveAt, deadAt } = picture;
    if (aliveAt === undefined) continue;
    const base = { achievement: 'process', call: picture } as const;
    edges.push({ ...base, at: aliveAt, seq: 0, kind: 'begin' });
    edges.push({ ...base, at: deadAt ?? state.at, seq: Number.POSITIVE_INFINITY, kind: 'end' });
  }
  return edges;
}

const LISTENS = /\/(wait|attach|resize|events|Wait|Subscribe|GetContainerEvents)$/;

/** Whoever waits for something does nothing meanwhile; of what only the trace's closing ended, nobody knows how long it took. */
export function endOf(call: Call, state: ChainState): number | undefined {
  const asked = text(call.data, 'path') ?? rpcMethod(text(call.data, 'method') ?? '');
  const listens = LISTENS.test(asked) && call.layer !== 'kernel';
  if (call.leftOpen || listens || call.key !== call.span) return undefined;
  return call.endAt ?? state.at;
}
