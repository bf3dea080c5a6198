/** Where the tokens of admitted prompts came from: kept by request while its fetch is on its way or waits to be admitted. */

import { SLOT_NUMBERS } from "../request-table.ts";

export class FetchedTokens {
  /** Tokens of first admissions that came from each source: the levels, then peers. */
  readonly used: Float64Array;
  /** Fetched, and gone from the worker's cache before their request was admitted. */
  lost = 0;
  private readonly stride: number;
  /** By request: tokens that it had before the fetch, then those of each source. */
  private bySlot: Float64Array;

  constructor(sources: number) {
    this.used = new Float64Array(sources);
    this.stride = sources + 1;
    this.bySlot = new Float64Array(256 * this.stride);
  }

  begin(slot: number, haveTokens: number): void {
    const at = this.place(slot);
    if (at + this.stride > this.bySlot.length) {
      const grown = new Float64Array(2 * (at + this.stride));
      grown.set(this.bySlot);
      this.bySlot = grown;
    }
    this.bySlot.fill(0, at, at + this.stride);
    this.bySlot[at] = haveTokens;
  }

  add(slot: number, source: number, tokens: number): void {
    this.bySlot[this.place(slot) + 1 + source]! += tokens;
  }

  /** A request that fetched is admitted with `cached` tokens: what is missing was evicted meanwhile, the deepest first. */
  admitted(slot: number, cached: number): void {
    const at = this.place(slot);
    let left = Math.max(0, cached - this.bySlot[at]!);
    for (let source = 0; source < this.used.length; source++) {
      const tokens = this.bySlot[at + 1 + source]!;
      const kept = Math.min(tokens, left);
      left -= kept;
      this.used[source]! += kept;
      this.lost += tokens - kept;
    }
  }

  private place(slot: number): number {
    return (slot / SLOT_NUMBERS) * this.stride;
  }
}
