import type { Comparison } from '@underdock/chain';
import { COUNT_CAVEAT, differenceSentence, imageSentence, SHARE_CAVEAT, TIME_CAVEAT } from '@underdock/story';
import { useEffect, useRef } from 'react';
import type { ComparedSource } from '../../player/comparing.ts';
import { useKeys } from '../useKeys.ts';
import { CompareTable } from './CompareTable.tsx';
import { DiffTabs } from './DiffTabs.tsx';
import { useComparing } from './useComparing.ts';

interface CompareViewProps {
  ids: readonly string[];
  /** Shows one of the runs by itself. */
  onShow: (id: string) => void;
  onChoose: () => void;
  onClose: () => void;
}

/** Two to four traces side by side, by what they achieve; it follows those that still grow. */
export default function CompareView(props: CompareViewProps) {
  const snapshot = useComparing(props.ids);
  const main = useRef<HTMLElement>(null);
  useKeys({ Escape: props.onClose });
  useEffect(() => main.current?.focus(), []);
  const comparison = snapshot?.comparison;
  return (
    <main className="compare" id="main" tabIndex={-1} ref={main} aria-label="Comparison">
      <header className="compare-head">
        <div>
          <h2>{comparison ? differenceSentence(comparison) : 'Comparing'}</h2>
          {comparison && <p>{imageSentence(comparison.image)}</p>}
        </div>
        <button type="button" onClick={props.onChoose}>
          Choose others
        </button>
        <button type="button" onClick={props.onClose}>
          Close
        </button>
      </header>
      <Troubles sources={snapshot?.sources ?? []} />
      {comparison ? (
        <Compared comparison={comparison} sources={snapshot.sources} onShow={props.onShow} />
      ) : (
        <p className="quiet-text">Reading the traces …</p>
      )}
    </main>
  );
}

function Compared(props: {
  comparison: Comparison;
  sources: readonly ComparedSource[];
  onShow: (id: string) => void;
}) {
  const { comparison } = props;
  return (
    <>
      <CompareTable {...props} />
      <p className="compare-caveat">
        {TIME_CAVEAT} {SHARE_CAVEAT} {COUNT_CAVEAT}
      </p>
      <DiffTabs comparison={comparison} />
    </>
  );
}

/** Traces that can’t be had. */
function Troubles({ sources }: { sources: readonly ComparedSource[] }) {
  return sources.map(
    ({ id, problem }, index) =>
      problem && (
        <div className="notice" role="alert" key={`${id} ${index}`}>
          <strong>
            {id}: {problem.message}.
          </strong>{' '}
          {problem.remedy ?? 'Choose another one.'}
        </div>
      ),
  );
}
