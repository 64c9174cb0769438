import { chainIds } from '../digest.ts';
import { type Descriptor, type ImageConfig, type ImageManifest, layerHistory } from '../manifest.ts';
import { atMostEvery, observed } from '../observer.ts';
import { fetchInto } from './blob.ts';
import type { Pull } from './carried.ts';
import type { PulledLayer } from './pulled.ts';

/** Fetches all layers, several at once; rejects with the error of the first that fails. */
export async function fetchLayers(
  manifest: ImageManifest,
  config: ImageConfig,
  pull: Pull,
): Promise<PulledLayer[]> {
  const history = layerHistory(config);
  const chain = chainIds(config.rootfs.diff_ids);
  const stop = new AbortController();
  const signal = pull.signal ? AbortSignal.any([pull.signal, stop.signal]) : stop.signal;
  const layers: PulledLayer[] = [];
  const waiting = manifest.layers.entries();
  const worker = async () => {
    for (const [index, blob] of waiting) {
      const diffId = config.rootfs.diff_ids[index] ?? '';
      const place = { index, diffId, chainId: chain[index] ?? '' };
      layers[index] = await fetchLayer(blob, place, history[index], { ...pull, signal });
    }
  };
  const workers = Array.from({ length: Math.max(1, pull.settings.parallel) }, () =>
    worker().catch((error: unknown) => {
      // One layer that fails stops the others; its error is the one to tell.
      if (!stop.signal.aborted) stop.abort(error);
    }),
  );
  await Promise.all(workers);
  pull.signal?.throwIfAborted();
  stop.signal.throwIfAborted();
  return layers;
}

async function fetchLayer(
  blob: Descriptor,
  { index, diffId, chainId }: Pick<PulledLayer, 'index' | 'diffId' | 'chainId'>,
  createdBy: string | undefined,
  pull: Pull,
): Promise<PulledLayer> {
  const { digest, mediaType, size } = blob;
  const data = { index, digest, mediaType, totalBytes: size };
  const layer = await observed(pull.observer, 'fetch-layer', data, pull.parent, async (act) => {
    let got = 0;
    const tell = atMostEvery(100, () => act.progress({ bytes: got, totalBytes: size }));
    const report = await fetchInto(blob, `layer ${index + 1}`, { ...pull, parent: act }, (bytes) => {
      got = bytes;
      tell();
    });
    return { value: report, data: { bytes: size, ...report } };
  });
  const { cached = false } = layer;
  const made = createdBy === undefined ? {} : { createdBy };
  // One that was here already is told by whoever has it unpacked: twice would say nothing more.
  if (!cached) {
    const fetched = { index, digest, diffId, mediaType, bytes: size, ...made, cached };
    pull.observer.fact('has-layer', fetched, pull.parent);
  }
  return { index, digest, diffId, chainId, mediaType, bytes: size, ...made, cached };
}
