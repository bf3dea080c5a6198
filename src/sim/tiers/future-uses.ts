/** The parents of a forest's nodes, and which requests will take a node: what Belady's oracle reads. */

import type { PrefixForest } from "../prefix-forest.ts";

/** Node before each node on the paths that have it, −1: it is first. */
export function parentsOf(forest: PrefixForest): Int32Array {
  const { path, pathStart } = forest;
  const parents = new Int32Array(forest.nodes).fill(-1);
  for (let row = 0; row + 1 < pathStart.length; row++) {
    for (let i = pathStart[row]! + 1; i < pathStart[row + 1]!; i++)
      parents[path[i]!] = path[i - 1]!;
  }
  return parents;
}

/** Rows of the trace that take each node, read forwards only. */
export class FutureUses {
  /** The newest row that has come; earlier ones are past. */
  now = -1;
  private readonly first: Uint32Array;
  private readonly rows: Int32Array;
  /** By node: its first row that is not known to be past. */
  private readonly cursor: Uint32Array;

  constructor(forest: PrefixForest) {
    const { path, pathStart, nodes } = forest;
    const first = new Uint32Array(nodes + 1);
    const last = pathStart[pathStart.length - 1] ?? 0;
    for (const node of path.subarray(0, last)) first[node + 1]!++;
    for (let node = 0; node < nodes; node++) first[node + 1]! += first[node]!;
    this.rows = new Int32Array(last);
    const filled = first.slice(0, nodes);
    for (let row = 0; row + 1 < pathStart.length; row++) {
      for (let i = pathStart[row]!; i < pathStart[row + 1]!; i++) {
        this.rows[filled[path[i]!]!++] = row;
      }
    }
    this.first = first;
    this.cursor = first.slice(0, nodes);
  }

  /** The next row that takes the node; Infinity: none does. */
  nextUse(node: number): number {
    const end = this.first[node + 1]!;
    let at = this.cursor[node]!;
    while (at < end && this.rows[at]! <= this.now) at++;
    this.cursor[node] = at;
    return at < end ? this.rows[at]! : Infinity;
  }
}
