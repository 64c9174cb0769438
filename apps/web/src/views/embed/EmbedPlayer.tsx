import { useMemo } from 'react';
import { withPlace } from '../../player/address.ts';
import type { Reading, ReadingSnapshot } from '../../player/reading.ts';
import { Dive } from '../Dive.tsx';
import { useGuide } from '../guide/useGuide.ts';
import { useContainers } from '../useContainers.ts';
import { useReadingKeys } from '../useReadingKeys.ts';
import { sentenceOf } from '../words.ts';

interface EmbedPlayerProps {
  run: string;
  reading: Reading;
  snapshot: ReadingSnapshot;
  /** No buttons: the page around moves it, or the keys. */
  isBare: boolean;
}

/** The picture, the sentence that belongs to it, and a few buttons. */
export function EmbedPlayer({ run, reading, snapshot, isBare }: EmbedPlayerProps) {
  const { timeline, steps, stepIndex, state, level, problem } = snapshot;
  const count = timeline?.events.length ?? 0;
  const last = useMemo(() => timeline?.stateAt(count), [timeline, count]);
  const containers = useContainers(last, steps, stepIndex);
  const { notes } = useGuide(run, reading, snapshot);
  useReadingKeys(reading, () => {});
  const step = steps[stepIndex];
  // What a teacher says at this step stands in place of its own sentence.
  const said = notes
    .get(stepIndex)
    ?.flatMap(({ text }) => text ?? [])
    .join('\n');
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
          {said || (step ? sentenceOf(step) : 'Nothing has happened yet')}
        </p>
        {!isBare && <Bar {...{ reading, snapshot }} />}
      </div>
    </main>
  );
}

function Bar({ reading, snapshot }: Pick<EmbedPlayerProps, 'reading' | 'snapshot'>) {
  const { steps, stepIndex, player, level } = snapshot;
  const whole = wholePage(withPlace('', { step: stepIndex + 1, level }));
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

/** The page as such with the same trace and guide at the same place, where its address names a trace. */
function wholePage(place: string): string | undefined {
  const given = new URL(location.href).searchParams;
  const kept = new URLSearchParams(
    ['trace', 'guide'].flatMap((name) => given.getAll(name).map((value) => [name, value])),
  );
  return kept.has('trace') ? `./?${kept}${place}` : undefined;
}
