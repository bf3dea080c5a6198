/**
 * The eviction contract: which run of blocks a KV tier gives up next.
 *
 * A tier keeps runs: the leading blocks of a node of the prefix forest. An *item* is a run that it stores, by a small
 * number that is used again once the run is gone. The store does the work (`sim/tiers/tier-store.ts`); it offers an item
 * when nobody reads or writes it, withdraws it when somebody does, and takes blocks from the end of the victim.
 */

import type { PolicyMeta } from "../meta.ts";

/** A stored run; −1: none. */
export type Item = number;

/** What a policy may know of the items. */
export interface EvictionView {
  /** Node of the prefix forest. */
  node(item: Item): number;
  blocks(item: Item): number;
  /** Blocks of prompt before the item's first one. */
  depth(item: Item): number;
  /** Grows with every store and every end of a use: the older, the smaller. */
  stamp(item: Item): number;
  /** Time that computing the item's blocks again would take, its prefix in place, µs. */
  recomputeUs(item: Item): number;
  /** Number of the next request that takes this node; Infinity: none, or nothing is known of the future. */
  nextUse(node: number): number;
  /** Number of the newest request that has come. */
  readonly now: number;
}

export interface Eviction {
  /** True: only items without stored runs below them are offered. */
  readonly leavesOnly: boolean;
  /** The item may be evicted from now on. */
  offer(item: Item): void;
  /** The item may no longer be evicted: it is in use, has runs below it, or is gone. */
  withdraw(item: Item): void;
  /** The offered item to lose blocks next; −1: none is offered. */
  victim(): Item;
  /** Blocks of the victim have gone. */
  evicted?(item: Item): void;
  /** A request asks for `blocks` blocks of a node, stored or not. */
  asked?(node: number, blocks: number): void;
  /** Whether a node that is to be stored deserves the victim's place; absent: always. */
  admits?(node: number, victim: Item): boolean;
}

export type EvictionPolicy = {
  readonly meta: PolicyMeta;
  /** Whether it reads `nextUse`: the trace must be known beforehand. */
  readonly needsFuture: boolean;
  readonly create: (
    view: EvictionView,
    capacityBlocks: number,
    knobs: Readonly<Record<string, number>>,
  ) => Eviction;
};
