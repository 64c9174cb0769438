import type { DoctorReport } from '@underdock/trace';
import type { ReactNode } from 'react';
import { hostWord } from './DoctorSheet.tsx';
import type { OpenSheet } from './Sheets.tsx';
import type { Theme } from './useTheme.ts';

/** The one line on top: the command as one would type it, what can be done, how the host is. */
export function TopBar(props: {
  command: string | undefined;
  children: ReactNode;
  doctor: DoctorReport | undefined;
  runs: number;
  canDrive: boolean;
  connected: boolean;
  theme: Theme;
  onOpen: (sheet: OpenSheet) => void;
  onTheme: () => void;
}) {
  const host = hostWord(props.doctor);
  return (
    <header className="top-bar">
      <h1>underdock</h1>
      <div className="command-line" title={props.command}>
        {props.command ? <code>{props.command}</code> : <span className="quiet-text">nothing run yet</span>}
      </div>
      {props.children}
      <nav aria-label="Page">
        {props.canDrive && (
          <button type="button" disabled={!props.connected} onClick={() => props.onOpen('form')}>
            New run
          </button>
        )}
        {props.runs > 0 && (
          <button type="button" className="quiet" onClick={() => props.onOpen('runs')}>
            Runs <span className="count">{props.runs}</span>
          </button>
        )}
        <button type="button" className={`quiet host is-${host.state}`} onClick={() => props.onOpen('host')}>
          {host.word}
          {host.more && <span className="wide-only">{host.more}</span>}
        </button>
        <button
          type="button"
          className="quiet icon wide-only"
          aria-label="Keys"
          onClick={() => props.onOpen('keys')}
        >
          ?
        </button>
        <button
          type="button"
          className="quiet icon"
          aria-label={props.theme === 'dark' ? 'Light colours' : 'Dark colours'}
          onClick={props.onTheme}
        >
          {props.theme === 'dark' ? '☀' : '☾'}
        </button>
      </nav>
    </header>
  );
}
