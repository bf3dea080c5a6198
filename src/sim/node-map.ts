/**
 * Map from forest node to pool entry: open addressing, linear probing, deletion by shifting back. Keys and
 * values lie side by side: a lookup touches one cache line as a rule.
 */

const EMPTY = -1;
/** Fibonacci hashing: 2^32 divided by the golden ratio. */
const GOLDEN = 0x9e3779b1;
const SHIFT_FIRST = 29;

/** Shared by all maps that hold nothing yet. */
const NO_PAIRS = new Int32Array(0);

export class NodeMap {
  size = 0;
  /** Pairs of node and entry; allocated with the first one. */
  private pairs = NO_PAIRS;
  private shift = SHIFT_FIRST;

  /** The entry of a node, −1 when it has none. */
  get(node: number): number {
    const { pairs } = this;
    if (pairs.length === 0) return -1;
    const mask = pairs.length - 2;
    let at = (Math.imul(node, GOLDEN) >>> this.shift) << 1;
    for (;;) {
      const key = pairs[at]!;
      if (key === node) return pairs[at + 1]!;
      if (key === EMPTY) return -1;
      at = (at + 2) & mask;
    }
  }

  set(node: number, entry: number): void {
    if (this.size * 4 >= this.pairs.length) this.grow();
    this.insert(node, entry);
    this.size++;
  }

  delete(node: number): void {
    const { pairs } = this;
    if (pairs.length === 0) return;
    const mask = pairs.length - 2;
    let hole = (Math.imul(node, GOLDEN) >>> this.shift) << 1;
    while (pairs[hole] !== node) {
      if (pairs[hole] === EMPTY) return;
      hole = (hole + 2) & mask;
    }
    this.size--;
    let at = hole;
    for (;;) {
      at = (at + 2) & mask;
      const key = pairs[at]!;
      if (key === EMPTY) break;
      const home = (Math.imul(key, GOLDEN) >>> this.shift) << 1;
      // The key may move into the hole unless its home lies cyclically between the hole and its place.
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        pairs[hole] = key;
        pairs[hole + 1] = pairs[at + 1]!;
        hole = at;
      }
    }
    pairs[hole] = EMPTY;
  }

  private insert(node: number, entry: number): void {
    const { pairs } = this;
    const mask = pairs.length - 2;
    let at = (Math.imul(node, GOLDEN) >>> this.shift) << 1;
    while (pairs[at] !== EMPTY) at = (at + 2) & mask;
    pairs[at] = node;
    pairs[at + 1] = entry;
  }

  private grow(): void {
    const { pairs } = this;
    const capacity = pairs.length === 0 ? 1 << (32 - SHIFT_FIRST + 1) : pairs.length * 2;
    this.pairs = new Int32Array(capacity).fill(EMPTY);
    if (pairs.length > 0) this.shift--;
    for (let at = 0; at < pairs.length; at += 2) {
      if (pairs[at] !== EMPTY) this.insert(pairs[at]!, pairs[at + 1]!);
    }
  }
}
