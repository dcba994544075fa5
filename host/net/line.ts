/**
 * A map that remembers the order in which its keys were put: who has been silent longest, whose turn it is. A Map does too, but looking
 * for its first key walks over every one deleted before it, so that a queue kept in one costs its length at each turn.
 *
 *     first <-> ... <-> last      every node also in a Map, by its key
 */

interface Node<K, V> {
  key: K;
  value: V;
  before: Node<K, V> | undefined;
  after: Node<K, V> | undefined;
}

export class Line<K, V> {
  private readonly nodes = new Map<K, Node<K, V>>();
  private front: Node<K, V> | undefined;
  private back: Node<K, V> | undefined;

  get size(): number {
    return this.nodes.size;
  }

  get(key: K): V | undefined {
    return this.nodes.get(key)?.value;
  }

  has(key: K): boolean {
    return this.nodes.has(key);
  }

  /** The one put longest ago. */
  get first(): { readonly key: K; readonly value: V } | undefined {
    return this.front;
  }

  /** Puts a key at the back, wherever it stood. */
  put(key: K, value: V): void {
    const known = this.nodes.get(key);
    if (known && known === this.back) {
      known.value = value;
      return;
    }
    if (known) this.unlink(known);
    const node: Node<K, V> = known ?? { key, value, before: undefined, after: undefined };
    node.value = value;
    node.before = this.back;
    node.after = undefined;
    if (this.back) this.back.after = node;
    else this.front = node;
    this.back = node;
    if (!known) this.nodes.set(key, node);
  }

  delete(key: K): boolean {
    const node = this.nodes.get(key);
    if (!node) return false;
    this.nodes.delete(key);
    this.unlink(node);
    return true;
  }

  clear(): void {
    this.nodes.clear();
    this.front = this.back = undefined;
  }

  /** In order. Deleting the one that was given last is allowed. */
  *[Symbol.iterator](): Generator<[K, V]> {
    for (let node = this.front; node; ) {
      const { after } = node;
      yield [node.key, node.value];
      node = after;
    }
  }

  private unlink({ before, after }: Node<K, V>): void {
    if (before) before.after = after;
    else this.front = after;
    if (after) after.before = before;
    else this.back = before;
  }
}
