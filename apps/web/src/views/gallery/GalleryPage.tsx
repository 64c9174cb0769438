import { type Gallery, type GalleryEntry, LAYERS } from '@underdock/trace';
import type { ReactNode } from 'react';
import { GalleryCard } from './GalleryCard.tsx';

/** All recorded runs that came with the page, in groups; each card is a link to one. `more` says what else can be done. */
export function GalleryPage({ gallery, more }: { gallery: Gallery; more: ReactNode }) {
  const { entries } = gallery;
  const groups = [...new Set(entries.map(({ group }) => group))];
  return (
    <main className="gallery" id="main" tabIndex={-1} aria-label="Gallery">
      <header className="gallery-head">
        <h2>A command dives</h2>
        <p>
          Running a container looks like one act. It is a relay: a client asks an engine, the engine prepares
          an image, a runtime asks the kernel, and in the end there is a process. These are recordings of real
          runs: each arrow is something that was seen to happen, and a click shows the proof.
        </p>
        <Legend />
        <div className="form-actions">{more}</div>
      </header>
      {groups.map((group) => (
        <Group
          key={group}
          name={group}
          entries={entries.filter((entry) => entry.group === group)}
          all={entries}
        />
      ))}
    </main>
  );
}

function Group(props: { name: string; entries: readonly GalleryEntry[]; all: readonly GalleryEntry[] }) {
  const id = `group-${props.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{props.name}</h3>
      <ul className="gallery-cards">
        {props.entries.map((entry) => (
          <GalleryCard
            key={entry.name}
            entry={entry}
            beside={props.all.filter(({ name }) => entry.beside.includes(name))}
          />
        ))}
      </ul>
    </section>
  );
}

/** What the line of a card is. */
function Legend() {
  return (
    <p className="dive-legend">
      The line of each card is its story, a mark for each step, and the deeper the layer the lower the mark:{' '}
      {LAYERS.map((layer) => (
        <span key={layer} className={`on-${layer}`}>
          {layer}
        </span>
      ))}
    </p>
  );
}
