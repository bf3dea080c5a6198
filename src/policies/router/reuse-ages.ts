/**
 * How long after a block was used it is used again, over everything that passes a router: from it follows what a cache
 * that forgets blocks at some age loses, and what it would lose by forgetting them a little earlier.
 *
 * With h the hazard of use at age t, a block more in a least-recently-used cache that keeps blocks for T lets all others go a
 * little earlier, and T·h(T) of them would have been used again (from Che, Tung and Wang's approximation, IEEE JSAC 2002).
 */

import { HALF_OCTAVE, halfOctaveOf } from "./half-octaves.ts";

const US_PER_MS = 1000;
/** Half-octaves of age: from 1 ms to two weeks. */
const BINS = 61;
/** Bins on either side that the hazard is taken over (assumption: ages of one kind of waits spread over a factor of two). */
const SPREAD = 2;
/** All counts are halved beyond so many uses of blocks: old habits fade (assumption: an hour of a busy group or more). */
const FADE_AT_BLOCKS = 4_000_000;

export class ReuseAges {
  private readonly again = new Float64Array(BINS);
  private used = 0;
  private readonly gains = new Float64Array(BINS);

  /** A prompt has used `blocks` blocks, `ageUs` after they were last used; NaN: never before. */
  use(blocks: number, ageUs: number): void {
    this.used += blocks;
    if (!Number.isNaN(ageUs)) this.again[halfOctaveOf(ageUs / US_PER_MS)]! += blocks;
    if (this.used < FADE_AT_BLOCKS) return;
    this.used /= 2;
    for (let bin = 0; bin < BINS; bin++) this.again[bin]! /= 2;
  }

  /** Brings `gainAt` up to date with what has been used. */
  settle(): void {
    const { again, gains, used } = this;
    let left = used;
    let near = 0;
    for (let bin = 0; bin < SPREAD; bin++) near += again[bin]!;
    for (let bin = 0; bin < BINS; bin++) {
      if (bin + SPREAD < BINS) near += again[bin + SPREAD]!;
      if (bin > SPREAD) near -= again[bin - SPREAD - 1]!;
      const bins = Math.min(BINS - 1, bin + SPREAD) - Math.max(0, bin - SPREAD) + 1;
      const displaced = left > 0 ? near / (bins * HALF_OCTAVE * left) : 0;
      left -= again[bin]!;
      gains[bin] = used > 0 ? 1 - left / used - displaced : 0;
    }
  }

  /**
   * Blocks that computing one less later saves where a cache keeps what is not used for `ageUs`: the share of blocks
   * that are used again while they are there, less the blocks that one more displaces although they would have been used.
   */
  gainAt(ageUs: number): number {
    return this.gains[halfOctaveOf(ageUs / US_PER_MS)]!;
  }
}
