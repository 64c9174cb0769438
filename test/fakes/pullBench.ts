import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Descriptor,
  ImageError,
  type PulledImage,
  parseReference,
  pullImage,
  type RegistrySettings,
  Store,
} from '@underdock/image';
import { type Misbehaviour, startBadRegistry } from './badRegistry.ts';
import { makeImage, makeTar } from './imageMaker.ts';

/** Short pauses, few attempts. */
export const QUICK: Partial<RegistrySettings> = {
  attempts: 3,
  backoffMs: 1,
  longestBackoffMs: 5,
  stallMs: 300,
};

/** A small image to be pulled from registries that misbehave, and stores to pull it into. */
export class PullBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'underdock-faults-'));
  readonly source = new Store(join(this.folder, 'source'));
  readonly #open: { close(): Promise<void> }[] = [];
  #target: Descriptor | undefined;

  /** Makes the image; call it first. */
  async prepare(): Promise<void> {
    // Uncompressed, so that the blob is long.
    const noise = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 0xff));
    this.#target = await makeImage(this.source, 'image', 'latest', [
      { tar: await makeTar([{ name: 'a', content: 'a' }]) },
      { tar: await makeTar([{ name: 'noise', content: noise }]), compression: 'none' },
    ]);
  }

  get target(): Descriptor {
    if (!this.#target) throw new Error('prepare() was not awaited');
    return this.#target;
  }

  get bigLayer(): Descriptor {
    return JSON.parse(readFileSync(this.source.path(this.target.digest), 'utf8')).layers[1];
  }

  /** A registry that is closed by `closeAll`. */
  async registry(misbehave: Misbehaviour) {
    const server = await startBadRegistry(this.source, misbehave);
    this.#open.push(server);
    return server;
  }

  async closeAll(): Promise<void> {
    for (const server of this.#open.splice(0)) await server.close();
  }

  newStore(): Store {
    return new Store(mkdtempSync(join(this.folder, 'store-')));
  }

  async pull(
    host: string,
    settings: Partial<RegistrySettings> = {},
    store = this.newStore(),
  ): Promise<{ store: Store; image: PulledImage }> {
    const image = await pullImage(parseReference(`${host}/image`), {
      store,
      settings: { ...QUICK, ...settings },
    });
    return { store, image };
  }

  /** The ImageError that a pull ends with; throws if it is none, or if something half-written is left. */
  async failure(host: string, settings: Partial<RegistrySettings> = {}): Promise<ImageError> {
    const store = this.newStore();
    const error = await this.pull(host, settings, store).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const left = unfinished(store);
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
    if (!(error instanceof ImageError)) throw new Error(`no ImageError but ${String(error)}`);
    return error;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** Names of half-written files in a store. */
export function unfinished(store: Store): string[] {
  const names = readdirSync(store.root, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile() && entry.name.endsWith('.partial'))
    .map((entry) => entry.name);
}
