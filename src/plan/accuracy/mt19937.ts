/**
 * The Mersenne Twister MT19937 (Matsumoto and Nishimura 1998) and the two steps that NumPy's legacy
 * `np.random.seed` and `np.random.randint` build on it, so that the request lengths of a benchmark
 * whose
 * seed is known can be drawn again, number for number.
 */

const STATE = 624;
const SHIFT = 397;
const UPPER = 0x80000000;
const LOWER = 0x7fffffff;
const TWIST = 0x9908b0df;
/** Multiplier of Knuth's seeding (TAOCP 2, 3rd ed., p. 106). */
const SEED_MULTIPLIER = 1812433253;

export class Mt19937 {
  private readonly state = new Uint32Array(STATE);
  private next = STATE;

  /** Seeds as `np.random.seed(seed)` does for a whole number below 2³². */
  constructor(seed: number) {
    const { state } = this;
    state[0] = seed;
    for (let i = 1; i < STATE; i++) {
      const last = state[i - 1]!;
      state[i] = Math.imul(SEED_MULTIPLIER, last ^ (last >>> 30)) + i;
    }
  }

  /** 32 random bits as a number ≥ 0. */
  uint32(): number {
    if (this.next === STATE) this.refill();
    let bits = this.state[this.next++]!;
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    bits ^= bits >>> 18;
    return bits >>> 0;
  }

  private refill(): void {
    const { state } = this;
    for (let i = 0; i < STATE; i++) {
      const bits = (state[i]! & UPPER) | (state[(i + 1) % STATE]! & LOWER);
      const twisted = (bits >>> 1) ^ ((bits & 1) === 1 ? TWIST : 0);
      state[i] = state[(i + SHIFT) % STATE]! ^ twisted;
    }
    this.next = 0;
  }

  /**
   * `np.random.randint(low, high, count)`: whole numbers low ≤ x < high by masked rejection, for
   * ranges below 2³².
   */
  integers(low: number, high: number, count: number): Uint32Array {
    const values = new Uint32Array(count);
    const range = high - 1 - low;
    if (range <= 0) return values.fill(low);
    const mask = 0xffffffff >>> Math.clz32(range);
    for (let i = 0; i < count; i++) {
      let value = (this.uint32() & mask) >>> 0;
      while (value > range) value = (this.uint32() & mask) >>> 0;
      values[i] = low + value;
    }
    return values;
  }
}
