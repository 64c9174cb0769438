import { lazy, Suspense, useState } from 'react';
import { EmptyPage } from './EmptyPage.tsx';
import { Notice } from './Notice.tsx';
import { useLink } from './page.ts';
import { RunActions } from './RunActions.tsx';
import { RunView } from './RunView.tsx';
import { type Draft, draftOf, quoteWord, readCommand, requestOf } from './runForm/commandLine.ts';
import { EXAMPLE } from './runForm/options.ts';
import type { OpenSheet } from './Sheets.tsx';
import { TopBar } from './TopBar.tsx';
import { useChosenRun } from './useChosenRun.ts';
import { useKeys } from './useKeys.ts';
import { useReading } from './useReading.ts';
import { useStart } from './useStart.ts';
import { useTheme } from './useTheme.ts';

// What lies over the page comes when it is asked for: the first picture does not wait for it.
const Sheets = lazy(() => import('./Sheets.tsx'));

/** The whole page: which run it shows, what lies open over it, and what the keys do everywhere. */
export function App() {
  const { runs, doctor, role } = useLink();
  const { theme, toggle } = useTheme();
  const chosen = useChosenRun(runs);
  const [sheet, setSheet] = useState<OpenSheet>();
  const [draft, setDraft] = useState<Draft>(() => readCommand(EXAMPLE).draft);
  const { reading, snapshot } = useReading(chosen.id, chosen.fresh);
  const first = useStart((id) => chosen.show(id, true));
  const canDrive = role === 'drive';
  const openForm = (next = draft) => {
    setDraft(next);
    if (canDrive) setSheet('form');
  };
  useKeys({ r: () => openForm(), l: () => setSheet('runs'), t: toggle, '?': () => setSheet('keys') });
  const { run } = chosen;
  const leave = () => chosen.show(undefined);
  const command = run?.command ?? snapshot?.state?.header.command;
  const runAgain = () => {
    const again = draftOf(run?.request ?? {});
    // Environment values were redacted when the run was recorded: they have to be typed again.
    if (!run?.request || again.env) openForm(again);
    else void first.start(requestOf(again).request);
  };
  return (
    <div className="page">
      <SkipToPicture />
      <TopBar
        command={command?.map(quoteWord).join(' ')}
        theme={theme}
        onOpen={(which) => (which === 'form' ? openForm() : setSheet(which))}
        onTheme={toggle}
      >
        {run && (
          <RunActions key={run.id} run={run} canDrive={canDrive} onAgain={runAgain} onRemoved={leave} />
        )}
      </TopBar>
      <Notice />
      {reading && snapshot && chosen.id ? (
        <RunView key={chosen.id} reading={reading} snapshot={snapshot} run={run} canDrive={canDrive} />
      ) : (
        <EmptyPage role={role} doctor={doctor} first={first} onOptions={() => openForm()} />
      )}
      <Suspense>
        {sheet && <Sheets open={sheet} onOpen={setSheet} draft={draft} onDraft={setDraft} chosen={chosen} />}
      </Suspense>
    </div>
  );
}

function SkipToPicture() {
  return (
    <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
      To the picture
    </button>
  );
}
