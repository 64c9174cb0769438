import { diskStackOf } from '@underdock/chain';
import type { DiskLayerAnswer, DiskStackAnswer, TraceEvent } from '@underdock/trace';
import { useMemo, useState } from 'react';
import { type Layers, layersOf } from '../../source/layers.ts';
import { CopyButton } from '../CopyButton.tsx';
import { usePage } from '../page.ts';
import { Sheet } from '../Sheet.tsx';
import { FileTree } from './FileTree.tsx';
import { LayerStack } from './LayerStack.tsx';
import { layerTitle } from './layerWords.ts';
import { MountLine } from './MountLine.tsx';
import { Trouble } from './Trouble.tsx';
import { type Answer, useAnswer } from './useAnswer.ts';

interface LayersSheetProps {
  run: string;
  container: string | undefined;
  events: readonly TraceEvent[];
  canDrive: boolean;
  onClose: () => void;
}

/** The layers of a container on this host’s disk: how they are stacked, how they are mounted, what lies in each. */
export default function LayersSheet(props: LayersSheetProps) {
  return (
    <Sheet
      title="Layers on disk"
      about="The container’s files are a stack of folders on this host. overlayfs lays them over each other: who reads finds the topmost file of a name, who writes changes the top folder alone."
      open
      onClose={props.onClose}
      wide
    >
      <Disk {...props} />
    </Sheet>
  );
}

function Disk({ run, container, events, canDrive }: LayersSheetProps) {
  const { http } = usePage();
  const layers = useMemo(() => layersOf(http, run, container), [http, run, container]);
  const [round, setRound] = useState(0);
  const answer = useAnswer(canDrive ? layers.stack : undefined, `${run} ${container}`, round);
  const told = useMemo(() => diskStackOf(events, container), [events.length, container]);
  const stack: DiskStackAnswer = answer.value ?? {
    ...told,
    layers: [...told.layers],
    lower: [...told.lower],
  };
  const [picked, pick] = useState<number>();
  const chosen = stack.layers[picked ?? stack.layers.length - 1];
  if (stack.layers.length === 0) {
    return <p className="disk">The trace does not say where this container’s layers lie.</p>;
  }
  return (
    <div className="disk">
      <div className="disk-stack">
        <LayerStack layers={stack.layers} chosen={chosen?.index} onChoose={pick} />
        <MountLine stack={stack} />
      </div>
      {chosen && (
        <Files
          key={chosen.index}
          {...{ layer: chosen, layers, answer, canDrive, round }}
          onReload={() => setRound(round + 1)}
        />
      )}
    </div>
  );
}

interface FilesProps {
  layer: DiskLayerAnswer;
  layers: Layers;
  answer: Answer<DiskStackAnswer>;
  canDrive: boolean;
  round: number;
  onReload: () => void;
}

function Files(props: FilesProps) {
  const { layer, canDrive, answer } = props;
  return (
    <section className="disk-files" aria-label={`Files of ${layerTitle(layer)}`}>
      <header>
        <h3>{layerTitle(layer)}</h3>
        {layer.folder && <CopyButton text={layer.folder} label="Copy its path" />}
        {canDrive && (
          <button type="button" className="small" onClick={props.onReload} disabled={answer.asking}>
            Read again
          </button>
        )}
      </header>
      {layer.kind === 'upper' && !layer.closed && canDrive && (
        <p className="quiet-text">It changes while the container runs: what is shown was read just now.</p>
      )}
      <Tree {...props} />
    </section>
  );
}

function Tree({ layer, layers, answer, canDrive, round }: FilesProps) {
  if (!canDrive) {
    return (
      <Trouble
        message="Files of this host are not for an audience"
        remedy="With the drive link they can be looked into."
      />
    );
  }
  if (answer.problem) return <Trouble message={answer.problem.message} remedy={answer.problem.remedy} />;
  if (!answer.value) return <p className="quiet-text tree-note">Reading…</p>;
  if (layer.closed) return <Trouble message={`It can’t be opened: ${layer.closed}`} />;
  const empty =
    layer.kind === 'upper'
      ? 'Empty: the container has changed nothing so far.'
      : 'No files lie in this layer.';
  return <FileTree place={{ layers, index: layer.index, round }} path="/" empty={empty} />;
}
