import type { ContainerPicture } from '@underdock/chain';
import type { Layout } from './layout.ts';
import type { Shape } from './shapes.ts';

/** The layers of the image as slabs, bottom up, the writable one on top: the floor that the process stands on. */
export function floor(picture: ContainerPicture, layout: Layout): Shape[] {
  const { cx, cy, inner } = layout.capsule;
  const ready = picture.snapshot?.ready === true;
  const count = Math.min(picture.layers.length || picture.snapshot?.lower.length || 0, 6);
  if (!ready && count === 0) return [];
  const bottom = cy + inner * 0.84;
  const height = Math.min(layout.small * 0.5, (inner * 0.38) / (count + 1));
  const slab = (i: number, key: string, fill: string, label: string, opacity: number): Shape => {
    const y = bottom - (i + 1) * height;
    const low = Math.min(inner - 6, Math.abs(y + height - cy));
    const half = Math.sqrt(Math.max(0, (inner - 6) ** 2 - low ** 2));
    const rect = { x: cx - half, y, width: half * 2, height: height - 1.5 };
    return {
      kind: 'rect',
      key,
      part: 'stack',
      layer: 'high-level',
      ...rect,
      radius: 1.5,
      fill,
      opacity,
      label,
    };
  };
  const slabs = Array.from({ length: count }, (_, i) => {
    const layer = picture.layers[i];
    const done = !layer || layer.state === 'ready' || layer.state === 'cached';
    return slab(
      i,
      `floor/${i}`,
      'rock-high-level',
      `image layer ${i + 1} of the root filesystem`,
      done ? 0.75 : 0.2,
    );
  });
  return ready
    ? [...slabs, slab(count, 'floor/write', 'rock-process', 'the writable layer of the root filesystem', 1)]
    : slabs;
}
