import { useEffect, useRef } from 'react';
import { LONGEST_WAIT_MS, type Pace } from '../player/player.ts';
import type { Reading, ReadingSnapshot } from '../player/reading.ts';
import { useKeys } from './useKeys.ts';

const PACES: readonly { pace: Pace; speed: number; words: string; short: string }[] = [
  { pace: 'told', speed: 0.5, words: 'told time, slow', short: 'told time, slow' },
  { pace: 'told', speed: 1, words: 'told time: each step as long as it takes to read', short: 'told time' },
  { pace: 'told', speed: 2, words: 'told time, fast', short: 'told time, fast' },
  { pace: 'told', speed: 5, words: 'told time, very fast', short: 'told time, 5 ×' },
  { pace: 'true', speed: 0.01, words: 'true time, 100 × slower', short: 'true time ÷ 100' },
  { pace: 'true', speed: 0.1, words: 'true time, 10 × slower', short: 'true time ÷ 10' },
  { pace: 'true', speed: 1, words: 'true time: as long as it took', short: 'true time' },
  { pace: 'true', speed: 10, words: 'true time, 10 × faster', short: 'true time × 10' },
];

/** How playing goes on: by which time, how fast, past waits and markers, and a way to any step. */
export function PlayOptions({ reading, snapshot }: { reading: Reading; snapshot: ReadingSnapshot }) {
  const { player } = snapshot;
  const box = useBox();
  const index = PACES.findIndex(({ pace, speed }) => pace === player.pace && speed === player.speed);
  const setPace = (at: number) => {
    const chosen = PACES[at];
    if (chosen) reading.setPace(chosen.pace, chosen.speed);
  };
  const stopsAtMarks = () => reading.setHabits({ stopsAtMarks: !player.stopsAtMarks });
  useKeys({
    '.': () => setPace(Math.min(PACES.length - 1, index + 1)),
    ',': () => setPace(Math.max(0, index - 1)),
    m: stopsAtMarks,
    j: () => {
      box.current!.open = true;
      const field = box.current!.querySelector<HTMLInputElement>('[type=number]');
      field?.focus();
      field?.select();
    },
  });
  return (
    <details className="play-options" ref={box}>
      <summary>
        {PACES[index]?.short ?? 'playing'}
        {player.stopsAtMarks && ', by chapters'}
      </summary>
      <div className="play-panel">
        <PaceList index={index} onSet={setPace} />
        <label>
          <input
            type="checkbox"
            checked={player.longestWaitMs !== undefined}
            onChange={({ target }) =>
              reading.setHabits({ longestWaitMs: target.checked ? LONGEST_WAIT_MS : undefined })
            }
          />{' '}
          in true time, wait no longer than {LONGEST_WAIT_MS / 1000} s
        </label>
        <label>
          <input type="checkbox" checked={player.stopsAtMarks} onChange={stopsAtMarks} /> stop at each chapter
        </label>
        <StepField reading={reading} snapshot={snapshot} />
      </div>
    </details>
  );
}

function PaceList({ index, onSet }: { index: number; onSet: (at: number) => void }) {
  return (
    <fieldset>
      <legend>How time passes while playing</legend>
      {PACES.map(({ words }, at) => (
        <label key={words}>
          <input type="radio" name="pace" checked={at === index} onChange={() => onSet(at)} /> {words}
        </label>
      ))}
    </fieldset>
  );
}

function StepField({ reading, snapshot: { steps, stepIndex, player } }: Parameters<typeof PlayOptions>[0]) {
  return (
    <label className="step-field">
      jump to step{' '}
      <input
        type="number"
        min={0}
        max={steps.length}
        key={stepIndex}
        defaultValue={stepIndex + 1}
        // What plays on would take the field away from who types.
        onFocus={() => {
          if (player.playing || player.following) reading.toggle();
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          const step = event.currentTarget.valueAsNumber;
          if (Number.isInteger(step)) reading.toPlace({ step: Math.max(0, step) });
        }}
      />{' '}
      of {steps.length}
    </label>
  );
}

/** Closes with Escape, and with a click elsewhere. */
function useBox() {
  const box = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const onPointer = (event: Event) => {
      if (box.current?.open && !box.current.contains(event.target as Node)) box.current.open = false;
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !box.current?.open) return;
      box.current.open = false;
      box.current.querySelector('summary')?.focus();
      event.preventDefault();
    };
    addEventListener('pointerdown', onPointer);
    addEventListener('keydown', onKey, true);
    return () => {
      removeEventListener('pointerdown', onPointer);
      removeEventListener('keydown', onKey, true);
    };
  }, []);
  return box;
}
