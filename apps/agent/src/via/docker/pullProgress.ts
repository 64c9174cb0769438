import type { Actor } from '@underdock/trace';
import type { Tell, Telling } from '../../run/tell.ts';

/** One line of the stream of `POST /images/create` (Docker Engine API, moby's jsonmessage). */
export interface PullLine {
  status?: string;
  /** A layer's digest, 12 digits of it; or, in the first line, the tag. */
  id?: string;
  progressDetail?: { current?: number; total?: number; units?: string };
  error?: string;
  errorDetail?: { message?: string };
}

interface Layer {
  index: number;
  /** 12 digits of its digest: more the engine does not say. */
  layerId: string;
  fetch?: Telling | undefined;
  fetched?: boolean;
  unpack?: Telling | undefined;
  bytes: number;
  totalBytes?: number | undefined;
  told?: number;
}

/** Not every line is told: a layer's progress this often (ms). */
const TELL_EVERY_MS = 100;

/** What an engine says while it pulls, as acts of the high-level layer for each image layer. */
export class PullProgress {
  /** Indices of the layers that the engine had already. */
  readonly present = new Set<number>();
  error: string | undefined;
  #layers = new Map<string, Layer>();
  #tell: Tell;
  #about: { cause: string[]; actor: Actor };

  constructor(tell: Tell, cause: string[], actor: Actor) {
    this.#tell = tell;
    this.#about = { cause, actor };
  }

  take(line: PullLine): void {
    const { status = '', id, progressDetail = {} } = line;
    if (line.error !== undefined || line.errorDetail) this.error = line.errorDetail?.message ?? line.error;
    if (id === undefined || !/^[0-9a-f]{12}$/.test(id)) return;
    const layer = this.#layer(id);
    if (status === 'Already exists') this.present.add(layer.index);
    else if (status === 'Downloading') this.#downloading(layer, progressDetail);
    else if (status === 'Download complete' || status === 'Verifying Checksum') this.#fetched(layer);
    else if (status === 'Extracting') this.#extracting(layer, progressDetail);
    else if (status === 'Pull complete') this.#complete(layer);
  }

  /** Ends what is still open, once the stream has ended. */
  end(error?: unknown): void {
    for (const { fetch, unpack } of this.#layers.values()) {
      for (const act of [fetch, unpack]) error === undefined ? act?.end({}) : act?.fail(error);
    }
    this.#layers.clear();
  }

  /** Layers come in the image's order, the lowest first. */
  #layer(layerId: string): Layer {
    const known = this.#layers.get(layerId);
    if (known) return known;
    const layer: Layer = { index: this.#layers.size, layerId, bytes: 0 };
    this.#layers.set(layerId, layer);
    return layer;
  }

  #downloading(layer: Layer, { current = 0, total }: { current?: number; total?: number }): void {
    const { index, layerId } = layer;
    const size = total && total > 0 ? { totalBytes: total } : {};
    layer.fetch ??= this.#tell.begin('high-level/fetch-layer', { index, layerId, ...size }, this.#about);
    layer.bytes = current;
    layer.totalBytes = total;
    if (this.#isDue(layer)) layer.fetch.progress({ bytes: current, ...size });
  }

  /** A small layer is there before any progress is said. */
  #fetched(layer: Layer): void {
    if (layer.fetched) return;
    layer.fetched = true;
    const { index, layerId, bytes, totalBytes = bytes } = layer;
    layer.fetch ??= this.#tell.begin('high-level/fetch-layer', { index, layerId }, this.#about);
    layer.fetch.end(totalBytes > 0 ? { bytes: totalBytes } : {});
    layer.fetch = undefined;
  }

  #extracting(layer: Layer, { current, units }: { current?: number; units?: string }): void {
    const { index, layerId } = layer;
    this.#fetched(layer);
    layer.unpack ??= this.#tell.begin('high-level/unpack-layer', { index, layerId }, this.#about);
    // Engines with containerd's image store say how many seconds it has taken so far, and no bytes.
    const so = units === 's' ? { seconds: current } : { bytes: current };
    if (current !== undefined && this.#isDue(layer)) layer.unpack.progress(so);
  }

  #complete(layer: Layer): void {
    layer.unpack?.end({});
    layer.unpack = undefined;
  }

  #isDue(layer: Layer): boolean {
    const now = performance.now();
    if (layer.told !== undefined && now - layer.told < TELL_EVERY_MS) return false;
    layer.told = now;
    return true;
  }
}
