import type { ToldStep } from '@underdock/chain';
import type { Guide, GuideHide, GuideNote } from '@underdock/trace';
import type { Reading, ReadingSnapshot } from '../../player/reading.ts';
import { sentenceOf } from '../words.ts';
import { GuideFile } from './GuideFile.tsx';
import { hiding, notesHere, withNote, withoutRule } from './guideEdits.ts';
import type { GuideUse } from './useGuide.ts';

interface GuideCardProps {
  use: GuideUse;
  reading: Reading;
  snapshot: ReadingSnapshot;
}

/** Where somebody makes a trace his own for others: captions, chapters, stops, what is left out. The trace stays as it is. */
export function GuideCard({ use, reading, snapshot }: GuideCardProps) {
  const step = snapshot.steps[snapshot.stepIndex];
  return (
    <div className="guide">
      <h3>Tell it your way</h3>
      <p className="quiet-text">
        Captions, chapters and stops lie in a file of their own beside the trace. What was recorded stays as
        it is.
      </p>
      {use.problem && (
        <p className="guide-problem" role="alert">
          {use.problem.message} {use.problem.remedy && `What to do: ${use.problem.remedy}`}
        </p>
      )}
      {step ? (
        <ThisStep key={step.key} {...{ use, snapshot, step }} />
      ) : (
        <p>Go to a step to say something about it.</p>
      )}
      <Parts use={use} reading={reading} snapshot={snapshot} />
      <GuideFile use={use} />
    </div>
  );
}

function ThisStep({ use, snapshot, step }: Omit<GuideCardProps, 'reading'> & { step: ToldStep }) {
  const { events } = snapshot.timeline!;
  const seq = events[step.position - 1]?.seq ?? step.event.seq;
  const first = events[snapshot.steps[snapshot.stepIndex - 1]?.position ?? 0]?.seq ?? 1;
  return (
    <section aria-label="At this step">
      <h4>At this step: {sentenceOf(step)}</h4>
      {notesHere(use, snapshot.stepIndex, seq).map((note) => (
        <NoteFields key={note.seq} use={use} note={note} />
      ))}
      <LeaveOut use={use} step={step} first={first} seq={seq} />
    </section>
  );
}

function NoteFields({ use, note }: { use: GuideUse; note: GuideNote }) {
  const change = (part: Partial<GuideNote>) => use.change((guide) => withNote(guide, { ...note, ...part }));
  return (
    <>
      <label>
        A chapter begins here
        <input
          type="text"
          maxLength={120}
          value={note.title ?? ''}
          placeholder="no"
          onChange={(event) => change({ title: event.target.value })}
        />
      </label>
      <label>
        What you say here
        <textarea
          rows={3}
          maxLength={4000}
          value={note.text ?? ''}
          placeholder="the step’s own sentence"
          onChange={(event) => change({ text: event.target.value })}
        />
      </label>
      <label className="check-line">
        <input
          type="checkbox"
          checked={note.pause}
          onChange={(event) => change({ pause: event.target.checked })}
        />
        Stop here while playing
      </label>
    </>
  );
}

/** What of the trace is told: from the event `first` or to the event `seq`, without this step or all like it. */
function LeaveOut(props: { use: GuideUse; step: ToldStep; first: number; seq: number }) {
  const { use, step, first, seq } = props;
  return (
    <div className="guide-tools">
      <Tool words="Begin here" act={() => use.change((guide) => ({ ...guide, from: first }))} />
      <Tool words="End here" act={() => use.change((guide) => ({ ...guide, to: seq }))} />
      <Tool words="Hide this step" act={() => use.change((guide) => hiding(guide, { seq }))} />
      <Tool
        words={
          <>
            Hide every <code>{step.step}</code>
          </>
        }
        act={() => use.change((guide) => hiding(guide, { step: step.step }))}
      />
    </div>
  );
}

function Tool({ words, act }: { words: React.ReactNode; act: () => void }) {
  return (
    <button type="button" className="small" onClick={act}>
      {words}
    </button>
  );
}

/** What the guide says so far, and the way to each place. */
function Parts({ use, reading, snapshot }: GuideCardProps) {
  const { guide, notes } = use;
  if (!guide) return null;
  const { from, to, hide } = guide;
  if (notes.size === 0 && from === undefined && to === undefined && hide.length === 0) return null;
  return (
    <section aria-label="The whole guide">
      <h4>The whole guide</h4>
      <ul className="guide-parts">
        {from !== undefined && (
          <Part words="begins later than the trace" undo={() => use.change(without('from'))} />
        )}
        {[...notes].flatMap(([index, list]) =>
          list.map((note) => (
            <li key={`${note.seq}`}>
              <button type="button" className="quiet" onClick={() => reading.toIndex(index)}>
                {note.title && <strong>{note.title}</strong>}{' '}
                {note.text ?? (note.title ? '' : sentenceOf(snapshot.steps[index]!))}
                {note.pause && <span className="quiet-text"> (stops)</span>}
              </button>
            </li>
          )),
        )}
        {hide.map((rule) => (
          <Part
            key={JSON.stringify(rule)}
            words={`hides ${nameOf(rule)}`}
            undo={() => use.change((one) => withoutRule(one, rule))}
          />
        ))}
        {to !== undefined && <Part words="ends before the trace" undo={() => use.change(without('to'))} />}
      </ul>
    </section>
  );
}

function Part({ words, undo }: { words: string; undo: () => void }) {
  return (
    <li className="guide-part">
      <span>{words}</span>
      <button type="button" className="quiet small" onClick={undo}>
        Take back
      </button>
    </li>
  );
}

const without =
  (end: 'from' | 'to') =>
  ({ [end]: _, ...guide }: Guide): Guide =>
    guide as Guide;

function nameOf({ seq, step, layer, actor, container }: GuideHide): string {
  if (seq !== undefined) return `the step of event ${seq}`;
  return `every ${[step, layer && `step of the layer ${layer}`, actor, container].filter(Boolean).join(', ')}`;
}
