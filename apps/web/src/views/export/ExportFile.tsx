import type { Exported, ExportedFile } from '@underdock/chain/portable';
import { saveFile } from '../../source/saveFile.ts';
import { CopyButton } from '../CopyButton.tsx';
import { markedText } from './markedText.ts';

/** A file of an export to be read, copied and downloaded; what stays the same is marked in it. */
export function ExportFile(props: {
  exported: Exported;
  file: ExportedFile;
  onChoose: (name: string) => void;
}) {
  const { exported, file } = props;
  return (
    <section className="export-file" aria-label={file.name}>
      <header>
        <FileNames {...props} />
        <CopyButton text={file.text} />
        <button type="button" className="quiet small" onClick={() => download(file)}>
          Download
        </button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre className="export-text" tabIndex={0}>
        {markedText(file.text, exported.stays).map(({ text, at, what, comment }) =>
          what === undefined ? (
            <span key={at} className={comment ? 'is-comment' : undefined}>
              {text}
            </span>
          ) : (
            <mark key={at} title={`Stays the same: ${what}`}>
              {text}
            </mark>
          ),
        )}
      </pre>
      <p className="export-use">
        <span>To use it</span> <code>{exported.use}</code> <CopyButton text={exported.use} />
      </p>
    </section>
  );
}

function FileNames({ exported, file, onChoose }: Parameters<typeof ExportFile>[0]) {
  if (exported.files.length === 1) return <h3 className="mono">{file.name}</h3>;
  return (
    <fieldset className="export-names">
      <legend className="sr-only">File of the bundle</legend>
      {exported.files.map(({ name }) => (
        <button
          type="button"
          key={name}
          className="quiet small mono"
          aria-pressed={name === file.name}
          onClick={() => onChoose(name)}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}

function download({ name, text }: ExportedFile): void {
  saveFile(new Blob([text], { type: 'text/plain' }), name);
}
