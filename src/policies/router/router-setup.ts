/** How a router process is set up, and which indexes follow from that. */

import type { PrefixNodes } from "../prefix/holder-table.ts";
import type { StoreReaders } from "../prefix/store-readers.ts";
import { TtlIndex } from "../prefix/ttl-index.ts";
import type { Router, RouterNeeds, RouterRole, WorkerFacts } from "./router.ts";

/** Blocks of an index of own decisions without a time to live (SGLang's max_tree_size is 2^24 characters). */
const OWN_INDEX_BLOCKS = 1 << 22;

/** Dynamo's credits of lower tiers, of a block on the device (reference page 1.12). */
const HOST_WEIGHT = 0.75;
const DISK_WEIGHT = 0.25;

/** What a block in host memory or on disk is worth of one on the device, when new tokens are booked. */
export type TierWeights = { readonly host: number; readonly disk: number };

export function tierWeights(needs: RouterNeeds | undefined): TierWeights {
  return { host: needs?.hostWeight ?? HOST_WEIGHT, disk: needs?.diskWeight ?? DISK_WEIGHT };
}

/** How a router process is set up; what is undefined is off. */
export type RouterSetup = {
  readonly role: RouterRole;
  readonly nodes: PrefixNodes;
  readonly facts: readonly WorkerFacts[];
  /** Whether workers tell KV events. */
  readonly kvEvents: boolean;
  /** Age that events have when they are applied, µs. */
  readonly kvEventDelayUs: number;
  /** Most blocks of the event index. */
  readonly indexCapBlocks: number;
  /** Who reads the stores of each tier that events tell of; what is absent belongs to single workers. */
  readonly storeReaders?: readonly (StoreReaders | undefined)[];
  /** Approximate index from the router's own decisions, in place of events. */
  readonly approximate: { readonly ttlUs: number; readonly capacity: number } | undefined;
  /** As `approximate`, beside the events. */
  readonly predictedTtlUs: number | undefined;
  readonly sessionTtlUs: number | undefined;
  /** Kinds of promises to requests; absent: one. */
  readonly sloClasses?: number;
  /** Exclusion of overloaded workers; Infinity: none. */
  readonly busyBlocksShare: number;
  readonly busyPrefillTokens: number;
  readonly busyPrefillShare: number;
};

/** The approximate index that a router reads: in place of events, or beside them. */
export function beliefsOf(router: Router, setup: RouterSetup): TtlIndex | undefined {
  const { nodes, approximate, predictedTtlUs } = setup;
  if (router.needs?.prefix !== true) return undefined;
  if (approximate !== undefined) {
    return new TtlIndex(nodes, approximate.ttlUs, approximate.capacity);
  }
  if (router.needs.ownIndex === true) return new TtlIndex(nodes, Infinity, OWN_INDEX_BLOCKS);
  const hedgeUs = router.needs.hedged === true ? 2 * setup.kvEventDelayUs : 0;
  const ttlUs = predictedTtlUs ?? (hedgeUs > 0 ? hedgeUs : undefined);
  return ttlUs === undefined ? undefined : new TtlIndex(nodes, ttlUs, Infinity);
}
