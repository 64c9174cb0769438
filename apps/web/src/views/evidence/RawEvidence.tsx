import type { TraceEvent } from '@underdock/trace';
import { GRADE_WORDS, SOURCE_WORDS } from './source.ts';

/** How a step is known: the grade in words, and each piece of evidence as it was decoded. */
const MOST_PIECES = 12;

export function RawEvidence({
  events,
  facts,
}: {
  events: readonly TraceEvent[];
  facts: readonly TraceEvent[];
}) {
  const all = [...events, ...facts];
  const pieces = all.flatMap((event) =>
    event.evidence.map((piece, i) => ({ key: `${event.seq}.${i}`, event, piece })),
  );
  const grades = [...new Set(all.map((event) => event.grade))];
  return (
    <section>
      <h3>How we know</h3>
      {grades.map((grade) => (
        <p key={grade}>{GRADE_WORDS[grade]}</p>
      ))}
      {pieces.slice(0, MOST_PIECES).map(({ key, event, piece }) => (
        <details key={key} className="raw">
          <summary>
            Seen by {SOURCE_WORDS[piece.source]} <span className="quiet-text">(event {event.seq})</span>
          </summary>
          <pre>{JSON.stringify(piece.raw, null, 1)}</pre>
        </details>
      ))}
      {pieces.length > MOST_PIECES && (
        <p className="quiet-text">and {pieces.length - MOST_PIECES} more pieces of evidence</p>
      )}
    </section>
  );
}
