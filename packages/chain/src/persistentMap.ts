/** Bits of the hash that one level of the trie eats: 32 children a node. */
const BITS = 5;
const MASK = (1 << BITS) - 1;
const MAX_DEPTH = 6;

type Node<V> =
  | { children: readonly (Node<V> | undefined)[] }
  | { entries: readonly (readonly [string, V])[] };

/** A map from strings that never changes: `set` gives a new one which shares nearly everything with the old one. */
export class PersistentMap<V> {
  readonly size: number;
  readonly #root: Node<V> | undefined;

  constructor(root?: Node<V>, size = 0) {
    this.#root = root;
    this.size = size;
  }

  get(key: string): V | undefined {
    const code = hash(key);
    let node = this.#root;
    for (let depth = 0; node; depth++) {
      if ('entries' in node) return node.entries.find(([k]) => k === key)?.[1];
      node = node.children[(code >>> (depth * BITS)) & MASK];
    }
    return undefined;
  }

  set(key: string, value: V): PersistentMap<V> {
    const known = this.get(key) !== undefined;
    return new PersistentMap(insert(this.#root, key, hash(key), 0, value), this.size + (known ? 0 : 1));
  }
}

function insert<V>(node: Node<V> | undefined, key: string, code: number, depth: number, value: V): Node<V> {
  if (!node) return { entries: [[key, value]] };
  if ('children' in node) {
    const slot = (code >>> (depth * BITS)) & MASK;
    const children = node.children.slice();
    children[slot] = insert(children[slot], key, code, depth + 1, value);
    return { children };
  }
  const entries = node.entries.filter(([k]) => k !== key);
  if (entries.length < 8 || depth >= MAX_DEPTH) return { entries: [...entries, [key, value]] };
  const split: Node<V> = [...entries, [key, value] as const].reduce<Node<V>>(
    (made, [k, v]) => insert(made, k, hash(k), depth, v),
    { children: [] },
  );
  return split;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let code = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) code = Math.imul(code ^ text.charCodeAt(i), 0x01000193);
  return code >>> 0;
}
