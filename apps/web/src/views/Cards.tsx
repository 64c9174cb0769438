import { type ReactNode, useRef, useState } from 'react';

const NAMES = ['Story', 'Dive', 'Evidence'] as const;

/** Story, dive and evidence: side by side, or on a narrow screen as three cards to swipe between. */
export function Cards(props: {
  story: ReactNode;
  dive: ReactNode;
  evidence: ReactNode;
  isTimeline?: boolean;
}) {
  const row = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(0);
  const show = (index: number) => {
    row.current?.scrollTo({ left: index * row.current.clientWidth });
  };
  return (
    <>
      <CardNames current={current} isTimeline={props.isTimeline === true} onShow={show} />
      <div
        className="cards"
        ref={row}
        onScroll={({ currentTarget: { scrollLeft, clientWidth } }) =>
          setCurrent(Math.round(scrollLeft / clientWidth))
        }
      >
        <section className="card story-card" aria-label="Story">
          {props.story}
        </section>
        <main
          className="card dive-card"
          id="main"
          tabIndex={-1}
          aria-label={props.isTimeline ? 'Timeline' : 'The dive'}
        >
          {props.dive}
        </main>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
        <section className="card evidence-card" aria-label="Evidence" tabIndex={0}>
          {props.evidence}
        </section>
      </div>
    </>
  );
}

function CardNames(props: { current: number; isTimeline: boolean; onShow: (index: number) => void }) {
  return (
    <nav className="card-names" aria-label="Cards">
      {NAMES.map((name, i) => (
        <button
          key={name}
          type="button"
          className="quiet"
          aria-current={i === props.current ? 'true' : undefined}
          onClick={() => props.onShow(i)}
        >
          {name === 'Dive' && props.isTimeline ? 'Timeline' : name}
        </button>
      ))}
    </nav>
  );
}
