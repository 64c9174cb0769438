import type { GalleryEntry } from '@underdock/trace';
import { galleryAddress } from '../../source/gallery.ts';
import { CopyButton } from '../CopyButton.tsx';
import { DiveLine } from './DiveLine.tsx';

/** One recorded run: how deep it goes and comes back, what to look at, and how to record it oneself. */
export function GalleryCard(props: { entry: GalleryEntry; beside: readonly GalleryEntry[] }) {
  const { name, title, look, command, host, durationMs, events } = props.entry;
  return (
    <li className="gallery-card">
      <a href={galleryAddress(name)} className="gallery-open">
        <DiveLine story={props.entry.story} />
        <h4>{title}</h4>
      </a>
      <code className="gallery-command">{command}</code>
      <p>{look}</p>
      {props.beside.length > 0 && <Beside entry={props.entry} beside={props.beside} />}
      <p className="gallery-facts quiet-text">
        {duration(durationMs)} · {events.toLocaleString()} events · cgroup {host.cgroup} · kernel{' '}
        {host.kernel.split('-')[0]}
      </p>
      <Again entry={props.entry} />
    </li>
  );
}

function Beside({ entry, beside }: { entry: GalleryEntry; beside: readonly GalleryEntry[] }) {
  return (
    <a href={galleryAddress(entry.name, ...beside.map(({ name }) => name))}>
      Side by side with {beside.map(({ title }) => `“${title}”`).join(' and ')}
    </a>
  );
}

function Again({ entry }: { entry: GalleryEntry }) {
  return (
    <details>
      <summary>Record it yourself</summary>
      <div className="command-box">
        <code>{entry.again}</code>
        <CopyButton text={entry.again} />
      </div>
      <p className="quiet-text">In a clone of underdock, as root. It types:</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <pre tabIndex={0}>{entry.typed.join('\n')}</pre>
    </details>
  );
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
