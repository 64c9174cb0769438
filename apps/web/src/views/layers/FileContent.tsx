import type { DiskContent } from '@underdock/trace';
import { bytes } from '../evidence/values.ts';
import { Trouble } from './Trouble.tsx';
import type { TreePlace } from './treePlace.ts';
import { useAnswer } from './useAnswer.ts';

/** A first look at what is in a file. */
export function FileContent({ place, path }: { place: TreePlace; path: string }) {
  const { layers, index, round } = place;
  const { value, problem } = useAnswer(() => layers.content(index, path), `${index} ${path}`, round);
  if (problem) return <Trouble message={problem.message} remedy={problem.remedy} />;
  if (!value) return <p className="quiet-text tree-note">Reading…</p>;
  return <Content content={value} />;
}

function Content({ content }: { content: DiskContent }) {
  const { text, binary, shown, replaced, path } = content;
  if (text === undefined) {
    return (
      <p className="tree-note">
        Not shown as text: {binary}, {bytes(content.bytes)}.
      </p>
    );
  }
  if (text === '') return <p className="quiet-text tree-note">An empty file.</p>;
  return (
    <div className="file-content">
      {shown < content.bytes && (
        <p className="quiet-text">
          The first {bytes(shown)} of {bytes(content.bytes)}.
        </p>
      )}
      {replaced.length > 0 && <p className="quiet-text">Replaced by [redacted]: {replaced.join(', ')}.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long text is scrolled, by keyboard too */}
      <section className="file-text" tabIndex={0} aria-label={`Content of ${path}`}>
        <pre>{text}</pre>
      </section>
    </div>
  );
}
