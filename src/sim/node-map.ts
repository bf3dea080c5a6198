/** Map from forest node to pool entry: open addressing on Int32 columns, linear probing, deletion by shifting back. */

const EMPTY = -1;
/** Fibonacci hashing: 2^32 divided by the golden ratio. */
const GOLDEN = 0x9e3779b1;

export class NodeMap {
  size = 0;
  private keys = new Int32Array(16).fill(EMPTY);
  private values = new Int32Array(16);
  private shift = 28;

  /** The entry of a node, −1 when it has none. */
  get(node: number): number {
    const keys = this.keys;
    const mask = keys.length - 1;
    let index = Math.imul(node, GOLDEN) >>> this.shift;
    for (;;) {
      const key = keys[index]!;
      if (key === node) return this.values[index]!;
      if (key === EMPTY) return -1;
      index = (index + 1) & mask;
    }
  }

  set(node: number, entry: number): void {
    if (this.size * 2 >= this.keys.length) this.grow();
    this.insert(node, entry);
    this.size++;
  }

  delete(node: number): void {
    const keys = this.keys;
    const mask = keys.length - 1;
    let hole = Math.imul(node, GOLDEN) >>> this.shift;
    while (keys[hole] !== node) {
      if (keys[hole] === EMPTY) return;
      hole = (hole + 1) & mask;
    }
    this.size--;
    let index = hole;
    for (;;) {
      index = (index + 1) & mask;
      const key = keys[index]!;
      if (key === EMPTY) break;
      const home = Math.imul(key, GOLDEN) >>> this.shift;
      // The key may move into the hole unless its home lies cyclically between the hole and its place.
      if (((index - home) & mask) >= ((index - hole) & mask)) {
        keys[hole] = key;
        this.values[hole] = this.values[index]!;
        hole = index;
      }
    }
    keys[hole] = EMPTY;
  }

  private insert(node: number, entry: number): void {
    const mask = this.keys.length - 1;
    let index = Math.imul(node, GOLDEN) >>> this.shift;
    while (this.keys[index] !== EMPTY) index = (index + 1) & mask;
    this.keys[index] = node;
    this.values[index] = entry;
  }

  private grow(): void {
    const { keys, values } = this;
    this.keys = new Int32Array(keys.length * 2).fill(EMPTY);
    this.values = new Int32Array(keys.length * 2);
    this.shift--;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] !== EMPTY) this.insert(keys[i]!, values[i]!);
    }
  }
}
