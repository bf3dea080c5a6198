/**
 * A 128-bit, order-sensitive digest of numbers and text, equal on every engine and byte order.
 *
 * It compares results (two runs, two modes, Node and Chromium); it is not a cryptographic hash.
 * Four 32-bit lanes rotate by one place per word, as in a shift register. Each word enters one lane
 * through a multiply-rotate-multiply mix in the manner of MurmurHash3 (A. Appleby, public domain;
 * constants from its x86 variants) and is added to a second one, so that no two words close
 * together can cancel.
 */
const MIX_A = 0xcc9e2d51 | 0;
const MIX_B = 0x1b873593;
const STEP = 0xe6546b64 | 0;
const FINAL_A = 0x85ebca6b | 0;
const FINAL_B = 0xc2b2ae35 | 0;
// Any four distinct odd words serve as a start: these are fractional bits of √2, √3, √5, √7 made
// odd.
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef373, 0xa54ff53b] as const;

// Canonical quiet NaN: engines are free to keep other payloads.
const NAN_HIGH = 0x7ff80000;

const f64 = new Float64Array(1);
const u32 = new Uint32Array(f64.buffer);
f64[0] = 1; // 0x3ff00000_00000000: the word that is not zero is the high one
const HIGH = u32[0] === 0 ? 1 : 0;
const LOW = 1 - HIGH;

export class Digest {
  private readonly lanes = Int32Array.from(START);
  private words = 0;

  /** Adds the low 32 bits of an integer (two's complement). */
  addU32(x: number): void {
    this.words++;
    const lanes = this.lanes;
    let k = Math.imul(x, MIX_A);
    k = Math.imul((k << 15) | (k >>> 17), MIX_B);
    const a = lanes[0]! ^ k;
    const b = lanes[1]!;
    lanes[0] = b + ((k << 16) | (k >>> 16));
    lanes[1] = lanes[2]!;
    lanes[2] = lanes[3]!;
    lanes[3] = Math.imul((((a << 13) | (a >>> 19)) + b) | 0, 5) + STEP;
  }

  /** Adds a number by the two words of its float64; −0 counts as 0, every NaN as one NaN. */
  addF64(x: number): void {
    if (x !== x) {
      this.addU32(0);
      this.addU32(NAN_HIGH);
      return;
    }
    f64[0] = x + 0; // −0 + 0 is 0
    this.addU32(u32[LOW]!);
    this.addU32(u32[HIGH]!);
  }

  /**
   * Adds a text by its length and UTF-16 code units, so that ("ab", "c") and ("a", "bc") differ.
   */
  addText(s: string): void {
    this.addU32(s.length);
    for (let i = 0; i < s.length; i += 2) {
      const next = i + 1 < s.length ? s.charCodeAt(i + 1) : 0;
      this.addU32(s.charCodeAt(i) | (next << 16));
    }
  }

  /** 32 hexadecimal digits of everything added so far. More may be added afterwards. */
  hex(): string {
    const lanes = this.lanes;
    let a = lanes[0]! ^ (this.words | 0);
    let b = lanes[1]!;
    let c = lanes[2]!;
    let d = lanes[3]!;
    // Two rounds of "every lane into every other", with a full avalanche of each lane between them.
    for (let round = 0; round < 2; round++) {
      a = (a + b + c + d) | 0;
      b = avalanche((b + a) | 0);
      c = avalanche((c + a) | 0);
      d = avalanche((d + a) | 0);
      a = avalanche((a + b + c + d) | 0);
    }
    return word(a) + word(b) + word(c) + word(d);
  }
}

/**
 * MurmurHash3's 32-bit finaliser: a bijection in which every input bit reaches every output bit.
 */
function avalanche(x: number): number {
  let h = x ^ (x >>> 16);
  h = Math.imul(h, FINAL_A);
  h ^= h >>> 13;
  h = Math.imul(h, FINAL_B);
  return h ^ (h >>> 16);
}

function word(x: number): string {
  return (x >>> 0).toString(16).padStart(8, "0");
}
