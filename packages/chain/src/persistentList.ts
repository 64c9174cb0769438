/** Each node of the trie has 32 children; a push or set copies one node a level. */
const BITS = 5;
const WIDTH = 1 << BITS;
const MASK = WIDTH - 1;

type Node = readonly unknown[];

/**
 * A list that never changes: `push` and `set` give a new list that shares nearly everything with the old one, so that
 * hundreds of kept states of a long trace cost little more than one.
 */
export class PersistentList<T> implements Iterable<T> {
  readonly length: number;
  readonly #root: Node;
  /** Bits to shift an index by at the root: 0 = the root is a leaf. */
  readonly #shift: number;

  constructor(root: Node = [], length = 0, shift = 0) {
    this.#root = root;
    this.length = length;
    this.#shift = shift;
  }

  /** The item at `index`, counted from the end when negative; undefined outside. */
  at(index: number): T | undefined {
    const i = index < 0 ? this.length + index : index;
    if (i < 0 || i >= this.length) return undefined;
    let node = this.#root;
    for (let shift = this.#shift; shift > 0; shift -= BITS) node = node[(i >>> shift) & MASK] as Node;
    return node[i & MASK] as T;
  }

  /** A list with `item` at its end. */
  push(item: T): PersistentList<T> {
    const full = this.length === WIDTH << this.#shift;
    const root = full ? [this.#root] : this.#root;
    const shift = full ? this.#shift + BITS : this.#shift;
    return new PersistentList(put(root, shift, this.length, item), this.length + 1, shift);
  }

  /** A list with `item` in place `index`. Throws RangeError where there is no such place. */
  set(index: number, item: T): PersistentList<T> {
    if (index < 0 || index >= this.length) {
      throw new RangeError(`no item ${index} in a list of ${this.length}`);
    }
    return new PersistentList(put(this.#root, this.#shift, index, item), this.length, this.#shift);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.length; i++) yield this.at(i)!;
  }

  /** The newest items first. */
  *newestFirst(): Generator<T> {
    for (let i = this.length - 1; i >= 0; i--) yield this.at(i)!;
  }
}

function put(node: Node | undefined, shift: number, index: number, item: unknown): Node {
  const copy = node ? node.slice() : [];
  const slot = (index >>> shift) & MASK;
  copy[slot] = shift === 0 ? item : put(copy[slot] as Node | undefined, shift - BITS, index, item);
  return copy;
}
