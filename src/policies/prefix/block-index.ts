/**
 * The prefix index for live use: KV events and prompts as block hashes in, the same index over nodes as in the simulator
 * behind. Hashes are sequence hashes: each stands for its block and all before it.
 */

import { EventIndex } from "./event-index.ts";
import type { TierReach } from "./event-index.ts";
import { HashTree } from "./hash-tree.ts";
import type { BlockHashes, SplitListener } from "./hash-tree.ts";
import type { PrefixPath } from "./holder-table.ts";

/** Parent of the first block of a prompt. */
const NO_PARENT = undefined;

/** A block's hash as halves of 64 bits. */
export type BlockHash = { readonly low: number; readonly high: number };

export class BlockIndex {
  readonly tree: HashTree;
  readonly events: EventIndex;
  /** Events whose parent block was unknown: told too late, or lost. */
  orphans = 0;
  private readonly path: PrefixPath = { path: new Int32Array(16), start: 0, length: 0 };
  private readonly isHeld: (node: number) => boolean;

  /**
   * @param onSplit tells whoever else keeps tables by node
   * @param isNeeded whether a node must stay although no worker has it: an active request's prompt
   */
  constructor(
    options: {
      readonly capBlocks?: number;
      readonly onSplit?: SplitListener;
      readonly isNeeded?: (node: number) => boolean;
    } = {},
  ) {
    this.tree = new HashTree((node, head, cut) => {
      this.events.split(node, head, cut);
      options.onSplit?.(node, head, cut);
    });
    this.events = new EventIndex(this.tree, options.capBlocks ?? Infinity);
    const isNeeded = options.isNeeded ?? ((): boolean => false);
    this.isHeld = (node) => this.events.isHeld(node) || isNeeded(node);
  }

  /** A tier of a worker has stored blocks behind `parent`. False: the parent is unknown and the event is dropped. */
  stored(
    worker: number,
    tier: number,
    parent: BlockHash | undefined,
    hashes: BlockHashes,
  ): boolean {
    const { path, tree, events } = this;
    if (parent === NO_PARENT) tree.insert(hashes, path);
    else if (!tree.insertAfter(parent.low, parent.high, hashes, path)) {
      this.orphans++;
      return false;
    }
    for (let i = path.start; i < path.start + path.length; i++) {
      const node = path.path[i]!;
      events.set(tier, worker, node, tree.nodeEnd[node]! - tree.nodeBegin[node]!);
    }
    return true;
  }

  /** A tier of a worker has lost a block; what it holds behind it can no longer be reached. */
  removed(worker: number, tier: number, block: BlockHash): void {
    const { tree, events } = this;
    const node = tree.nodeOf(block.low, block.high);
    if (node < 0) return;
    const left = tree.depthOf(block.low, block.high) - tree.nodeBegin[node]!;
    if (events.get(tier, worker, node) <= left) return;
    events.set(tier, worker, node, left);
    tree.prune(node, this.isHeld);
  }

  /** A worker is gone, or will tell everything anew. */
  dropWorker(worker: number): void {
    this.events.dropWorker(worker);
    this.prune();
  }

  /** Fills `reach` for a prompt and `prompt` with its nodes; returns the blocks of it that are known at all. */
  match(hashes: BlockHashes, prompt: PrefixPath, reach: TierReach): number {
    const known = this.tree.lookup(hashes, prompt);
    this.events.match(prompt, reach);
    // The last node may go on where this prompt does not.
    for (const column of reach) {
      for (let worker = 0; worker < column.length; worker++) {
        if (column[worker]! > known) column[worker] = known;
      }
    }
    return known;
  }

  /** Frees what nobody holds any more: after many removals, or when the cap has pushed nodes out. */
  prune(): void {
    const leaves: number[] = [];
    this.tree.forEachLeaf((node) => leaves.push(node));
    for (const leaf of leaves) this.tree.prune(leaf, this.isHeld);
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return this.tree.bytes + this.events.bytes;
  }
}
