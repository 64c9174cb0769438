import type { ChainState, ToldStep } from '@underdock/chain';
import { type RefObject, useEffect, useRef } from 'react';
import type { Reading, ReadingSnapshot } from '../player/reading.ts';
import { asOf } from './asOf.ts';
import { Evidence } from './evidence/Evidence.tsx';
import { FlagList } from './evidence/FlagList.tsx';
import { FailureBar } from './FailureBar.tsx';
import { GuideCard } from './guide/GuideCard.tsx';
import type { GuideUse } from './guide/useGuide.ts';
import { Held } from './Held.tsx';
import { type Flags, useFlagLines } from './useFlags.ts';
import type { Picked } from './usePicked.ts';

interface EvidenceCardProps {
  reading: Reading;
  snapshot: ReadingSnapshot;
  picked: Picked;
  flags: Flags;
  guide: GuideUse;
  /** State at the end of what is known. */
  last: ChainState | undefined;
  /** Opens the layers on disk; absent while there are none. */
  onLayers: (() => void) | undefined;
}

/** What is behind the step that is shown, or the way of the run's flags. */
export function EvidenceCard(props: EvidenceCardProps) {
  const { flags, snapshot, guide } = props;
  const top = useRef<HTMLFieldSetElement>(null);
  // A step is read from its top, wherever the list of flags had been left.
  useEffect(() => {
    const card = top.current?.closest('.evidence-card');
    if (card && !flags.open) card.scrollTop = 0;
  }, [flags.open]);
  const shown = guide.open ? 'guide' : flags.open ? 'flags' : 'step';
  if (!snapshot.state) return <StepEvidence {...props} />;
  return (
    <>
      <Tools {...props} shown={shown} top={top} />
      {shown === 'guide' && <GuideCard use={guide} reading={props.reading} snapshot={snapshot} />}
      {shown === 'flags' && <AllFlags {...props} />}
      {shown === 'step' && <StepEvidence {...props} />}
    </>
  );
}

type Shown = 'step' | 'flags' | 'guide';

function Tools(props: EvidenceCardProps & { shown: Shown; top: RefObject<HTMLFieldSetElement | null> }) {
  const { flags, picked, guide, shown, top } = props;
  return (
    <div className="evidence-tools">
      <fieldset ref={top} className="segmented of-evidence">
        <legend className="sr-only">What is shown here</legend>
        <Choice
          words="This step"
          checked={shown === 'step'}
          onChoose={() => {
            flags.close();
            guide.close();
          }}
        />
        <Choice
          words="Flags"
          checked={shown === 'flags'}
          onChoose={() => {
            picked.clear();
            guide.close();
            flags.show();
          }}
        />
        <Choice words="Guide" checked={shown === 'guide'} onChoose={guide.show} />
      </fieldset>
      {props.onLayers && (
        <button
          type="button"
          className="small"
          aria-label="Layers on disk"
          title="Layers on disk"
          onClick={props.onLayers}
        >
          Layers
        </button>
      )}
    </div>
  );
}

function Choice({ words, checked, onChoose }: { words: string; checked: boolean; onChoose: () => void }) {
  return (
    <label>
      <input type="radio" name="evidence" checked={checked} onChange={onChoose} />
      <span>{words}</span>
    </label>
  );
}

function AllFlags({ snapshot, picked, flags }: EvidenceCardProps) {
  const lines = useFlagLines(snapshot.timeline, snapshot.state, snapshot.player.position);
  return (
    <FlagList
      lines={lines}
      flags={flags}
      onPick={(ref) => {
        picked.pick(ref);
        flags.close();
      }}
    />
  );
}

function StepEvidence({ snapshot, picked, reading, flags, last }: EvidenceCardProps) {
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
      {picked.step && <WayBack picked={picked} flags={flags} />}
      <Evidence step={step} state={state} last={last ?? state} onPick={picked.pick} />
    </>
  );
}

function WayBack({ picked, flags }: { picked: Picked; flags: Flags }) {
  return (
    <div className="way-back">
      {flags.chosen !== undefined && (
        <button type="button" className="quiet small" onClick={() => flags.show()}>
          Back to <span className="mono">{flags.chosen}</span>
        </button>
      )}
      <button type="button" className="quiet small" onClick={picked.clear}>
        Back to the current step
      </button>
    </div>
  );
}
