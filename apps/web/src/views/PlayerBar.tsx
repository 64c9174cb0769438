import type { ContainerPicture } from '@underdock/chain';
import type { DetailLevel } from '@underdock/trace';
import type { Pace } from '../player/player.ts';
import type { Reading, ReadingSnapshot } from '../player/reading.ts';
import { instant } from './evidence/values.ts';
import { Lanes } from './Lanes.tsx';
import { useLink } from './page.ts';
import type { TimelineUse } from './timeline/useTimelineView.ts';

const LEVELS: readonly DetailLevel[] = ['story', 'calls', 'syscalls'];

/** Moves through the trace: steps, playing, following, level of detail, time, and the lanes. */
export function PlayerBar(props: {
  reading: Reading;
  snapshot: ReadingSnapshot;
  timeline: TimelineUse;
  containers: readonly ContainerPicture[];
  onPick: (index: number) => void;
}) {
  const { reading, snapshot } = props;
  const { steps, stepIndex, player, state, timeline } = snapshot;
  return (
    <section className="player" aria-label="Player">
      <div className="player-row">
        <Moves reading={reading} snapshot={snapshot} />
        <FollowState reading={reading} snapshot={snapshot} />
        <span className="spacer" />
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
        <button
          type="button"
          className="timeline-button"
          aria-pressed={props.timeline.open}
          onClick={props.timeline.toggle}
        >
          Timeline
        </button>
        <PaceChoice pace={player.pace} speed={player.speed} onChange={(p, s) => reading.setPace(p, s)} />
        <output className="instant" aria-label="Instant of the trace">
          <strong>{instant(state?.at ?? 0)}</strong>{' '}
          <span className="wide-only">of {instant(timeline?.events.at(-1)?.at ?? 0)}</span>
        </output>
      </div>
      <Lanes steps={steps} current={stepIndex} containers={props.containers} onPick={props.onPick} />
    </section>
  );
}

function Moves({ reading, snapshot }: { reading: Reading; snapshot: ReadingSnapshot }) {
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
    </fieldset>
  );
}

function FollowState({ reading, snapshot }: { reading: Reading; snapshot: ReadingSnapshot }) {
  const { player, behind, closed } = snapshot;
  const { state } = useLink();
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

const PACES: readonly { key: string; label: string; pace: Pace; speed: number }[] = [
  { key: 'told/0.5', label: 'told time, slow', pace: 'told', speed: 0.5 },
  { key: 'told/1', label: 'told time', pace: 'told', speed: 1 },
  { key: 'told/2', label: 'told time, fast', pace: 'told', speed: 2 },
  { key: 'true/1', label: 'true time', pace: 'true', speed: 1 },
  { key: 'true/0.1', label: 'true time, 10 × slower', pace: 'true', speed: 0.1 },
  { key: 'true/0.01', label: 'true time, 100 × slower', pace: 'true', speed: 0.01 },
];

function PaceChoice(props: { pace: Pace; speed: number; onChange: (pace: Pace, speed: number) => void }) {
  return (
    <select
      aria-label="How time passes while playing"
      value={`${props.pace}/${props.speed}`}
      onChange={(event) => {
        const chosen = PACES.find((one) => one.key === event.target.value);
        if (chosen) props.onChange(chosen.pace, chosen.speed);
      }}
    >
      {PACES.map((one) => (
        <option key={one.key} value={one.key}>
          {one.label}
        </option>
      ))}
    </select>
  );
}

function Icon({ d }: { d: string }) {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d={d} fill="currentColor" stroke="currentColor" strokeLinejoin="round" />
    </svg>
  );
}
