import { useMemo } from 'react';
import type { Reading, ReadingSnapshot } from '../../player/reading.ts';
import { Dive } from '../Dive.tsx';
import { useContainers } from '../useContainers.ts';
import { useReadingKeys } from '../useReadingKeys.ts';
import { sentenceOf } from '../words.ts';

interface EmbedPlayerProps {
  reading: Reading;
  snapshot: ReadingSnapshot;
  /** No buttons: the page around moves it, or the keys. */
  isBare: boolean;
}

/** The picture, the sentence that belongs to it, and a few buttons. */
export function EmbedPlayer({ reading, snapshot, isBare }: EmbedPlayerProps) {
  const { timeline, steps, stepIndex, state, level, problem } = snapshot;
  const count = timeline?.events.length ?? 0;
  const last = useMemo(() => timeline?.stateAt(count), [timeline, count]);
  const containers = useContainers(last, steps, stepIndex);
  useReadingKeys(reading, () => {});
  const step = steps[stepIndex];
  return (
    <main className="embed">
      {problem && (
        <p className="embed-problem" role="alert">
          <strong>{problem.message}</strong> {problem.remedy}
        </p>
      )}
      <Dive
        state={state}
        actors={last?.actors ?? []}
        level={level}
        container={containers.shown}
        selectedSpan={undefined}
        scale={1}
        onPick={() => {}}
      />
      <div className="embed-foot">
        <p className="embed-words" aria-live="polite">
          {step ? sentenceOf(step) : 'Nothing has happened yet'}
        </p>
        {!isBare && <Bar {...{ reading, snapshot }} />}
      </div>
    </main>
  );
}

function Bar({ reading, snapshot }: Pick<EmbedPlayerProps, 'reading' | 'snapshot'>) {
  const { steps, stepIndex, player } = snapshot;
  const whole = wholePage();
  return (
    <nav className="embed-bar" aria-label="Player">
      <button type="button" aria-label="Step before" disabled={stepIndex <= 0} onClick={() => reading.back()}>
        ◀
      </button>
      <button type="button" onClick={() => reading.toggle()}>
        {player.playing ? 'Stay' : 'Play'}
      </button>
      <button
        type="button"
        aria-label="Next step"
        disabled={stepIndex >= steps.length - 1}
        onClick={() => reading.forward()}
      >
        ▶
      </button>
      <span className="embed-count">
        <strong>{stepIndex + 1}</strong> of {steps.length}
      </span>
      {whole && (
        <a href={whole} target="_blank" rel="noopener">
          Open whole
        </a>
      )}
    </nav>
  );
}

/** The page as such with the same trace, where its address names one. */
function wholePage(): string | undefined {
  const trace = new URL(location.href).searchParams.get('trace');
  return trace ? `./?trace=${encodeURIComponent(trace)}` : undefined;
}
