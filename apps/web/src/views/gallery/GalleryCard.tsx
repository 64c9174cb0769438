import type { GalleryEntry } from '@underdock/trace';
import { galleryAddress } from '../../source/gallery.ts';
import { CopyButton } from '../CopyButton.tsx';
import { DiveLine } from './DiveLine.tsx';

/** One recorded run: how deep it goes and comes back, what to look at, and how to record it oneself. */
export function GalleryCard({ entry, beside }: { entry: GalleryEntry; beside: GalleryEntry | undefined }) {
  const { name, title, look, command, host, durationMs, events } = entry;
  return (
    <li className="gallery-card">
      <a href={galleryAddress(name)} className="gallery-open">
        <DiveLine story={entry.story} />
        <h4>{title}</h4>
      </a>
      <code className="gallery-command">{command}</code>
      <p>{look}</p>
      {beside && <a href={galleryAddress(name, beside.name)}>Side by side with “{beside.title}”</a>}
      <p className="gallery-facts quiet-text">
        {duration(durationMs)} · {events.toLocaleString()} events · cgroup {host.cgroup} · kernel{' '}
        {host.kernel.split('-')[0]}
      </p>
      <details>
        <summary>Record it yourself</summary>
        <div className="command-box">
          <code>{entry.again}</code>
          <CopyButton text={entry.again} />
        </div>
      </details>
    </li>
  );
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
