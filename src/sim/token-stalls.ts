/**
 * Decoding requests that sit out forward passes of prompts alone (SGLang's EXTEND): their next gap spans those passes.
 * Kept as groups by the time of the last token, so that a pass costs one group and not a walk over the batch.
 */

import type { GapHistogram } from "../core/index.ts";

export class TokenStalls {
  /** Requests in all groups. */
  requests = 0;
  /** Ascending times of last tokens, and the requests that wait since then. */
  private readonly sinceUs: number[] = [];
  private readonly counts: number[] = [];

  /** A pass without decodes starts at `nowUs` beside a decode group of `decoding` requests. */
  hold(nowUs: number, decoding: number): void {
    const fresh = decoding - this.requests;
    if (fresh === 0) return;
    this.requests = decoding;
    this.sinceUs.push(nowUs);
    this.counts.push(fresh);
  }

  /**
   * A request leaves the decode group before its next token; `joinedUs`: when it joined. Returns the time of its last
   * token, NaN when it has sat out no pass.
   */
  leave(joinedUs: number): number {
    const { sinceUs, counts } = this;
    // Who had joined by the first pass is in the first group, later ones are in the group of their time.
    let group = 0;
    while (group < sinceUs.length && sinceUs[group]! < joinedUs) group++;
    if (group === sinceUs.length) return NaN;
    counts[group]!--;
    this.requests--;
    return sinceUs[group]!;
  }

  /** The decode step that started at `startUs` and took `stepUs` gave everybody a token: records the gaps they saw. */
  end(gaps: GapHistogram, startUs: number, stepUs: number): void {
    for (let group = 0; group < this.counts.length; group++) {
      gaps.add(startUs - this.sinceUs[group]! + stepUs, this.counts[group]!);
    }
    this.clear();
  }

  clear(): void {
    this.requests = 0;
    this.sinceUs.length = 0;
    this.counts.length = 0;
  }
}
