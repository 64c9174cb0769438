import { useCallback, useEffect, useRef, useState } from 'react';
import type { EmbedOptions } from '../../embed/embedOptions.ts';
import type { ToFrame } from '../../embed/messages.ts';
import type { Reading, ReadingSnapshot } from '../../player/reading.ts';
import { RunView } from '../RunView.tsx';
import { useReading } from '../useReading.ts';
import { sentenceOf } from '../words.ts';
import { EmbedPlayer } from './EmbedPlayer.tsx';
import { type TellParent, useEmbeddedRun, useEmbedTheme, useParent } from './useEmbed.ts';

/** One recorded run inside of somebody else’s page. */
export default function EmbedView({ options }: { options: EmbedOptions }) {
  const [look, setLook] = useState(options);
  const { run, bring } = useEmbeddedRun();
  const { reading, snapshot } = useReading(run, false);
  const current = useRef(reading);
  current.current = reading;
  const onMessage = useCallback(
    (message: ToFrame) => {
      if (message.type === 'trace') bring(message.name, message.bytes);
      else if (message.type === 'move') move(current.current, message.to);
      else {
        const { controls, theme, level, step } = message;
        setLook((before) => ({ ...before, ...(controls && { controls }), ...(theme && { theme }) }));
        if (current.current) show(current.current, { level, step });
      }
    },
    [bring],
  );
  const tell = useParent(options.parent, onMessage);
  useEmbedTheme(look.theme);
  useEffect(() => tell({ underdock: 1, type: 'loaded' }), [tell]);
  useStart(reading, snapshot, options, tell);
  useTold(snapshot, tell);
  if (!reading || !snapshot || !run) return <p className="embed-wait">Waiting for the trace …</p>;
  if (look.controls === 'full') {
    const shown = { runId: run, run: undefined, canDrive: false, presenting: false, news: null };
    return (
      <div className="page">
        <RunView {...shown} {...{ reading, snapshot }} onPresent={() => {}} />
      </div>
    );
  }
  return <EmbedPlayer {...{ run, reading, snapshot }} isBare={look.controls === 'none'} />;
}

function move(reading: Reading | undefined, to: 'next' | 'previous' | 'play' | 'pause'): void {
  if (!reading) return;
  const { playing } = reading.snapshot().player;
  if (to === 'next') reading.forward();
  else if (to === 'previous') reading.back();
  else if (playing !== (to === 'play')) reading.toggle();
}

function show(reading: Reading, { level, step }: Partial<Pick<EmbedOptions, 'level' | 'step'>>): void {
  if (level && level !== reading.snapshot().level) reading.setLevel(level);
  if (step !== undefined) reading.toIndex(Math.min(step, reading.snapshot().steps.length) - 1);
}

/** Goes where the address says once all of the trace is there. */
function useStart(
  reading: Reading | undefined,
  snapshot: ReadingSnapshot | undefined,
  options: EmbedOptions,
  tell: TellParent,
): void {
  const isReady = snapshot?.closed === true && snapshot.timeline !== undefined;
  const problem = snapshot?.problem?.message;
  useEffect(() => {
    if (!reading || !isReady) return;
    show(reading, options);
    const { steps, state } = reading.snapshot();
    tell({ underdock: 1, type: 'ready', title: state?.header.title ?? '', steps: steps.length });
    // Nothing moves by itself for whoever has asked for that.
    if (options.autoplay && !matchMedia('(prefers-reduced-motion: reduce)').matches) move(reading, 'play');
  }, [reading, isReady, options, tell]);
  useEffect(() => {
    if (problem) tell({ underdock: 1, type: 'problem', message: problem });
  }, [problem, tell]);
}

/** Tells each step that is shown, and the end. */
function useTold(snapshot: ReadingSnapshot | undefined, tell: TellParent): void {
  const { steps = [], stepIndex = -1, level = 'story', closed = false } = snapshot ?? {};
  const step = steps[stepIndex];
  const text = step ? sentenceOf(step) : '';
  const count = steps.length;
  useEffect(() => {
    if (!closed || stepIndex < 0) return;
    tell({ underdock: 1, type: 'step', step: stepIndex + 1, steps: count, level, text });
    if (stepIndex === count - 1) tell({ underdock: 1, type: 'ended' });
  }, [closed, stepIndex, count, level, text, tell]);
}
