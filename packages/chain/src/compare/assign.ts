import type { TraceEvent } from '@underdock/trace';
import { object, text } from '../fields.ts';
import type { Call, ChainState } from '../state.ts';
import { ALL_THEIRS, ownAchievement } from './achievements.ts';
import type { Achievement } from './types.ts';

/** What each call of a trace is for, and each process that began. */
export interface Assignment {
  of(call: Call): Achievement;
  /** How many processes began for an achievement. */
  births: ReadonlyMap<Achievement, number>;
}

interface Place {
  achievement: Achievement;
  /** All that it causes is for the same. */
  closed: boolean;
}

/** Containers that hold a pod’s shared namespaces and no program of the user’s, as is told of them or noted in their config. */
export function sandboxesOf({ containers }: ChainState): ReadonlySet<string> {
  const kinds = ['io.kubernetes.cri.container-type', 'io.kubernetes.cri-o.ContainerType'];
  const isSandbox = (config: object) => {
    const annotations = object(config as Record<string, unknown>, 'annotations') ?? {};
    return kinds.some((kind) => text(annotations, kind) === 'sandbox');
  };
  const found = Object.values(containers).filter(
    ({ sandbox, config }) => sandbox !== undefined || (config && isSandbox(config)),
  );
  return new Set(found.map(({ id }) => id));
}

/** Says of each call which achievement it is for: by what it is, else by what asked for it. */
export function assign(state: ChainState, events: readonly TraceEvent[]): Assignment {
  const places = new Map<string, Place>();
  const sandboxes = sandboxesOf(state);
  const bySeq = new Map(events.map((event) => [event.seq, event]));
  const deadAt = lastDeath(state, sandboxes);
  for (const call of state.calls) {
    const parent = call.cause.map((span) => places.get(span)).find((place) => place);
    const own = ownAchievement(call);
    const found = lives(state, call, bySeq.get(call.beginSeq))
      ? 'process'
      : parent?.closed
        ? parent.achievement
        : (own ?? late(call, parent?.achievement ?? 'ordered', deadAt));
    const ofSandbox = sandboxes.has(call.container ?? '') && found !== 'cleanup';
    const achievement = ofSandbox ? 'sandbox' : found;
    const closed = ALL_THEIRS.has(achievement) || call.step === 'low-level/exec' || parent?.closed === true;
    places.set(call.key, { achievement, closed });
  }
  return {
    of: (call) => places.get(call.key)!.achievement,
    births: birthsOf(events, (span) => places.get(span)?.achievement, sandboxes),
  };
}

/** What a program in a container does, and that it becomes one. */
function lives(state: ChainState, call: Call, event: TraceEvent | undefined): boolean {
  if (call.layer !== 'kernel') return false;
  if ('actor' in call.from && call.from.actor.startsWith('process/')) return true;
  if (call.step !== 'kernel/execve' || event?.type !== 'log') return false;
  const picture = state.containers[call.container ?? state.container];
  const { init, aliveAt } = picture ?? {};
  return init !== undefined && event.actor.pid === init && aliveAt !== undefined && call.beginAt >= aliveAt;
}

/** What is asked on behalf of a process that is dead is part of the tidying up. */
function late({ layer, beginAt }: Call, inherited: Achievement, deadAt: number): Achievement {
  const asks = layer === 'client' || layer === 'engine' || layer === 'high-level';
  return asks && inherited === 'process' && beginAt > deadAt ? 'cleanup' : inherited;
}

function lastDeath({ containers }: ChainState, sandboxes: ReadonlySet<string>): number {
  const own = Object.values(containers).filter(
    ({ id, aliveAt }) => !sandboxes.has(id) && aliveAt !== undefined,
  );
  const deaths = own.map(({ deadAt }) => deadAt ?? Number.POSITIVE_INFINITY);
  return deaths.length > 0 ? Math.max(...deaths) : Number.POSITIVE_INFINITY;
}

/** A process begins with the first fact that shows it alive; a pid that has ended may begin anew. */
function birthsOf(
  events: readonly TraceEvent[],
  of: (span: string) => Achievement | undefined,
  sandboxes: ReadonlySet<string>,
): ReadonlyMap<Achievement, number> {
  const alive = new Set<unknown>();
  const births = new Map<Achievement, number>();
  for (const { step, data, span, cause = [], container } of events) {
    if (step !== 'process/has-process' || data.pid === undefined) continue;
    const ended = data.alive === false || data.gone === true;
    if (ended) alive.delete(data.pid);
    if (ended || alive.has(data.pid)) continue;
    alive.add(data.pid);
    const spans = span === undefined ? cause : [span, ...cause];
    const caused = spans.map(of).find((known) => known) ?? 'ordered';
    const achievement = sandboxes.has(container ?? '') && caused !== 'cleanup' ? 'sandbox' : caused;
    births.set(achievement, (births.get(achievement) ?? 0) + 1);
  }
  return births;
}
