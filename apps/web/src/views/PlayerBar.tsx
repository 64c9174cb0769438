import type { ContainerPicture } from '@underdock/chain';
import { LEVELS } from '../player/address.ts';
import type { Reading, ReadingSnapshot } from '../player/reading.ts';
import { Chapters } from './Chapters.tsx';
import { CopyLink } from './CopyLink.tsx';
import { duration, instant } from './evidence/values.ts';
import { Lanes } from './Lanes.tsx';
import { PlayOptions } from './PlayOptions.tsx';
import { useLink } from './page.ts';
import type { TimelineUse } from './timeline/useTimelineView.ts';

/** Moves through the trace: steps, playing, following, level of detail, time, and the lanes. */
export function PlayerBar(props: {
  reading: Reading;
  snapshot: ReadingSnapshot;
  timeline: TimelineUse;
  containers: readonly ContainerPicture[];
  onPick: (index: number) => void;
}) {
  const { reading, snapshot } = props;
  const { steps, stepIndex, state, timeline } = snapshot;
  return (
    <section className="player" aria-label="Player">
      <div className="player-row">
        <Moves reading={reading} snapshot={snapshot} />
        <FollowState reading={reading} snapshot={snapshot} />
        <span className="spacer" />
        <LevelChoice reading={reading} snapshot={snapshot} />
        <button
          type="button"
          className="timeline-button"
          aria-pressed={props.timeline.open}
          onClick={props.timeline.toggle}
        >
          Timeline
        </button>
        <PlayOptions reading={reading} snapshot={snapshot} />
        <CopyLink />
        <output className="instant" aria-label="Instant of the trace">
          <strong>{instant(state?.at ?? 0)}</strong>{' '}
          <span className="wide-only">of {instant(timeline?.events.at(-1)?.at ?? 0)}</span>
        </output>
      </div>
      <Chapters
        markers={snapshot.markers}
        snapshot={snapshot}
        onGo={(position) => reading.toPosition(position)}
      />
      <Lanes steps={steps} current={stepIndex} containers={props.containers} onPick={props.onPick} />
    </section>
  );
}

function LevelChoice({ reading, snapshot }: MovesProps) {
  return (
    <fieldset className="segmented">
      <legend className="sr-only">Level of detail</legend>
      {LEVELS.map((level) => (
        <label key={level}>
          <input
            type="radio"
            name="level"
            checked={snapshot.level === level}
            onChange={() => reading.setLevel(level)}
          />
          <span>{level}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface MovesProps {
  reading: Reading;
  snapshot: ReadingSnapshot;
}

function Moves({ reading, snapshot }: MovesProps) {
  const { player, stepIndex, behind } = snapshot;
  const running = player.playing || player.following;
  return (
    <fieldset className="moves">
      <legend className="sr-only">Steps</legend>
      <button
        type="button"
        aria-label="To the beginning"
        onClick={() => reading.toStart()}
        disabled={player.position === 0}
      >
        <Icon d="M5 4v12M16 4v12l-8-6z" />
      </button>
      <button type="button" aria-label="Step back" onClick={() => reading.back()} disabled={stepIndex < 0}>
        <Icon d="M14 4v12l-9-6z" />
      </button>
      <button
        type="button"
        className="play"
        aria-label={running ? 'Stay here' : 'Play'}
        onClick={() => reading.toggle()}
        disabled={snapshot.steps.length === 0}
      >
        <Icon d={running ? 'M6 4h3v12H6zM11 4h3v12h-3z' : 'M6 3.5v13l10-6.5z'} />
      </button>
      <button type="button" aria-label="Step" onClick={() => reading.forward()} disabled={behind === 0}>
        <Icon d="M6 4v12l9-6z" />
      </button>
      {snapshot.markers.length > 0 && <MarkerMoves reading={reading} snapshot={snapshot} />}
    </fieldset>
  );
}

function MarkerMoves({ reading, snapshot: { player, markers, timeline } }: MovesProps) {
  const atEnd = player.position >= (timeline?.events.length ?? 0);
  return (
    <>
      <button
        type="button"
        aria-label={`Chapter before, of ${markers.length}`}
        disabled={player.position === 0}
        onClick={() => reading.toMark(-1)}
      >
        <Icon d="M3 4v12M10 4l-6 6 6 6M17 4l-6 6 6 6" isOpen />
      </button>
      <button
        type="button"
        aria-label={`Next chapter, of ${markers.length}`}
        disabled={atEnd}
        onClick={() => reading.toMark(1)}
      >
        <Icon d="M17 4v12M10 4l6 6-6 6M3 4l6 6-6 6" isOpen />
      </button>
    </>
  );
}

function FollowState({ reading, snapshot }: { reading: Reading; snapshot: ReadingSnapshot }) {
  const { player, behind, closed } = snapshot;
  const { state } = useLink();
  if (snapshot.shortened) {
    const { waitMs, leftOutMs } = snapshot.shortened;
    return (
      <span className="quiet-text" role="status">
        a wait of {duration(waitMs)}: {duration(leftOutMs)} left out
      </span>
    );
  }
  if (!closed && state !== 'connected') return <span className="quiet-text">agent away</span>;
  if (player.following && !closed)
    return <span className="live-word">{behind > 2 ? 'catching up' : 'live'}</span>;
  if (snapshot.steps.length === 0) return null;
  if (behind === 0) return <span className="quiet-text">{closed ? 'at the end' : 'live'}</span>;
  const steps = `${behind} ${behind === 1 ? 'step' : 'steps'}`;
  return (
    <button type="button" className="follow" onClick={() => reading.follow()}>
      {closed ? `${steps} left: go to the end` : `${steps} behind: follow`}
    </button>
  );
}

function Icon({ d, isOpen = false }: { d: string; isOpen?: boolean }) {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path
        d={d}
        fill={isOpen ? 'none' : 'currentColor'}
        stroke="currentColor"
        strokeWidth={isOpen ? 2 : 1}
        strokeLinejoin="round"
      />
    </svg>
  );
}
