/** What hand-offs took: counts, bytes and times, for the report. */

import { QuantileSketch } from "../../core/index.ts";
import type { Stream } from "../../core/index.ts";

export class HandoffStats {
  /** Requests whose keys and values came from a prefill worker. */
  handoffs = 0;
  /** Prompts that a decode worker had to compute after all. */
  fallbacks = 0;
  timeouts = 0;
  /** Transfers that failed at their end. */
  failures = 0;
  bytes = 0;
  /** Blocks of the prompts, and those of them that were moved. */
  blocks = 0;
  blocksMoved = 0;
  /** Prompt computed → memory at the decode worker, and memory and prompt → all there, µs. */
  readonly reserveUs = new QuantileSketch();
  readonly transferUs = new QuantileSketch();
  /** Time that rewriting into another layout took, of those that needed it, µs. */
  readonly conversionUs = new QuantileSketch();
  /** Time a prefill worker held the blocks of a computed prompt, µs. */
  readonly heldUs = new QuantileSketch();

  /** Whether a transfer that has just ended failed; `share` of them do. */
  fails(share: number, random: Stream): boolean {
    const hasFailed = share > 0 && random.next() < share;
    if (hasFailed) this.failures++;
    return hasFailed;
  }

  transfer(bytes: number, moved: number, blocks: number): void {
    this.bytes += bytes;
    this.blocksMoved += moved;
    this.blocks += blocks;
  }

  landed(prefilledUs: number, reservedUs: number, nowUs: number): void {
    this.handoffs++;
    this.heldUs.add(nowUs - prefilledUs);
    this.reserveUs.add(Math.max(0, reservedUs - prefilledUs));
    this.transferUs.add(nowUs - Math.max(prefilledUs, reservedUs));
  }
}
