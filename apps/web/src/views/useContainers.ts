import {
  type ChainState,
  type ContainerPicture,
  containersOf,
  containerTitle,
  type ToldStep,
} from '@underdock/chain';
import { useMemo, useState } from 'react';

/** The containers of a trace, and the one that the picture shows. */
export interface Containers {
  /** In order of appearance, as far as the trace goes. */
  all: readonly ContainerPicture[];
  shown: string | undefined;
  /** The one that the reader has chosen; undefined = the picture goes with the story. */
  chosen: string | undefined;
  choose(id: string | undefined): void;
  /** What the container of a step is called, where the trace has several. */
  nameOf(step: ToldStep): string | undefined;
}

/** The picture goes with the container that the story is about, until the reader chooses one. */
export function useContainers(
  last: ChainState | undefined,
  steps: readonly ToldStep[],
  stepIndex: number,
): Containers {
  const [chosen, choose] = useState<string>();
  const all = useMemo(() => (last ? containersOf(last) : []), [last]);
  const told = useMemo(() => containerAt(steps, stepIndex), [steps, stepIndex]);
  const titles = useMemo(() => new Map(all.map((one) => [one.id, containerTitle(one)])), [all]);
  const nameOf = (step: ToldStep) => (all.length > 1 ? titles.get(step.event.container ?? '') : undefined);
  return { all, shown: chosen ?? told, chosen, choose, nameOf };
}

/** The container of the step, or of the nearest one before it that is about any. */
function containerAt(steps: readonly ToldStep[], index: number): string | undefined {
  for (let i = Math.min(index, steps.length - 1); i >= 0; i--) {
    const { container } = steps[i]!.event;
    if (container !== undefined) return container;
  }
  return undefined;
}
