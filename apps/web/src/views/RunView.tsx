import type { ChainState, Timeline } from '@underdock/chain';
import type { RunSummary } from '@underdock/trace';
import { useMemo, useState } from 'react';
import type { Reading, ReadingSnapshot } from '../player/reading.ts';
import { Caption } from './Caption.tsx';
import { Cards } from './Cards.tsx';
import { Dive } from './Dive.tsx';
import { EvidenceCard } from './EvidenceCard.tsx';
import { Output } from './output/Output.tsx';
import { PlayerBar } from './PlayerBar.tsx';
import { Story } from './Story.tsx';
import { type Flags, lineOfGauge, useFlags } from './useFlags.ts';
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
  const flags = useFlags();
  const present = () => setPresenting((before) => !before);
  useReadingKeys(reading, present);
  const current = steps[stepIndex];
  const goTo = (index: number) => {
    picked.clear();
    flags.close();
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
        dive={
          <DiveCard {...props} picked={picked} flags={flags} presenting={presenting} onPresent={present} />
        }
        evidence={
          <EvidenceCard
            reading={reading}
            snapshot={snapshot}
            picked={picked}
            flags={flags}
            last={useLast(snapshot.timeline)}
          />
        }
      />
      <p className="sr-only" aria-live="polite">
        {current && !player.following ? sentenceOf(current) : ''}
      </p>
      {!presenting && <PlayerBar reading={reading} snapshot={snapshot} onPick={goTo} />}
    </div>
  );
}

function DiveCard(
  props: RunViewProps & { picked: Picked; flags: Flags; presenting: boolean; onPresent: () => void },
) {
  const { snapshot, picked, flags, presenting } = props;
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
        onPick={(ref) => {
          const line = lineOfGauge(ref, snapshot.state);
          if (line !== undefined) return flags.show(line);
          flags.close();
          picked.pick(ref);
        }}
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

/** The state after all that is there so far. */
function useLast(timeline: Timeline | undefined) {
  const count = timeline?.events.length ?? 0;
  return useMemo(() => timeline?.stateAt(count), [timeline, count]);
}
