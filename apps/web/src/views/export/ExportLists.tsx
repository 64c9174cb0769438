import type { Exported, Kept } from '@underdock/chain/portable';

/** They come first in the list, and are seen without opening anything. */
const FIRST = /^(Image.*|Process|Entry point|Memory|Processors|Number of processes)$/;

/** What stays the same on a platform; what it adds and what it can’t say. */
export function ExportLists({ exported, title }: { exported: Exported; title: string }) {
  const { stays, adds, lost, fill } = exported;
  const more = stays.filter(({ what }) => !FIRST.test(what));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section className="export-lists" aria-label="What stays, what is lost, what is added" tabIndex={0}>
      {fill.length > 0 && <Words title="Fill in first" words={fill} className="is-fill" />}
      <section>
        <h3>Stays the same</h3>
        <Stays all={stays.filter(({ what }) => FIRST.test(what))} />
        {more.length > 0 && (
          <details>
            <summary>{more.length === 1 ? 'and 1 more' : `and ${more.length} more`}</summary>
            <Stays all={more} />
          </details>
        )}
      </section>
      {lost.length > 0 && (
        <section className="is-lost">
          <h3>Can’t be said</h3>
          <dl>
            {lost.map(({ what, why }) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>{why}</dd>
              </div>
            ))}
          </dl>
        </section>
      )}
      <Words title={`${title} adds`} words={adds} className="is-added" />
    </section>
  );
}

function Stays({ all }: { all: readonly Kept[] }) {
  return (
    <dl>
      {all.map(({ what, value, note, from }) => (
        <div key={`${what} ${value}`}>
          <dt>{what}</dt>
          <dd>
            <code>{value}</code>
            {note && <span className="export-note">{note}</span>}
            {from && <span className="export-note">{`${from.what}, event ${from.seq}, ${from.grade}`}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Words(props: { title: string; words: readonly string[]; className: string }) {
  if (props.words.length === 0) return null;
  return (
    <section className={props.className}>
      <h3>{props.title}</h3>
      <ul>
        {props.words.map((word) => (
          <li key={word}>{word}</li>
        ))}
      </ul>
    </section>
  );
}
