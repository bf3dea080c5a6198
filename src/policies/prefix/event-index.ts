/**
 * The prefix index that KV events feed: which leading blocks of a prompt each worker has, tier by tier.
 *
 * An event states how many leading blocks of a node a worker has from now on, so applying it twice changes nothing. A
 * lookup walks the prompt's nodes, not its blocks, and stops where nobody goes on. Lower tiers continue where the tier
 * above them ends, as Dynamo's do. Memory is capped: beyond it, nodes that no lookup has touched since the clock's
 * hand last passed are forgotten (Dynamo's own index grows without bound: its issue 4429).
 */

import { HolderTable } from "./holder-table.ts";
import type { PrefixNodes, PrefixPath } from "./holder-table.ts";
import { SharedHits } from "./shared-hits.ts";
import type { StoreReaders } from "./store-readers.ts";

/** Tiers of a worker's KV memory. */
export const TIER_DEVICE = 0;
export const TIER_HOST = 1;
export const TIER_DISK = 2;
/** Behind the network: as far as routers are concerned it continues the disk (Dynamo: "external"). */
export const TIER_REMOTE = 3;
export const TIERS = 4;

/**
 * Leading blocks of a prompt by worker: in device memory; with host memory; with disk and what lies behind it: each includes the one
 * before.
 */
export type TierReach = readonly [device: Int32Array, host: Int32Array, disk: Int32Array];

/**
 * Extends `reach`, leading blocks by worker, by the blocks that the table's workers hold of the path's nodes.
 * Returns the longest reach.
 */
export function extendReach(
  table: HolderTable,
  nodes: PrefixNodes,
  prompt: PrefixPath,
  reach: Int32Array,
  longest: number,
): number {
  const { first, count, cells } = table;
  const { nodeBegin, nodeEnd } = nodes;
  const { path, start, length } = prompt;
  const limit = first.length;
  let best = longest;
  for (let i = start; i < start + length; i++) {
    const node = path[i]!;
    const begin = nodeBegin[node]!;
    // Nobody has all that comes before this node.
    if (best < begin) break;
    if (node >= limit) continue;
    const from = first[node]! * 2;
    const end = from + count[node]! * 2;
    // A node that grew since the event is held up to where the event said.
    const size = nodeEnd[node]! - begin;
    for (let at = from; at < end; at += 2) {
      const worker = cells[at]!;
      if (reach[worker]! < begin) continue;
      const blocks = begin + Math.min(cells[at + 1]!, size);
      if (blocks > reach[worker]!) {
        reach[worker] = blocks;
        if (blocks > best) best = blocks;
      }
    }
  }
  return best;
}

/** Hears of blocks that a worker's device memory has let go. */
export interface RemovalListener {
  /** Of a node a worker has `left` of the `before` blocks that it had. */
  removed(worker: number, node: number, before: number, left: number): void;
}

export class EventIndex {
  /** Blocks known, each counted for each worker and tier that has it. */
  blocks = 0;
  /** Pairs of node and worker that the cap has pushed out. */
  evicted = 0;
  /** Told of what events take away; undefined: nobody. */
  listener: RemovalListener | undefined;
  private readonly nodes: PrefixNodes;
  private readonly tiers: readonly HolderTable[];
  private readonly capBlocks: number;
  /** Of tiers whose stores several workers share; others are told by worker. */
  private readonly readers: readonly (StoreReaders | undefined)[];
  /** Looks at remote stores that several workers read; undefined: there are none. */
  private readonly sharedHits: SharedHits | undefined;
  /** Whether a lookup or an event has touched the node since the hand last passed. */
  private touched = new Uint8Array(0);
  private hand = 0;

  /**
   * @param capBlocks most blocks known, each counted for each worker, or store, that has it
   * @param readers by tier: who reads each store; undefined: each worker has its own
   */
  constructor(
    nodes: PrefixNodes,
    capBlocks = Infinity,
    readers: readonly (StoreReaders | undefined)[] = [],
  ) {
    this.nodes = nodes;
    this.capBlocks = capBlocks;
    this.readers = readers;
    const remote = readers[TIER_REMOTE];
    this.sharedHits = remote && new SharedHits(remote);
    this.tiers = Array.from({ length: TIERS }, () => new HolderTable());
  }

  /** An event: the first `blocks` blocks of a node are in a tier of a worker, or in a store of its number; 0: none is. */
  set(tier: number, worker: number, node: number, blocks: number): void {
    const table = this.tiers[tier]!;
    const before = blocks > 0 ? table.set(node, worker, blocks) : table.remove(node, worker);
    this.blocks += blocks - Math.max(0, before);
    if (before > blocks && tier === TIER_DEVICE) {
      this.listener?.removed(worker, node, before, blocks);
    }
    if (this.capBlocks === Infinity) return;
    this.touch(node);
    while (this.blocks > this.capBlocks) this.evictOne();
  }

  /** Blocks of a node that the index believes a tier of a worker has. */
  get(tier: number, worker: number, node: number): number {
    return Math.max(0, this.tiers[tier]!.get(node, worker));
  }

  /** Whether any worker has blocks of a node in any tier. */
  isHeld(node: number): boolean {
    return this.tiers.some((table) => node < table.nodeLimit && table.count[node]! > 0);
  }

  /** Fills `reach` for a prompt; `apart`: without the remote stores that several workers read, which `matchShared` looks at. */
  match(prompt: PrefixPath, reach: TierReach, apart = false): void {
    let best = 0;
    for (let tier = 0; tier < TIERS; tier++) {
      const column = reach[Math.min(tier, TIER_DISK)]!;
      if (tier === 0) column.fill(0);
      else if (tier <= TIER_DISK) column.set(reach[tier - 1]!);
      const table = this.tiers[tier]!;
      if (table.pairs === 0) continue;
      const readers = this.readers[tier];
      best =
        readers === undefined
          ? extendReach(table, this.nodes, prompt, column, best)
          : readers.extendReach(
              table,
              this.nodes,
              prompt,
              column,
              best,
              apart && tier === TIER_REMOTE,
            );
    }
    if (this.capBlocks === Infinity) return;
    for (let i = prompt.start; i < prompt.start + prompt.length; i++) {
      const node = prompt.path[i]!;
      if (this.nodes.nodeBegin[node]! > best) break;
      this.touch(node);
    }
  }

  /** Fills `shared` for a prompt whose leading blocks on the workers' devices are known. */
  matchShared(prompt: PrefixPath, device: Int32Array, shared: Int32Array): void {
    const table = this.tiers[TIER_REMOTE]!;
    if (this.sharedHits === undefined || table.pairs === 0) shared.fill(0);
    else this.sharedHits.count(table, this.nodes, prompt, device, shared);
  }

  /** The forest has cut a node in two: `head` holds its first `cut` blocks, the node keeps the others. */
  split(node: number, head: number, cut: number): void {
    for (const table of this.tiers) {
      if (node >= table.nodeLimit) continue;
      for (let i = table.count[node]! - 1; i >= 0; i--) {
        const at = (table.first[node]! + i) * 2;
        const worker = table.cells[at]!;
        const blocks = table.cells[at + 1]!;
        table.set(head, worker, Math.min(blocks, cut));
        if (blocks > cut) table.set(node, worker, blocks - cut);
        else table.remove(node, worker);
      }
    }
  }

  /** Forgets all that a worker has: it is gone, or will tell everything anew. */
  dropWorker(worker: number): void {
    for (let tier = 0; tier < TIERS; tier++) {
      const table = this.tiers[tier]!;
      const readers = this.readers[tier];
      // What others read too outlives it.
      const holder = readers === undefined ? worker : readers.ownStore(worker);
      if (table.pairs === 0 || holder < 0) continue;
      for (let node = 0; node < table.nodeLimit; node++) {
        if (table.count[node]! > 0) this.blocks -= Math.max(0, table.remove(node, holder));
      }
    }
  }

  /** Visits every node that a tier of a worker has: what a dump tells. */
  forEach(tier: number, worker: number, visit: (node: number, blocks: number) => void): void {
    const table = this.tiers[tier]!;
    for (let node = 0; node < table.nodeLimit; node++) {
      const blocks = table.count[node]! > 0 ? table.get(node, worker) : -1;
      if (blocks > 0) visit(node, blocks);
    }
  }

  /** Bytes of the arrays behind it; the forest's own not included. */
  get bytes(): number {
    return this.tiers.reduce((sum, table) => sum + table.bytes, this.touched.byteLength);
  }

  private touch(node: number): void {
    if (node >= this.touched.length) {
      const grown = new Uint8Array(Math.max(node + 1, Math.ceil(this.touched.length * 1.5)));
      grown.set(this.touched);
      this.touched = grown;
    }
    this.touched[node] = 1;
  }

  /** Second chance: the hand spares a touched node once. */
  private evictOne(): void {
    for (;;) {
      const node = this.hand;
      this.hand = node + 1 >= this.touched.length ? 0 : node + 1;
      if (this.touched[node] === 1) {
        this.touched[node] = 0;
        continue;
      }
      let found = 0;
      for (const table of this.tiers) {
        while (node < table.nodeLimit && table.count[node]! > 0) {
          const worker = table.cells[table.first[node]! * 2]!;
          this.blocks -= table.remove(node, worker);
          found++;
        }
      }
      this.evicted += found;
      if (found > 0) return;
    }
  }
}
