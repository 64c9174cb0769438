import { errnoOf } from '../error.ts';
import { shownName } from './tarStream.ts';

/** Something that this user or this file system can’t make, counted by kind and reason. */
export interface Skipped {
  what: 'owner' | 'device' | 'fifo' | 'xattr' | 'mode' | 'time' | 'aufs-metadata';
  why: string;
  count: number;
  /** The first few paths. */
  examples: string[];
}

const EXAMPLES = 5;
// Errors that mean "not for you" or "not here", not that the disk is broken.
const REFUSALS = new Set([
  'EPERM',
  'EACCES',
  'EINVAL',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EOVERFLOW',
  'ERANGE',
  'ENODATA',
  'ENOSYS',
]);

/** Gathers what was skipped. */
export class SkippedList {
  readonly #found = new Map<string, Skipped>();
  add(what: Skipped['what'], why: string, name: string): void {
    const key = `${what} ${why}`;
    const entry = this.#found.get(key) ?? { what, why, count: 0, examples: [] };
    this.#found.set(key, entry);
    entry.count += 1;
    if (entry.examples.length < EXAMPLES) entry.examples.push(shownName(name));
  }
  /** Runs something that may not be permitted: a refusal is counted, any other error thrown. */
  attempt(what: Skipped['what'], name: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined || !REFUSALS.has(errno)) throw error;
      this.add(what, errno, name);
    }
  }
  list(): Skipped[] {
    return [...this.#found.values()];
  }
}
