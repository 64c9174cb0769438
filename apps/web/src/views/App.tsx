import type { RunSummary } from '@underdock/trace';
import { lazy, Suspense, useState } from 'react';
import { readPlace } from '../player/address.ts';
import type { ReadingSnapshot } from '../player/reading.ts';
import { type CompareAddress, useCompareAddress } from './compare/useCompareAddress.ts';
import { FirstPage } from './gallery/FirstPage.tsx';
import { later } from './Later.tsx';
import { NewsBar } from './NewsBar.tsx';
import { Notice } from './Notice.tsx';
import { useLink } from './page.ts';
import { RecordingActions, RunActions } from './RunActions.tsx';
import { type Draft, draftOf, readCommand, requestOf } from './runForm/commandLine.ts';
import { EXAMPLE } from './runForm/options.ts';
import { titleOf } from './runWords.ts';
import type { OpenSheet } from './Sheets.tsx';
import { TopBar } from './TopBar.tsx';
import { type ChosenRun, useChosenRun } from './useChosenRun.ts';
import { type Keys, useKeys } from './useKeys.ts';
import { useReading } from './useReading.ts';
import { type Start, useStart } from './useStart.ts';
import { useTheme } from './useTheme.ts';
import type { Watch } from './useWatch.ts';
import { useWatching } from './useWatching.ts';
import { WatchRefused } from './WatchRefused.tsx';

// What lies over the page comes when it is asked for: the first picture does not wait for it.
const Sheets = lazy(() => import('./Sheets.tsx'));
const CompareView = lazy(() => import('./compare/CompareView.tsx'));
// The gallery is the first thing that a page without an agent shows, and needs none of this.
const RunView = later(async () => (await import('./RunView.tsx')).RunView);

/** The whole page: which run it shows, what lies open over it, and what the keys do everywhere. */
export function App() {
  const { runs, doctor, role } = useLink();
  const theme = useTheme();
  const compare = useCompareAddress();
  const chosen = useChosenRun(runs, compare.close);
  const [sheet, setSheet] = useState<OpenSheet>();
  const [draft, setDraft] = useState<Draft>(() => readCommand(EXAMPLE).draft);
  const [presenting, setPresenting] = useState(() => readPlace(location.hash).view === 'present');
  const { reading, snapshot } = useReading(compare.ids ? undefined : chosen.id, chosen.fresh);
  const first = useStart((id) => chosen.show(id, true));
  const { watch, newest, turn } = useWatching(chosen, sheet !== undefined || compare.ids !== undefined);
  const canDrive = role === 'drive';
  const openForm = (next = draft) => {
    setDraft(next);
    if (canDrive) setSheet('form');
  };
  const open = (which: OpenSheet) => (which === 'form' ? openForm() : setSheet(which));
  useKeys({ r: () => openForm(), b: theme.toggle, ...sheetKeys(setSheet, canDrive) });
  const { run } = chosen;
  const again = () => run && runAgain(run, openForm, first.start);
  const news = <NewsBar newest={newest} onShow={(id) => chosen.show(id, true)} onList={() => open('runs')} />;
  return (
    <div className="page">
      <SkipToPicture />
      <Head {...{ chosen, compare, snapshot, theme, watch }} onTurn={turn} onOpen={open} onAgain={again} />
      <Notice />
      <WatchRefused watch={watch} />
      {compare.ids ? (
        <Compared {...{ compare, chosen }} ids={compare.ids} onChoose={() => open('compare')} />
      ) : reading && snapshot && chosen.id ? (
        <RunView
          key={chosen.id}
          {...{ runId: chosen.id, reading, snapshot, run, canDrive, presenting, news }}
          onPresent={() => setPresenting((before) => !before)}
        />
      ) : (
        <FirstPage
          {...{ role, doctor, first, watch, others: runs?.length ?? 0 }}
          onWatch={turn}
          onOptions={() => openForm()}
        />
      )}
      <Suspense>
        {sheet && (
          <Sheets open={sheet} onOpen={setSheet} {...{ draft, chosen, compare }} onDraft={setDraft} />
        )}
      </Suspense>
    </div>
  );
}

/** The keys that open a sheet. */
function sheetKeys(open: (sheet: OpenSheet) => void, canDrive: boolean): Keys {
  return {
    ...(canDrive ? { a: () => open('audience') } : {}),
    l: () => open('runs'),
    c: () => open('compare'),
    '?': () => open('keys'),
  };
}

/** Several runs side by side in place of one. */
function Compared(props: {
  compare: CompareAddress;
  ids: readonly string[];
  chosen: ChosenRun;
  onChoose: () => void;
}) {
  const { compare, ids, chosen } = props;
  return (
    <Suspense>
      <CompareView
        key={ids.join()}
        ids={ids}
        onShow={(id) => chosen.show(id)}
        onChoose={props.onChoose}
        onClose={compare.close}
      />
    </Suspense>
  );
}

/** The one line on top, for the run that is shown. */
function Head(props: {
  chosen: ChosenRun;
  compare: CompareAddress;
  snapshot: ReadingSnapshot | undefined;
  theme: ReturnType<typeof useTheme>;
  watch: Watch;
  onTurn: (on: boolean) => void;
  onOpen: (sheet: OpenSheet) => void;
  onAgain: () => void;
}) {
  const { chosen, compare, snapshot, theme } = props;
  const { role } = useLink();
  const run = compare.ids ? undefined : chosen.run;
  const shown = run ?? snapshot?.state?.header;
  return (
    <TopBar
      command={compare.ids ? `underdock compare ${compare.ids.join(' ')}` : shown && titleOf(shown)}
      theme={theme.theme}
      watch={props.watch}
      onWatch={props.onTurn}
      onOpen={props.onOpen}
      onTheme={theme.toggle}
    >
      {run ? (
        <RunActions
          key={run.id}
          run={run}
          canDrive={role === 'drive'}
          onAgain={props.onAgain}
          onRemoved={() => chosen.show(undefined)}
        />
      ) : (
        shown && !compare.ids && <RecordingActions />
      )}
    </TopBar>
  );
}

/** Environment values were redacted when the run was recorded: they have to be typed again. */
function runAgain(run: RunSummary, openForm: (draft: Draft) => void, start: Start['start']): void {
  const again = draftOf(run.request ?? {});
  if (!run.request || again.env) openForm(again);
  else void start(requestOf(again).request);
}

function SkipToPicture() {
  return (
    <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
      To the picture
    </button>
  );
}
