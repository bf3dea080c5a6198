/**
 * How often keys were seen lately, in little memory: a count-min sketch of four rows of counters up to 15. When ten times
 * as many counts as the cache has blocks have come, all counters are halved, so that old fame fades.
 *
 * Source: TinyLFU (Einziger, Friedman, Manes, ACM ToS 2017); sizes as NVIDIA's KVBM has them (`dynamo-policies.md` §3.4).
 */

const ROWS = 4;
const COUNT_MAX = 15;
const AGE_AFTER = 10;
/** Most counters of a row: 2^22, four mebibytes (assumption: beyond it collisions cost less than memory does). */
const WIDTH_BITS_MAX = 22;
/** Odd multipliers, one a row: the golden ratio and the constants of MurmurHash3's finalisers. */
const MULTIPLIERS = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;

export class FrequencySketch {
  private readonly counters: Uint8Array;
  private readonly shift: number;
  private readonly ageAfter: number;
  private counted = 0;

  /** @param capacity blocks of the cache */
  constructor(capacity: number) {
    let bits = 4;
    while (bits < WIDTH_BITS_MAX && 1 << bits < capacity) bits++;
    this.shift = 32 - bits;
    this.counters = new Uint8Array(ROWS << bits);
    this.ageAfter = AGE_AFTER * capacity;
  }

  /** Counts a key once; `weight`: blocks that it stands for. */
  add(key: number, weight: number): void {
    const { counters } = this;
    for (let row = 0; row < ROWS; row++) {
      const at = this.place(row, key);
      if (counters[at]! < COUNT_MAX) counters[at]!++;
    }
    this.counted += weight;
    if (this.counted < this.ageAfter) return;
    this.counted = Math.floor(this.counted / 2);
    for (let i = 0; i < counters.length; i++) counters[i]! >>= 1;
  }

  /** Estimate of a key's count, never below the truth since the last ageing; at most 15. */
  count(key: number): number {
    let least = COUNT_MAX;
    for (let row = 0; row < ROWS; row++) {
      const counted = this.counters[this.place(row, key)]!;
      if (counted < least) least = counted;
    }
    return least;
  }

  private place(row: number, key: number): number {
    // The high bits of a product depend on all bits of the key.
    const mixed = Math.imul(key ^ (key >>> 15) ^ (row << 27), MULTIPLIERS[row]!);
    return (row << (32 - this.shift)) + (mixed >>> this.shift);
  }
}
