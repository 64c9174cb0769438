import { type Guide, writeGuide } from '@underdock/trace';
import { useRef } from 'react';
import { dropGuide } from '../../source/guideFile.ts';
import { saveFile } from '../../source/saveFile.ts';
import type { GuideUse } from './useGuide.ts';

/** Where the guide goes to, and where another one comes from. */
export function GuideFile({ use }: { use: GuideUse }) {
  const { guide, isOwn } = use;
  const input = useRef<HTMLInputElement>(null);
  return (
    <section aria-label="File of the guide">
      {guide && isOwn && (
        <p className="quiet-text">
          {use.save
            ? 'Kept in this browser until you save it.'
            : 'Kept in this browser: download it to share it.'}
        </p>
      )}
      <div className="guide-tools">
        {use.save && (
          <button type="button" className="primary small" onClick={use.save}>
            Save beside the trace
          </button>
        )}
        {guide && (
          <button type="button" className="small" onClick={() => download(guide)}>
            Download
          </button>
        )}
        <button type="button" className="small" onClick={() => input.current?.click()}>
          Open a guide
        </button>
        {isOwn && (
          <button type="button" className="quiet small" onClick={use.discard}>
            Discard my changes
          </button>
        )}
      </div>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) dropGuide(file);
          event.target.value = '';
        }}
      />
    </section>
  );
}

function download(guide: Guide): void {
  saveFile(new Blob([writeGuide(guide)], { type: 'application/json' }), `${guide.trace}.guide.json`);
}
