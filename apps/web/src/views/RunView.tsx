import type { ChainState, Timeline, ToldStep } from '@underdock/chain';
import type { RunSummary } from '@underdock/trace';
import { useMemo, useState } from 'react';
import type { Reading, ReadingSnapshot } from '../player/reading.ts';
import { asOf } from './asOf.ts';
import { Caption } from './Caption.tsx';
import { Cards } from './Cards.tsx';
import { Dive } from './Dive.tsx';
import { Evidence } from './evidence/Evidence.tsx';
import { FailureBar } from './FailureBar.tsx';
import { Held } from './Held.tsx';
import { Output } from './output/Output.tsx';
import { PlayerBar } from './PlayerBar.tsx';
import { Story } from './Story.tsx';
import { type Picked, usePicked } from './usePicked.ts';
import { useReadingKeys } from './useReadingKeys.ts';
import { sentenceOf } from './words.ts';

interface RunViewProps {
  reading: Reading;
  snapshot: ReadingSnapshot;
  run: RunSummary | undefined;
  canDrive: boolean;
}

const NOBODY: ChainState['actors'] = [];

/** One run being read: story, dive, evidence, output and player. */
export function RunView(props: RunViewProps) {
  const { reading, snapshot } = props;
  const { steps, stepIndex, player, problem } = snapshot;
  const [presenting, setPresenting] = useState(false);
  const picked = usePicked(snapshot);
  const present = () => setPresenting((before) => !before);
  useReadingKeys(reading, present);
  const current = steps[stepIndex];
  const goTo = (index: number) => {
    picked.clear();
    reading.toIndex(index);
  };
  return (
    <div className={presenting ? 'run-view is-presenting' : 'run-view'}>
      {problem && (
        <div className="notice" role="alert">
          <strong>{problem.message}</strong> {problem.remedy}
        </div>
      )}
      <Cards
        story={<Story steps={steps} current={stepIndex} at={snapshot.state?.at ?? 0} onPick={goTo} />}
        dive={<DiveCard {...props} picked={picked} presenting={presenting} onPresent={present} />}
        evidence={<EvidenceCard {...props} picked={picked} />}
      />
      <p className="sr-only" aria-live="polite">
        {current && !player.following ? sentenceOf(current) : ''}
      </p>
      {!presenting && <PlayerBar reading={reading} snapshot={snapshot} onPick={goTo} />}
    </div>
  );
}

function DiveCard(props: RunViewProps & { picked: Picked; presenting: boolean; onPresent: () => void }) {
  const { snapshot, picked, presenting } = props;
  const { timeline, steps, stepIndex } = snapshot;
  return (
    <>
      <Dive
        state={snapshot.state}
        // All actors that there will be, so that boxes keep their places from the first picture on.
        actors={useLast(timeline)?.actors ?? NOBODY}
        level={snapshot.level}
        selectedSpan={picked.step?.span}
        scale={presenting ? 1.6 : 1}
        onPick={picked.pick}
      />
      {presenting ? (
        <Caption steps={steps} index={stepIndex} onLeave={props.onPresent} />
      ) : (
        <Output
          run={props.run}
          events={timeline?.events ?? []}
          upTo={snapshot.player.position}
          canDrive={props.canDrive}
        />
      )}
    </>
  );
}

function EvidenceCard({ snapshot, picked, reading }: RunViewProps & { picked: Picked }) {
  const { state, steps, stepIndex } = snapshot;
  const chosen = picked.step ?? steps[stepIndex];
  const step = chosen && asOf(chosen, state?.at ?? 0);
  return (
    <>
      <FailureBar
        state={state}
        step={step}
        onShow={(key) => {
          picked.clear();
          // The answer tells the failure; the asking that it belongs to lies further up and does not know yet.
          const tells = (one: ToldStep) => (one.span ?? one.key) === key && one.part !== 'asks';
          if (!reading.toStep(tells)) picked.pick({ span: key });
        }}
      />
      {state?.held && <Held state={state} />}
      {picked.step && (
        <button type="button" className="quiet small" onClick={picked.clear}>
          Back to the current step
        </button>
      )}
      <Evidence step={step} state={state} last={useLast(snapshot.timeline)} onPick={picked.pick} />
    </>
  );
}

/** The state after all that is there so far. */
function useLast(timeline: Timeline | undefined) {
  const count = timeline?.events.length ?? 0;
  return useMemo(() => timeline?.stateAt(count), [timeline, count]);
}
