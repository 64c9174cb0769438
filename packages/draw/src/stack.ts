import type { ContainerPicture, ImageLayer } from '@underdock/chain';
import { bytes, rate } from './format.ts';
import type { Layout, Rect } from './layout.ts';
import { present, words } from './paint.ts';
import type { Shape } from './shapes.ts';

/** The image as a stack that fills: the lowest layer at the bottom, the writable one on top. */
export function stackShapes(picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const row = layout.small * 1.28;
  const { layers, snapshot } = picture;
  const rows = Math.max(0, Math.floor((rect.height - row) / row));
  const hasTop = snapshot?.ready === true;
  const room = rows - (hasTop ? 1 : 0);
  const shown = layers.slice(Math.max(0, layers.length - room));
  const hidden = layers.length - shown.length;
  const title = words({
    key: 'stack/title',
    part: 'stack',
    x: rect.x,
    y: rect.y + layout.small,
    text: stackTitle(picture, hidden),
    room: rect.width,
    size: layout.small,
    fill: 'rock-soft',
  });
  const slabs = shown.flatMap((layer, i) =>
    slabOf(layer, layout, {
      ...rect,
      y: rect.y + row * (1 + (hasTop ? 1 : 0) + shown.length - 1 - i),
      height: row,
    }),
  );
  const top = { ...rect, y: rect.y + row, height: row };
  return [...title, ...(hasTop ? writable(picture, layout, top) : []), ...slabs];
}

function stackTitle({ layers, image, reference, config }: ContainerPicture, hidden: number): string {
  if (layers.length === 0) {
    const root = rootOf(config);
    return image ? `image ${reference ?? image}` : root ? `root filesystem ${root}` : '';
  }
  const loading = layers.filter((layer) => layer.state === 'fetching' && layer.rate !== undefined);
  const more = hidden > 0 ? `, ${hidden} below` : '';
  if (loading.length > 0) {
    const speed = loading.reduce((sum, layer) => sum + (layer.rate ?? 0), 0);
    return `image, ${rate(speed)}${more}`;
  }
  return `image, ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}${more}`;
}

/** The end of the root filesystem’s path, as the runtime’s config names it. */
function rootOf(config: ContainerPicture['config']): string | undefined {
  const path = (config?.root as { path?: unknown } | undefined)?.path;
  if (typeof path !== 'string') return undefined;
  const parts = path.split('/').slice(-3);
  return parts.map((part) => part.replace(/^([0-9a-f]{12})[0-9a-f]{20,}/, '$1')).join('/');
}

function slabOf(layer: ImageLayer, layout: Layout, rect: Rect): Shape[] {
  const failed = layer.state === 'failed';
  const ref = { span: layer.span, step: 'high-level/fetch-layer' };
  const base = { part: 'stack', layer: 'high-level', ref } as const;
  const body = { x: rect.x, y: rect.y, height: rect.height - 2, radius: 3 };
  const filled = fraction(layer);
  const notes = slabNote(layer);
  return present([
    {
      kind: 'rect',
      ...base,
      key: `stack/${layer.index}`,
      states: [layer.state],
      ...body,
      width: rect.width,
      fill: 'rock-raised',
      stroke: failed ? 'rock-failure' : 'rock-line',
      strokeWidth: 1,
      dash: layer.state === 'waiting' ? '3 4' : undefined,
      label: `image layer ${layer.index + 1}: ${layer.state}, ${notes}${layer.digest ? `, ${layer.digest}` : ''}`,
    },
    filled > 0 && {
      kind: 'rect',
      ...base,
      key: `stack/${layer.index}/fill`,
      states: [layer.state],
      ...body,
      width: Math.max(3, rect.width * filled),
      fill: 'slab-fill',
    },
    ...words({
      ...base,
      key: `stack/${layer.index}/note`,
      x: rect.x + layout.small * 0.5,
      y: rect.y + layout.small * 0.98,
      text: notes,
      room: rect.width - layout.small,
      size: layout.small,
      fill: 'rock-ink',
    }),
  ]);
}

function fraction(layer: ImageLayer): number {
  if (layer.state === 'waiting') return 0;
  if (layer.state === 'fetching' || layer.state === 'failed') {
    return layer.totalBytes ? Math.min(1, layer.bytes / layer.totalBytes) : 0;
  }
  return 1;
}

function slabNote(layer: ImageLayer): string {
  const size = layer.totalBytes ?? (layer.bytes > 0 ? layer.bytes : undefined);
  const sized = size === undefined ? '' : bytes(size);
  switch (layer.state) {
    case 'waiting':
      return `${layer.index + 1}: waits`;
    case 'fetching':
      return `${layer.index + 1}: ${bytes(layer.bytes)}${sized ? ` of ${sized}` : ''}`;
    case 'verifying':
    case 'unpacking':
    case 'cached':
    case 'failed':
      return `${layer.index + 1}: ${layer.state}${sized ? ` ${sized}` : ''}`;
    default: {
      const entries = layer.entries === undefined ? '' : `${layer.entries} entries`;
      return `${layer.index + 1}: ${[sized, entries].filter(Boolean).join(', ') || layer.state}`;
    }
  }
}

function writable(picture: ContainerPicture, layout: Layout, rect: Rect): Shape[] {
  const { snapshot } = picture;
  const text = snapshot?.kind === 'copy' ? 'a plain copy, writable' : 'writable layer';
  return [
    {
      kind: 'rect',
      key: 'stack/write',
      part: 'stack',
      layer: 'process',
      x: rect.x,
      y: rect.y,
      width: rect.width,
      height: rect.height - 2,
      radius: 3,
      fill: 'slab-write',
      ref: { span: snapshot?.span, step: 'high-level/prepare-snapshot' },
      label: `${snapshot?.kind} snapshot: ${text}`,
    },
    ...words({
      key: 'stack/write/note',
      part: 'stack',
      x: rect.x + layout.small * 0.5,
      y: rect.y + layout.small * 0.98,
      text,
      room: rect.width - layout.small,
      size: layout.small,
      fill: 'rock-ink',
    }),
  ];
}
