import type { HashRuns } from "./trace.ts";

/**
 * Grows a tree of prompts: a path is the block ids of one prompt, a prefix of its parent's path
 * followed by new ids. Ids are chained by construction, so equal ids mean equal prefixes. O(runs)
 * per path.
 */
export class PrefixTree {
  /** Path p owns runs first[p] ≤ i < first[p+1]. */
  private readonly first: number[] = [0];
  private readonly start: number[] = [];
  private readonly length: number[] = [];
  private nextId = 0;

  /**
   * Adds a path of `blocks` ids, of which the first `kept` are the parent's; the rest are new.
   *
   * @param parent a path, −1 for none
   * @param kept at most the parent's blocks; what exceeds them is new
   * @returns the path
   */
  addPath(parent: number, kept: number, blocks: number): number {
    let missing = Math.max(0, blocks);
    if (parent >= 0) {
      let keep = Math.min(kept, missing);
      for (let run = this.first[parent]!; run < this.first[parent + 1]! && keep > 0; run++) {
        const taken = Math.min(keep, this.length[run]!);
        this.append(this.start[run]!, taken);
        keep -= taken;
        missing -= taken;
      }
    }
    if (missing > 0) {
      this.append(this.nextId, missing);
      this.nextId += missing;
    }
    this.first.push(this.start.length);
    return this.first.length - 2;
  }

  private append(start: number, length: number): void {
    const last = this.start.length - 1;
    const isSamePath = last >= this.first[this.first.length - 1]!;
    if (isSamePath && this.start[last]! + this.length[last]! === start) {
      this.length[last] = this.length[last]! + length;
    } else {
      this.start.push(start);
      this.length.push(length);
    }
  }

  /** The given paths as rows, their ids renumbered densely in order of first appearance. */
  hashRuns(paths: readonly number[]): HashRuns {
    const renamed = new Int32Array(this.nextId).fill(-1);
    const rowStart = new Uint32Array(paths.length + 1);
    const start: number[] = [];
    const length: number[] = [];
    let idCount = 0;
    for (const [row, path] of paths.entries()) {
      let expected = -1;
      for (let run = this.first[path]!; run < this.first[path + 1]!; run++) {
        const end = this.start[run]! + this.length[run]!;
        for (let old = this.start[run]!; old < end; old++) {
          const id = renamed[old]! < 0 ? (renamed[old] = idCount++) : renamed[old]!;
          if (id === expected) {
            length[length.length - 1] = length[length.length - 1]! + 1;
          } else {
            start.push(id);
            length.push(1);
          }
          expected = id + 1;
        }
      }
      rowStart[row + 1] = start.length;
    }
    return {
      rowStart,
      start: Uint32Array.from(start),
      length: Uint32Array.from(length),
      idCount,
    };
  }
}
