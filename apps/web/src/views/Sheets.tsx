import { AudienceSheet } from './AudienceSheet.tsx';
import { CompareChoice } from './compare/CompareChoice.tsx';
import type { CompareAddress } from './compare/useCompareAddress.ts';
import { DoctorSheet } from './DoctorSheet.tsx';
import { KeysSheet } from './KeysSheet.tsx';
import { LibrarySheet } from './library/LibrarySheet.tsx';
import { useLink } from './page.ts';
import type { Draft } from './runForm/commandLine.ts';
import { RunForm } from './runForm/RunForm.tsx';
import { Sheet } from './Sheet.tsx';
import type { ChosenRun } from './useChosenRun.ts';

export type OpenSheet = 'form' | 'runs' | 'host' | 'keys' | 'compare' | 'audience' | undefined;

interface SheetsProps {
  open: OpenSheet;
  onOpen: (sheet: OpenSheet) => void;
  draft: Draft;
  onDraft: (draft: Draft) => void;
  chosen: ChosenRun;
  compare: CompareAddress;
}

/** Everything that may lie open over the page; one at a time. */
export default function Sheets(props: SheetsProps) {
  const { open, chosen, compare } = props;
  const { runs, doctor } = useLink();
  const close = () => props.onOpen(undefined);
  return (
    <>
      <FormSheet {...props} onClose={close} />
      <LibrarySheet
        runs={runs ?? []}
        current={chosen.id}
        open={open === 'runs'}
        onClose={close}
        onCompare={() => props.onOpen('compare')}
        onPick={(id) => {
          close();
          chosen.show(id);
        }}
      />
      <CompareChoice
        runs={runs ?? []}
        first={compare.ids ?? (chosen.id ? [chosen.id] : [])}
        open={open === 'compare'}
        onClose={close}
        onCompare={(ids) => {
          close();
          compare.show(ids);
        }}
      />
      <DoctorSheet report={doctor} open={open === 'host'} onClose={close} />
      <AudienceSheet open={open === 'audience'} onClose={close} />
      <KeysSheet open={open === 'keys'} onClose={close} />
    </>
  );
}

function FormSheet(props: SheetsProps & { onClose: () => void }) {
  const { doctor } = useLink();
  return (
    <Sheet
      title="Run a container"
      about="Change the command or the fields: both say the same. Below each field stands what the kernel makes of it."
      open={props.open === 'form'}
      onClose={props.onClose}
      wide
    >
      <RunForm
        first={props.draft}
        doctor={doctor}
        onStarted={(id, draft) => {
          props.onDraft(draft);
          props.onClose();
          props.chosen.show(id, true);
        }}
      />
    </Sheet>
  );
}
