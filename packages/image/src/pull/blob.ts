import type { Descriptor } from '../manifest.ts';
import type { Pull } from './carried.ts';

/** Fetches a blob into the store, verified; says whether it was there, or how it came. */
export async function fetchInto(
  blob: Descriptor,
  purpose: string,
  pull: Pull,
  onProgress: (bytes: number) => void,
): Promise<{ cached?: boolean; resumed?: number; attempts?: number }> {
  let came: { attempts?: number; resumed?: number } = {};
  const { cached } = await pull.store.write(
    blob,
    async (sink, signal) => {
      const { attempts, resumed } = await pull.repository.blob(
        blob,
        purpose,
        sink,
        { ...pull, signal },
        onProgress,
      );
      came = { attempts, ...(resumed > 0 ? { resumed } : {}) };
    },
    { full: pull.verifyCached, ...(pull.signal ? { signal: pull.signal } : {}) },
  );
  return cached ? { cached } : came;
}
