import type { ChainState, Timeline } from '@underdock/chain';
import type { RunSummary } from '@underdock/trace';
import { type ReactNode, useMemo } from 'react';
import type { Reading, ReadingSnapshot } from '../player/reading.ts';
import { Caption } from './Caption.tsx';
import { Cards } from './Cards.tsx';
import { ContainerChoice } from './ContainerChoice.tsx';
import { Dive } from './Dive.tsx';
import { EvidenceCard } from './EvidenceCard.tsx';
import { ExportOver } from './export/ExportOver.tsx';
import { useExport } from './export/useExport.ts';
import { type GuideUse, useGuide } from './guide/useGuide.ts';
import { LayersOver } from './layers/LayersOver.tsx';
import { useDisk } from './layers/useDisk.ts';
import { Output } from './output/Output.tsx';
import { PlayerBar } from './PlayerBar.tsx';
import { Story } from './Story.tsx';
import { ShareOver } from './share/ShareOver.tsx';
import { useShare } from './share/useShare.ts';
import { TimelineCard } from './timeline/TimelineCard.tsx';
import { type TimelineUse, useTimelineView } from './timeline/useTimelineView.ts';
import { type Containers, useContainers } from './useContainers.ts';
import { type Flags, lineOfGauge, useFlags } from './useFlags.ts';
import { useMarkers } from './useMarkers.ts';
import { type Picked, usePicked } from './usePicked.ts';
import { useReadingKeys } from './useReadingKeys.ts';
import { useViews } from './useViews.ts';
import { sentenceOf } from './words.ts';

interface RunViewProps {
  reading: Reading;
  snapshot: ReadingSnapshot;
  run: RunSummary | undefined;
  runId: string | undefined;
  canDrive: boolean;
  /** The picture alone, large, for a room. */
  presenting: boolean;
  onPresent: () => void;
  /** What others have begun meanwhile. */
  news: ReactNode;
}

const NOBODY: ChainState['actors'] = [];

/** One run being read: story, dive, evidence, output and player. */
export function RunView(props: RunViewProps) {
  const { reading, snapshot, presenting } = props;
  const { steps, stepIndex } = snapshot;
  const picked = usePicked(snapshot);
  const flags = useFlags();
  const last = useLast(snapshot.timeline);
  const containers = useContainers(last, steps, stepIndex);
  const disk = useDisk(last, containers.shown);
  const timeline = useTimelineView({ reading, snapshot, picked }, last);
  const guide = useGuide(props.runId, reading, snapshot);
  useReadingKeys(reading, props.onPresent);
  useMarkers(reading, snapshot.timeline, last);
  useViews({ ...props, timeline, flags, disk });
  const goTo = (index: number) => {
    picked.clear();
    flags.close();
    reading.toIndex(index);
  };
  return (
    <div className={classOf(presenting, timeline.open)}>
      <Problem problem={snapshot.problem} />
      <Cards
        isTimeline={timeline.open && !presenting}
        story={
          <Story
            steps={steps}
            current={stepIndex}
            at={snapshot.state?.at ?? 0}
            containerOf={containers.nameOf}
            isFound={timeline.holds}
            notes={guide.notes}
            onPick={goTo}
          />
        }
        dive={<DiveCard {...props} {...{ picked, flags, last, containers, timeline, guide }} />}
        evidence={
          <EvidenceCard {...{ reading, snapshot, picked, flags, last, guide }} onLayers={disk.show} />
        }
      />
      <Spoken snapshot={snapshot} />
      <div className="news-place">{props.news}</div>
      <LayersOver disk={disk} snapshot={snapshot} canDrive={props.canDrive} />
      <Carried container={containers.shown} snapshot={snapshot} />
      {!presenting && (
        <PlayerBar {...{ reading, snapshot, timeline }} containers={containers.all} onPick={goTo} />
      )}
    </div>
  );
}

/** What carries the run, or its trace, elsewhere. */
function Carried({ container, snapshot }: { container: string | undefined; snapshot: ReadingSnapshot }) {
  const exporting = useExport(container);
  const sharing = useShare();
  return (
    <>
      <ExportOver view={exporting} snapshot={snapshot} />
      <ShareOver view={sharing} snapshot={snapshot} />
    </>
  );
}

/** For who hears the page: the current step, but not all those that a followed run makes. */
function Spoken({ snapshot: { steps, stepIndex, player } }: Pick<RunViewProps, 'snapshot'>) {
  const current = steps[stepIndex];
  return (
    <p className="sr-only" aria-live="polite">
      {current && !player.following ? sentenceOf(current) : ''}
    </p>
  );
}

function Problem({ problem }: Pick<ReadingSnapshot, 'problem'>) {
  return (
    problem && (
      <div className="notice" role="alert">
        <strong>{problem.message}</strong> {problem.remedy}
      </div>
    )
  );
}

function classOf(presenting: boolean, timeline: boolean): string {
  return ['run-view', presenting && 'is-presenting', timeline && !presenting && 'has-timeline']
    .filter(Boolean)
    .join(' ');
}

interface DiveCardProps extends RunViewProps {
  picked: Picked;
  flags: Flags;
  /** The state after all that is there so far. */
  last: ChainState | undefined;
  containers: Containers;
  timeline: TimelineUse;
  guide: GuideUse;
}

function DiveCard(props: DiveCardProps) {
  const { snapshot, picked, flags, presenting, last, containers } = props;
  const { timeline, steps, stepIndex } = snapshot;
  if (props.timeline.open && !presenting) {
    return <TimelineCard {...{ reading: props.reading, snapshot, last, picked }} use={props.timeline} />;
  }
  return (
    <>
      <ContainerChoice containers={containers} />
      <Dive
        state={snapshot.state}
        // All actors that there will be, so that boxes keep their places from the first picture on.
        actors={last?.actors ?? NOBODY}
        container={containers.shown}
        level={snapshot.level}
        selectedSpan={picked.step?.span}
        scale={presenting ? 1.6 : 1}
        onPick={(ref) => {
          props.guide.close();
          const line = lineOfGauge(ref, snapshot.state);
          if (line !== undefined) return flags.show(line);
          flags.close();
          picked.pick(ref);
        }}
      />
      {presenting ? (
        <Caption
          steps={steps}
          index={stepIndex}
          notes={props.guide.notes.get(stepIndex)}
          onLeave={props.onPresent}
        />
      ) : (
        <Output
          run={props.run}
          isFound={snapshot.state?.header.via === 'watch'}
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
