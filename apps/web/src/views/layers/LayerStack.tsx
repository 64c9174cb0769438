import type { DiskLayerAnswer } from '@underdock/trace';
import { breakable } from '../evidence/values.ts';
import { layerTitle, madeBy, sizeOf } from './layerWords.ts';

/** The layers as they lie on each other, the topmost first; one is chosen. */
export function LayerStack(props: {
  layers: readonly DiskLayerAnswer[];
  chosen: number | undefined;
  onChoose: (index: number) => void;
}) {
  return (
    <section className="layer-stack">
      <h3>From top to bottom</h3>
      <ol aria-label="Layers, the topmost first">
        {props.layers.toReversed().map((layer) => (
          <li key={layer.index}>
            <LayerButton
              layer={layer}
              chosen={layer.index === props.chosen}
              onChoose={() => props.onChoose(layer.index)}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}

function LayerButton(props: { layer: DiskLayerAnswer; chosen: boolean; onChoose: () => void }) {
  const { layer } = props;
  return (
    <button
      type="button"
      className={`layer-slab is-${layer.kind}`}
      aria-pressed={props.chosen}
      onClick={props.onChoose}
    >
      <span className="layer-head">
        <strong>{layerTitle(layer)}</strong>
        <span>{sizeOf(layer)}</span>
      </span>
      <span className={layer.kind === 'image' && layer.createdBy ? 'mono made-by' : 'made-by'}>
        {madeBy(layer)}
      </span>
      {layer.folder && <span className="mono layer-folder">{breakable(layer.folder)}</span>}
      {layer.closed && <span className="layer-closed">can’t be opened: {layer.closed}</span>}
    </button>
  );
}
