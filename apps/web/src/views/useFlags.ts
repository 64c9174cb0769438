import {
  bearsOnFlags,
  type ChainState,
  containerOf,
  type FlagName,
  gaugesOf,
  type ProvenanceLine,
  provenanceOf,
  type Timeline,
} from '@underdock/chain';
import type { Reference } from '@underdock/draw';
import { useMemo, useState } from 'react';

/** The list of the run's flags, and which of them is followed from the command to the kernel. */
export interface Flags {
  /** The list stands in place of the step's evidence. */
  open: boolean;
  /** Title of the line that is unfolded. */
  chosen: string | undefined;
  show(title?: string): void;
  choose(title: string | undefined): void;
  /** Back to the step's evidence; what is unfolded stays so. */
  close(): void;
}

/** Keeps what the reader has open. */
export function useFlags(): Flags {
  const [open, setOpen] = useState(false);
  const [chosen, choose] = useState<string>();
  return {
    open,
    chosen,
    show: (title) => {
      setOpen(true);
      if (title !== undefined) choose(title);
    },
    choose,
    close: () => setOpen(false),
  };
}

/** The lines of the container that is drawn, as far as the run has come at `position`. */
export function useFlagLines(
  timeline: Timeline | undefined,
  state: ChainState | undefined,
  position: number,
): readonly ProvenanceLine[] {
  const count = timeline?.events.length ?? 0;
  const bearing = useMemo(
    () =>
      (timeline?.events ?? [])
        .map((event, index) => ({ event, index }))
        .filter(({ event }) => bearsOnFlags(event)),
    [timeline, count],
  );
  const upTo = bearing.filter(({ index }) => index < position).length;
  const header = state?.header;
  const container = state?.container;
  return useMemo(() => {
    if (!header) return [];
    const events = bearing.slice(0, upTo).map(({ event }) => event);
    return provenanceOf(header, events, { container });
  }, [header, bearing, upTo, container]);
}

const OF_GAUGE: Readonly<Record<string, FlagName>> = { memory: 'memory', cpu: 'cpus', pids: 'pids' };
const TITLES: Readonly<Partial<Record<FlagName, string>>> = {
  memory: '--memory',
  cpus: '--cpus',
  pids: '--pids-limit',
};

/** The line that a click on one of the gauges asks for; undefined for a click on anything else. */
export function lineOfGauge(ref: Reference, state: ChainState | undefined): string | undefined {
  if (!state || ref.step !== 'kernel/has-cgroup-value' || ref.seq === undefined) return undefined;
  const gauge = gaugesOf(containerOf(state)).find(({ value }) => value?.seq === ref.seq);
  return gauge && TITLES[OF_GAUGE[gauge.meaning]!];
}
