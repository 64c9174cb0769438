import type { TraceEvent } from '@underdock/trace';
import { failureOf } from './calls.ts';
import type { ContainerPicture, ImageLayer, ImageLayerState } from './container.ts';
import { known, number, text, words } from './fields.ts';

type Fold = (picture: ContainerPicture, event: TraceEvent) => ContainerPicture;

/** Steps of the high-level layer that change what is known of the image, the snapshot and the runtime config. */
export const IMAGE_FOLDS: Readonly<Record<string, Fold>> = {
  'high-level/resolve-image': (picture, { data }) => ({
    ...picture,
    ...known({
      reference: text(data, 'reference'),
      registry: text(data, 'registry'),
      digest: text(data, 'digest'),
      platform: text(data, 'platform'),
    }),
  }),
  'high-level/fetch-manifest': (picture, event) => {
    const layers = number(event.data, 'layers') ?? words(event.data, 'layers').length;
    return event.type === 'end' ? withLayerCount(picture, layers) : picture;
  },
  'high-level/fetch-layer': (picture, event) => changeLayer(picture, event, fetched),
  'high-level/verify-layer': (picture, event) => changeLayer(picture, event, verified),
  'high-level/unpack-layer': (picture, event) => changeLayer(picture, event, unpacked),
  'high-level/has-layer': (picture, event) => changeLayer(picture, event, present),
  'high-level/prepare-snapshot': prepareSnapshot,
  'high-level/has-snapshot': hasSnapshot,
  'high-level/write-config': writeConfig,
};

function changeLayer(
  picture: ContainerPicture,
  event: TraceEvent,
  change: (layer: ImageLayer, event: TraceEvent) => Partial<ImageLayer>,
): ContainerPicture {
  const index = number(event.data, 'index') ?? layerOfSpan(picture, event.span);
  if (index === undefined || !Number.isInteger(index) || index < 0 || index > 1000) return picture;
  const layers = withLayerCount(picture, index + 1).layers.slice();
  const old = layers[index]!;
  const { data } = event;
  const names = known({
    digest: text(data, 'digest'),
    diffId: text(data, 'diffId'),
    mediaType: text(data, 'mediaType'),
    totalBytes: number(data, 'totalBytes'),
    span: event.type === 'begin' ? event.span : undefined,
  });
  const failed: Partial<ImageLayer> = failureOf(event) ? { state: 'failed' } : {};
  layers[index] = { ...old, ...names, ...known(change(old, event)), ...failed };
  return { ...picture, layers };
}

/** Progress and end may leave out the index: their span knows. */
function layerOfSpan(picture: ContainerPicture, span: string | undefined): number | undefined {
  return span === undefined ? undefined : picture.layers.find((layer) => layer.span === span)?.index;
}

function fetched(old: ImageLayer, { type, data, at }: TraceEvent): Partial<ImageLayer> {
  if (type === 'begin') return { state: 'fetching', fetchAt: at, bytes: 0 };
  const bytes = number(data, 'bytes') ?? old.bytes;
  const seconds = (at - (old.fetchAt ?? at)) / 1000;
  const rate = seconds > 0 ? bytes / seconds : undefined;
  if (type !== 'end') return { bytes, rate };
  const cached = data.cached === true;
  return { bytes, rate: cached ? undefined : rate, state: cached ? 'cached' : later(old.state, 'fetching') };
}

function verified(old: ImageLayer, { type }: TraceEvent): Partial<ImageLayer> {
  return type === 'begin' ? { state: later(old.state, 'verifying') } : {};
}

function unpacked(_old: ImageLayer, { type, data }: TraceEvent): Partial<ImageLayer> {
  const counts = {
    unpackedBytes: number(data, 'bytes'),
    entries: number(data, 'entries'),
    whiteouts: number(data, 'whiteouts'),
  };
  if (type === 'begin') return { state: 'unpacking' };
  return type === 'end' ? { ...counts, state: 'ready' } : counts;
}

function present(old: ImageLayer, { data }: TraceEvent): Partial<ImageLayer> {
  const bytes = number(data, 'bytes');
  return {
    bytes: bytes ?? old.bytes,
    totalBytes: old.totalBytes ?? bytes,
    unpackedBytes: number(data, 'unpackedBytes'),
    createdBy: text(data, 'createdBy'),
    state: data.cached === true ? 'cached' : 'ready',
  };
}

const ORDER: readonly ImageLayerState[] = [
  'waiting',
  'fetching',
  'verifying',
  'unpacking',
  'ready',
  'cached',
  'failed',
];

/** Fetching, verifying and unpacking overlap while a layer streams: the picture never goes back. */
function later(old: ImageLayerState, next: ImageLayerState): ImageLayerState {
  return ORDER.indexOf(next) > ORDER.indexOf(old) ? next : old;
}

function withLayerCount(picture: ContainerPicture, count: number): ContainerPicture {
  if (picture.layers.length >= count) return picture;
  const layers = picture.layers.slice();
  for (let index = layers.length; index < Math.min(count, 1001); index++) {
    layers.push({ index, state: 'waiting', bytes: 0 });
  }
  return { ...picture, layers };
}

function prepareSnapshot(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const { data } = event;
  const old = picture.snapshot;
  const lower = words(data, 'lower');
  return {
    ...picture,
    snapshot: {
      kind: text(data, 'kind') === 'copy' ? 'copy' : 'overlay',
      lower: lower.length > 0 ? lower : (old?.lower ?? []),
      upper: text(data, 'upper') ?? old?.upper,
      work: text(data, 'work') ?? old?.work,
      target: text(data, 'target') ?? old?.target,
      why: text(data, 'why') ?? old?.why,
      ready: event.type === 'end' && !failureOf(event),
      span: event.span ?? old?.span,
    },
  };
}

function hasSnapshot(picture: ContainerPicture, { data }: TraceEvent): ContainerPicture {
  const old = picture.snapshot;
  const kind = text(data, 'kind') ?? old?.kind;
  return {
    ...picture,
    snapshot: {
      lower: [],
      ...old,
      kind: kind === 'copy' ? 'copy' : 'overlay',
      target: text(data, 'target') ?? old?.target,
      ...(words(data, 'lower').length > 0 ? { lower: words(data, 'lower') } : {}),
      ready: data.gone !== true,
      gone: data.gone === true ? true : undefined,
    },
  };
}

function writeConfig(picture: ContainerPicture, { type, data }: TraceEvent): ContainerPicture {
  const path = text(data, 'path') ?? picture.configPath;
  if (type !== 'end') return { ...picture, configPath: path };
  const config = typeof data.config === 'object' && data.config !== null ? data.config : picture.config;
  const provenance = Array.isArray(data.provenance) ? data.provenance : picture.provenance;
  return {
    ...picture,
    configPath: path,
    config: config as ContainerPicture['config'],
    provenance: provenance as ContainerPicture['provenance'],
  };
}
