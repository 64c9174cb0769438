import type { ReactNode } from 'react';
import { GalleryDoor } from './gallery/GalleryDoor.tsx';
import { hostWord } from './hostWords.ts';
import { OpenButton } from './OpenButton.tsx';
import { useLink } from './page.ts';
import type { OpenSheet } from './Sheets.tsx';
import type { Theme } from './useTheme.ts';
import type { Watch } from './useWatch.ts';
import { WatchButton } from './WatchButton.tsx';

interface TopBarProps {
  command: string | undefined;
  children: ReactNode;
  theme: Theme;
  watch: Watch;
  onWatch: (on: boolean) => void;
  onOpen: (sheet: OpenSheet) => void;
  onTheme: () => void;
}

/** The one line on top: the command as one would type it, what can be done, how the host is. */
export function TopBar(props: TopBarProps) {
  return (
    <header className="top-bar">
      <h1>underdock</h1>
      <div className="command-line" title={props.command}>
        {props.command ? <code>{props.command}</code> : <Nothing watching={props.watch.on} />}
      </div>
      {props.children}
      <GalleryDoor />
      <Doors {...props} />
    </header>
  );
}

function Nothing({ watching }: { watching: boolean }) {
  const { state } = useLink();
  const words = state === 'none' ? 'nothing opened yet' : watching ? 'nothing typed yet' : 'nothing run yet';
  return <span className="quiet-text">{words}</span>;
}

/** What can be opened over the page. */
function Doors({ theme, watch, onWatch, onOpen, onTheme }: TopBarProps) {
  const { role, state, runs, doctor } = useLink();
  const host = hostWord(doctor);
  return (
    <nav aria-label="Page">
      <WatchButton watch={watch} onTurn={onWatch} />
      {role === 'drive' && (
        <button type="button" disabled={state !== 'connected'} onClick={() => onOpen('form')}>
          New run
        </button>
      )}
      {(state !== 'none' || (runs !== undefined && runs.length > 0)) && (
        <button type="button" className="quiet" onClick={() => onOpen('runs')}>
          {state === 'none' ? 'Opened' : 'Library'}
        </button>
      )}
      {state === 'none' ? (
        <OpenButton />
      ) : (
        <button type="button" className={`quiet host is-${host.state}`} onClick={() => onOpen('host')}>
          {host.word}
          {host.more && <span className="wide-only">{host.more}</span>}
        </button>
      )}
      {role === 'drive' && <AudienceDoor onOpen={() => onOpen('audience')} />}
      <button type="button" className="quiet icon wide-only" aria-label="Keys" onClick={() => onOpen('keys')}>
        ?
      </button>
      <button
        type="button"
        className="quiet icon"
        aria-label={theme === 'dark' ? 'Light colours' : 'Dark colours'}
        onClick={onTheme}
      >
        {theme === 'dark' ? '☀' : '☾'}
      </button>
    </nav>
  );
}

function AudienceDoor({ onOpen }: { onOpen: () => void }) {
  return (
    <button
      type="button"
      className="quiet icon wide-only"
      aria-label="Link for the audience"
      title="Link for the audience"
      onClick={onOpen}
    >
      <svg width="15" height="15" viewBox="0 0 7 7" aria-hidden="true">
        <path
          fill="currentColor"
          d="M0 0h3v3h-3zM4 0h3v3h-3zM0 4h3v3h-3zM4 4h1v1h-1zM6 4h1v1h-1zM5 5h1v1h-1zM4 6h1v1h-1zM6 6h1v1h-1z"
        />
      </svg>
    </button>
  );
}
