import { notesOf } from '@underdock/chain';
import { type Guide, type GuideNote, newGuide } from '@underdock/trace';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { Reading, ReadingSnapshot } from '../../player/reading.ts';
import { SourceError } from '../../source/error.ts';
import { containedGuide, givenGuide, keepGuide, keptGuide, takeDropped } from '../../source/guideFile.ts';
import { isOpened } from '../../source/openedTraces.ts';
import { useLink, usePage } from '../page.ts';
import { useKeys } from '../useKeys.ts';

/** How the trace that is read is told, and how to tell it otherwise. */
export interface GuideUse {
  guide: Guide | undefined;
  /** It is being written, in place of the evidence. */
  open: boolean;
  show(): void;
  close(): void;
  /** The notes by the index of their step. */
  notes: ReadonlyMap<number, GuideNote[]>;
  /** It was changed in this browser and lies nowhere else yet. */
  isOwn: boolean;
  problem: { message: string; remedy?: string | undefined } | undefined;
  change(make: (guide: Guide) => Guide): void;
  /** Back to the guide as it was given; to none where there was none. */
  discard(): void;
  /** Puts it beside the trace, for everybody who opens it; absent where that is not possible. */
  save: (() => void) | undefined;
}

type Problem = GuideUse['problem'];

const NO_NOTES: readonly GuideNote[] = [];

/** The guide to the trace that is read: begun in this browser, in the page, named by its address, or beside the trace. */
export function useGuide(run: string | undefined, reading: Reading, snapshot: ReadingSnapshot): GuideUse {
  const trace = snapshot.timeline?.stateAt(0).header.id;
  const { guide, timeline, steps } = snapshot;
  const given = useGiven(run, trace);
  const [open, setOpen] = useState(false);
  const [isOwn, setOwn] = useState(false);
  const [failed, setFailed] = useState<Problem>();
  const put = useCallback(
    (next: Guide | undefined, own: boolean) => {
      reading.setGuide(next);
      setOwn(own);
      if (trace !== undefined) keepGuide(trace, own ? next : undefined);
    },
    [reading, trace],
  );
  useEffect(() => {
    if (trace === undefined) return;
    const kept = keptGuide(trace);
    reading.setGuide(kept ?? given.guide);
    setOwn(kept !== undefined);
  }, [reading, trace, given.guide]);
  useEffect(() => takeDropped(trace, (dropped) => put(dropped, true), setFailed), [trace, put]);
  useKeys({ g: () => setOpen((before) => !before) });
  const saving = useSaving(run, trace, guide, () => {
    given.setGuide(guide);
    put(guide, false);
  });
  const notes = useMemo(
    () =>
      notesOf(
        { steps, events: timeline?.events ?? [], start: timeline?.start ?? 0 },
        guide?.notes ?? NO_NOTES,
      ),
    [steps, timeline, guide],
  );
  return {
    ...{ guide, notes, isOwn, open },
    show: () => setOpen(true),
    close: () => setOpen(false),
    problem: failed ?? saving.problem ?? given.problem,
    change: (make) => trace !== undefined && put(make(guide ?? newGuide(trace)), true),
    discard: () => put(given.guide, false),
    save: isOwn ? saving.save : undefined,
  };
}

/** The guide that comes with the page, its address or the trace. One to another trace is refused in words. */
function useGiven(run: string | undefined, trace: string | undefined) {
  const { http } = usePage();
  const { state } = useLink();
  const [guide, setGuide] = useState<Guide>();
  const [problem, setProblem] = useState<Problem>();
  const isAgents = run !== undefined && !isOpened(run) && state === 'connected';
  // Another trace has another guide.
  useEffect(() => setGuide(undefined), [trace]);
  useEffect(() => {
    if (trace === undefined) return;
    let isGone = false;
    setProblem(undefined);
    // While the agent is away, what it has told before still holds.
    look(isAgents ? () => http.guide(trace) : undefined)
      .then((found) => {
        if (isGone || !found) return;
        if (found.trace === trace) setGuide(found);
        else setProblem({ message: 'The guide that came with this page is to another trace.' });
      })
      .catch((error: unknown) => !isGone && setProblem(problemOf(error)));
    return () => {
      isGone = true;
    };
  }, [http, trace, isAgents]);
  return { guide, setGuide, problem };
}

async function look(beside: (() => Promise<Guide | undefined>) | undefined): Promise<Guide | undefined> {
  return containedGuide(document) ?? (await givenGuide(new URL(location.href))) ?? (await beside?.());
}

function useSaving(
  run: string | undefined,
  trace: string | undefined,
  guide: Guide | undefined,
  onSaved: () => void,
) {
  const { http } = usePage();
  const { role, state } = useLink();
  const [problem, setProblem] = useState<Problem>();
  const canSave = run !== undefined && !isOpened(run) && role === 'drive' && state === 'connected';
  const save = async () => {
    setProblem(undefined);
    try {
      await http.saveGuide(trace ?? '', guide);
      onSaved();
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  return { problem, save: canSave && trace !== undefined ? () => void save() : undefined };
}

function problemOf(error: unknown): Problem {
  if (error instanceof SourceError) return { message: error.message, remedy: error.remedy };
  return { message: error instanceof Error ? error.message : String(error) };
}
