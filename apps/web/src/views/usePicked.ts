import type { Timeline, ToldStep } from '@underdock/chain';
import type { Reference } from '@underdock/draw';
import { useMemo, useState } from 'react';
import type { ReadingSnapshot } from '../player/reading.ts';

/** What the reader has clicked on, beside the current step. */
export interface Picked {
  step: ToldStep | undefined;
  /** `position`: where the reader is about to be, when that is elsewhere. */
  pick(ref: Reference, position?: number): void;
  clear(): void;
}

/** The choice holds while the trace runs on by itself, and ends when the reader goes to another place. */
export function usePicked(snapshot: ReadingSnapshot): Picked {
  const { timeline, player } = snapshot;
  const [chosen, setChosen] = useState<{ ref: Reference; position: number }>();
  const moves = player.following || player.playing;
  const holds = chosen !== undefined && (moves || chosen.position === player.position);
  const ref = holds ? chosen.ref : undefined;
  const count = timeline?.events.length ?? 0;
  const step = useMemo(
    () => (ref && timeline ? findStep(timeline, ref, player.position) : undefined),
    [ref, timeline, count, player.position],
  );
  return {
    step,
    pick: (next, position = player.position) => setChosen({ ref: next, position }),
    clear: () => setChosen(undefined),
  };
}

/** The step that a reference means: at this level of detail, else among all there are. */
export function findStep(timeline: Timeline, ref: Reference, position: number): ToldStep | undefined {
  const fits = (step: ToldStep) => refersTo(step, ref);
  const all = timeline.withLevel('syscalls').steps;
  for (const steps of [timeline.steps, all]) {
    const told = steps.slice(0, stepsUpTo(steps, position)).reverse();
    const exact = told.find((step) => fits(step)) ?? inBundles(told, fits);
    if (exact) return exact;
  }
  return undefined;
}

function refersTo(step: ToldStep, ref: Reference): boolean {
  if (ref.span !== undefined) return step.span === ref.span && step.part !== 'answers';
  if (ref.seq !== undefined) {
    return step.event.seq === ref.seq || step.facts.some((fact) => fact.seq === ref.seq);
  }
  if (ref.actor !== undefined) return `${step.layer}/${step.actor}` === ref.actor;
  return ref.step !== undefined && step.step === ref.step;
}

function inBundles(steps: readonly ToldStep[], fits: (step: ToldStep) => boolean): ToldStep | undefined {
  for (const step of steps) {
    for (const member of step.members) if (fits(member)) return member;
  }
  return undefined;
}

function stepsUpTo(steps: readonly ToldStep[], position: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]!.position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
