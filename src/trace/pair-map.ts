/** Open-addressing map from pairs of 32-bit numbers to small integers. */

export class PairMap {
  #lows = new Uint32Array(16);
  #highs = new Uint32Array(16);
  /** value + 1, 0 when the slot is free. */
  #values = new Int32Array(16);
  #count = 0;

  /** The value stored for the pair, or `fresh` after storing it when there was none. */
  getOrPut(low: number, high: number, fresh: number): number {
    if (this.#count * 2 >= this.#values.length) this.#grow();
    const mask = this.#values.length - 1;
    let slot = mix(low, high) & mask;
    for (;;) {
      const value = this.#values[slot]!;
      if (value === 0) break;
      if (this.#lows[slot] === low && this.#highs[slot] === high) return value - 1;
      slot = (slot + 1) & mask;
    }
    this.#lows[slot] = low;
    this.#highs[slot] = high;
    this.#values[slot] = fresh + 1;
    this.#count++;
    return fresh;
  }

  #grow(): void {
    const lows = this.#lows;
    const highs = this.#highs;
    const values = this.#values;
    const length = values.length * 2;
    this.#lows = new Uint32Array(length);
    this.#highs = new Uint32Array(length);
    this.#values = new Int32Array(length);
    for (let old = 0; old < values.length; old++) {
      if (values[old] === 0) continue;
      let slot = mix(lows[old]!, highs[old]!) & (length - 1);
      while (this.#values[slot] !== 0) slot = (slot + 1) & (length - 1);
      this.#lows[slot] = lows[old]!;
      this.#highs[slot] = highs[old]!;
      this.#values[slot] = values[old]!;
    }
  }
}

/** Two rounds of multiply and shift: neighbouring ids must not share neighbouring slots' chains. */
function mix(low: number, high: number): number {
  let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
