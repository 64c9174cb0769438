import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from './error.ts';
import type { Descriptor } from './manifest.ts';

/** What a tag stands for. */
export type TagTarget = Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;

/** Which manifest each tag of each repository stands for: one small file per tag, replaced at once. */
export class References {
  readonly #folder: string;
  constructor(folder: string) {
    this.#folder = folder;
  }

  async set(repository: string, tag: string, target: TagTarget): Promise<void> {
    const folder = join(this.#folder, encodeURIComponent(repository));
    const partial = join(folder, `.${process.pid}.${randomBytes(6).toString('hex')}.partial`);
    try {
      await mkdir(folder, { recursive: true });
      const { mediaType, digest, size } = target;
      await writeFile(partial, JSON.stringify({ mediaType, digest, size }), { flush: true });
      await rename(partial, join(folder, `${tag}.json`));
    } catch (error) {
      await rm(partial, { force: true });
      throw fileError(error, `noting what ${repository}:${tag} stands for`);
    }
  }

  /** Undefined when the tag was never set, or its note is unreadable. */
  async get(repository: string, tag: string): Promise<TagTarget | undefined> {
    try {
      return JSON.parse(
        await readFile(join(this.#folder, encodeURIComponent(repository), `${tag}.json`), 'utf8'),
      );
    } catch {
      return undefined;
    }
  }

  async remove(repository: string, tag: string): Promise<void> {
    await rm(join(this.#folder, encodeURIComponent(repository), `${tag}.json`), { force: true });
  }

  /** Tags of a repository, sorted; empty when it is unknown. */
  async tags(repository: string): Promise<string[]> {
    const names = await readdir(join(this.#folder, encodeURIComponent(repository))).catch(() => []);
    return names
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .map((name) => name.slice(0, -'.json'.length))
      .sort();
  }

  async repositories(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(() => []);
    return names.map(decodeURIComponent).sort();
  }
}
