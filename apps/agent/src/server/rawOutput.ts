import type { Run } from '../run/runs.ts';

export type OutputListener = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => unknown;

const MAX_KEPT_BYTES = 8 * 1024 * 1024;
const MAX_KEPT_MS = 30_000;

interface Kept {
  chunks: [stream: 'stdout' | 'stderr', bytes: Uint8Array][];
  bytes: number;
  listener: OutputListener | undefined;
  stop: () => void;
}

/**
 * The raw output of runs that a command line started over HTTP, kept for the moment until its socket asks for it, so that
 * its terminal misses nothing. What nobody has asked for after 30 s is let go.
 */
export class RawOutputs {
  readonly #kept = new Map<string, Kept>();

  keep(run: Run): void {
    const kept: Kept = { chunks: [], bytes: 0, listener: undefined, stop: () => {} };
    kept.stop = run.attach((stream, bytes) => {
      if (kept.listener) return kept.listener(stream, bytes);
      if (kept.bytes + bytes.length <= MAX_KEPT_BYTES) {
        kept.chunks.push([stream, bytes]);
        kept.bytes += bytes.length;
      }
    });
    this.#kept.set(run.id, kept);
    setTimeout(() => {
      if (!kept.listener) this.#forget(run.id);
    }, MAX_KEPT_MS).unref();
  }

  /** Hands over what was kept and then what comes. Returns how to stop. */
  attach(run: Run, listener: OutputListener): () => void {
    const kept = this.#kept.get(run.id);
    if (!kept || kept.listener) return run.attach(listener);
    kept.listener = listener;
    for (const [stream, bytes] of kept.chunks.splice(0)) listener(stream, bytes);
    return () => this.#forget(run.id);
  }

  #forget(id: string): void {
    this.#kept.get(id)?.stop();
    this.#kept.delete(id);
  }
}
