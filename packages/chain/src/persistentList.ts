/** How many items one leaf holds; a push copies one leaf and the spine above it. */
const WIDTH = 64;

/**
 * A list that never changes: `push` and `set` give a new list that shares all but one leaf with the old one, so that
 * thousands of kept states of a long trace cost little more than one.
 */
export class PersistentList<T> implements Iterable<T> {
  readonly length: number;
  readonly #leaves: readonly (readonly T[])[];

  constructor(leaves: readonly (readonly T[])[] = [], length = 0) {
    this.#leaves = leaves;
    this.length = length;
  }

  /** The item at `index`, counted from the end when negative; undefined outside. */
  at(index: number): T | undefined {
    const i = index < 0 ? this.length + index : index;
    return this.#leaves[Math.floor(i / WIDTH)]?.[i % WIDTH];
  }

  push(item: T): PersistentList<T> {
    const leaves = this.#leaves.slice();
    const last = leaves.length - 1;
    if (this.length % WIDTH === 0) leaves.push([item]);
    else leaves[last] = [...leaves[last]!, item];
    return new PersistentList(leaves, this.length + 1);
  }

  /** A list with `item` in place `index`, which must exist. */
  set(index: number, item: T): PersistentList<T> {
    if (index < 0 || index >= this.length)
      throw new RangeError(`no item ${index} in a list of ${this.length}`);
    const leaves = this.#leaves.slice();
    const leaf = leaves[Math.floor(index / WIDTH)]!.slice();
    leaf[index % WIDTH] = item;
    leaves[Math.floor(index / WIDTH)] = leaf;
    return new PersistentList(leaves, this.length);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const leaf of this.#leaves) yield* leaf;
  }

  /** The newest items first, without touching the rest. */
  *newestFirst(): Generator<T> {
    for (let i = this.length - 1; i >= 0; i--) yield this.at(i)!;
  }
}
