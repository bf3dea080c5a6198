/**
 * Keys and values that were cut for other ranks or in other blocks have to be written anew before a decode worker can read
 * them: a kernel reads every byte where the transfer put it and writes it where it belongs.
 * Other simulators have no such step (`dynamo-simulation.md` §1.7). Assumption: it costs memory bandwidth only, of the decode
 * worker's GPUs, and disturbs nobody's forward passes.
 */

import { gpuRanks } from "../pool.ts";
import type { Pool } from "../pool.ts";

const BYTES_PER_GB_US = 1e3;

export class LayoutConversion {
  private readonly gbPerS: number;
  private readonly poolOf: readonly Pool[];

  /** @param gbPerS bytes that a GPU rewrites, GB/s; null: it takes no time */
  constructor(gbPerS: number | null, poolOf: readonly Pool[]) {
    this.gbPerS = gbPerS ?? Infinity;
    this.poolOf = poolOf;
  }

  /** Time that the bytes of a transfer between two workers, by number, take at its end, whole µs; 0: they fit as they are. */
  timeUs(from: number, to: number, bytes: number): number {
    const source = this.poolOf[from]!;
    const target = this.poolOf[to]!;
    const isSame =
      source.scenario.cluster.parallelism.tensor === target.scenario.cluster.parallelism.tensor &&
      source.engine.knobs.block_size === target.engine.knobs.block_size;
    if (isSame) return 0;
    return Math.ceil(bytes / (this.gbPerS * BYTES_PER_GB_US * gpuRanks(target)));
  }
}
