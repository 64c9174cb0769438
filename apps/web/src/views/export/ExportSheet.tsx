import {
  carriedContainers,
  type Exported,
  exportTo,
  type Platform,
  type Portable,
  portableOf,
} from '@underdock/chain/portable';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { useDeferredValue, useMemo, useState } from 'react';
import { Sheet } from '../Sheet.tsx';
import { Tabs } from '../Tabs.tsx';
import { ExportFile } from './ExportFile.tsx';
import { ExportLists } from './ExportLists.tsx';

interface ExportSheetProps {
  header: TraceHeader;
  events: readonly TraceEvent[];
  first: string | undefined;
  onClose: () => void;
}

const TABS = [
  ['docker', 'docker run'],
  ['compose', 'Compose'],
  ['pod', 'Kubernetes'],
  ['aca', 'Azure Container Apps'],
  ['bundle', 'OCI bundle'],
] as const satisfies readonly (readonly [Platform, string])[];

/** The run as other platforms want to have it said: the text, what stays the same there, what they add, what they can’t say. */
export default function ExportSheet(props: ExportSheetProps) {
  return (
    <Sheet
      title="Take it elsewhere"
      about="The same image, process and limits, in the words of other platforms. What is marked in the text is what stays the same."
      open
      onClose={props.onClose}
      wide
    >
      <Carried {...props} />
    </Sheet>
  );
}

function Carried({ header, events, first }: ExportSheetProps) {
  // A run that goes on tells more and more: the sheet follows when there is time.
  const count = useDeferredValue(events.length);
  const all = useMemo(() => {
    const told = events.slice(0, count);
    return carriedContainers(told).map((id) => portableOf(header, told, id));
  }, [header, events, count]);
  const [container, choose] = useState(first);
  const [platform, show] = useState<Platform>('docker');
  const portable = all.find((one) => one.container === container) ?? all[0];
  const exported = useMemo(() => portable && exportTo(platform, portable), [portable, platform]);
  if (!portable || !exported) return null;
  return (
    <div className="export">
      {all.length > 1 && <Which all={all} chosen={portable.container} onChoose={choose} />}
      <Tabs label="Platform" tabs={TABS} chosen={platform} onChoose={show}>
        <Panel key={`${platform} ${portable.container}`} exported={exported} />
      </Tabs>
    </div>
  );
}

function Panel({ exported }: { exported: Exported }) {
  const [name, choose] = useState(exported.files[0]?.name);
  const file = exported.files.find((one) => one.name === name) ?? exported.files[0];
  return (
    <div className="export-panel">
      {file ? (
        <ExportFile exported={exported} file={file} onChoose={choose} />
      ) : (
        <p className="export-none">
          It can’t be written from this trace. Why stands beside it, under “Can’t be said”.
        </p>
      )}
      <ExportLists exported={exported} title={TABS.find(([key]) => key === exported.platform)![1]} />
    </div>
  );
}

function Which(props: { all: readonly Portable[]; chosen: string; onChoose: (id: string) => void }) {
  return (
    <label className="export-which">
      Container
      <select value={props.chosen} onChange={(event) => props.onChoose(event.target.value)}>
        {props.all.map(({ container, name }) => (
          <option key={container} value={container}>
            {name?.value ?? (container.slice(0, 12) || 'the only one')}
          </option>
        ))}
      </select>
    </label>
  );
}
