/**
 * What the workers' own caches hold, as their last common instant told it: who may have a prefix that this worker lacks.
 *
 * A worker in a fast run of decode steps evicts without telling until the run ends. The directory therefore changes with
 * `settled` only, which both modes share; in between it is as stale as a directory fed by events is.
 */

import { NodeMap } from "../node-map.ts";

export class CacheDirectory {
  /** Most blocks of each node that any worker has ever cached. */
  readonly seenBlocks: Int32Array;
  /** Worker that cached a node last, −1: none has. */
  private readonly lastRow: Int32Array;
  private readonly blocks: NodeMap[] = [];
  /** The same with what came since. */
  private readonly latest: NodeMap[] = [];
  private readonly changedNodes: number[][] = [];
  private readonly changedBlocks: number[][] = [];

  constructor(nodes: number, workers: number) {
    this.seenBlocks = new Int32Array(nodes);
    this.lastRow = new Int32Array(nodes).fill(-1);
    for (let row = 0; row < workers; row++) {
      this.blocks.push(new NodeMap());
      this.latest.push(new NodeMap());
      this.changedNodes.push([]);
      this.changedBlocks.push([]);
    }
  }

  /** The first `blocks` blocks of a node are what worker `row` has of it now. Returns what it had. */
  changed(row: number, node: number, blocks: number): number {
    this.changedNodes[row]!.push(node);
    this.changedBlocks[row]!.push(blocks);
    return put(this.latest[row]!, node, blocks);
  }

  settled(row: number): void {
    const nodes = this.changedNodes[row]!;
    const changed = this.changedBlocks[row]!;
    const map = this.blocks[row]!;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const blocks = changed[i]!;
      if (blocks > put(map, node, blocks)) this.lastRow[node] = row;
      if (blocks > this.seenBlocks[node]!) this.seenBlocks[node] = blocks;
    }
    nodes.length = 0;
    changed.length = 0;
  }

  /** The worker that cached the node last; −1: none. It need not have it any more. */
  holder(node: number): number {
    return this.lastRow[node]!;
  }

  blocksAt(row: number, node: number): number {
    return Math.max(0, this.blocks[row]!.get(node));
  }
}

/** Sets a node's blocks; returns what they were. */
function put(map: NodeMap, node: number, blocks: number): number {
  const before = map.get(node);
  if (before >= 0) map.delete(node);
  if (blocks > 0) map.set(node, blocks);
  return Math.max(0, before);
}
