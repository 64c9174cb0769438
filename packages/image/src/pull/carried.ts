import type { Platform } from '../manifest.ts';
import type { ImageReference } from '../reference.ts';
import type { Journey } from '../registry/exchange.ts';
import type { Repository } from '../registry/repository.ts';
import type { BlobStore } from '../store.ts';

/** Everything a pull carries along. */
export interface Pull extends Journey {
  reference: ImageReference;
  repository: Repository;
  store: BlobStore;
  platform: Platform;
  verifyCached: boolean;
  local: boolean;
}

/** What a name stands for: an index or a manifest. */
export interface Resolved {
  digest: string;
  mediaType: string;
}
