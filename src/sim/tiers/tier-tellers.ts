/**
 * Who tells a router what: the workers, and the stores below them. A store that only one worker reads is told by that worker, in its
 * sequence of events (as Dynamo's workers tell all their tiers); one that several read tells for itself.
 */

import {
  StoreReaders,
  TIER_DEVICE,
  TIER_DISK,
  TIER_HOST,
  TIER_REMOTE,
} from "../../policies/index.ts";
import { storeFor, storesOf } from "./tier-links.ts";
import type { TierSettings } from "./tier-settings.ts";

/** Tier of the routers' index for a level's name. */
const TIER_OF: Readonly<Record<string, number>> = {
  g2: TIER_HOST,
  g3: TIER_DISK,
  g4: TIER_REMOTE,
};

/** A pool behind a router: its workers follow those of the pool before. */
export type TellingPool = {
  readonly workers: number;
  /** Undefined: it has no tiers. */
  readonly tiers: TierSettings | undefined;
};

export class TierTellers {
  /** By tier of the index: who reads its stores; undefined: the workers' own memory, or nobody has such stores. */
  readonly readers: readonly (StoreReaders | undefined)[];
  /** Of each teller, the workers first: the tier it tells of, its number there, and whose sequence of events it belongs to. */
  readonly tier: number[] = [];
  readonly holder: number[] = [];
  readonly sequence: number[] = [];
  /** First teller of each pool's levels. */
  private readonly firstOf: readonly (readonly number[])[];

  constructor(pools: readonly TellingPool[]) {
    const workers = pools.reduce((sum, pool) => sum + pool.workers, 0);
    for (let worker = 0; worker < workers; worker++) this.add(TIER_DEVICE, worker, worker);
    const storeOf = new Map<number, Int32Array>();
    const used = new Map<number, number>();
    let firstWorker = 0;
    this.firstOf = pools.map(({ workers: count, tiers }) => {
      const firsts = (tiers?.levels ?? []).map((level) => {
        const tier = TIER_OF[level.name]!;
        const first = this.tier.length;
        const base = used.get(tier) ?? 0;
        const column = storeOf.get(tier) ?? new Int32Array(workers).fill(-1);
        storeOf.set(tier, column);
        for (let row = 0; row < count; row++) {
          column[firstWorker + row] = base + storeFor(level, row, tiers!.workersPerNode);
        }
        const stores = storesOf(level, tiers!);
        used.set(tier, base + stores);
        for (let store = base; store < base + stores; store++) {
          const only = column.indexOf(store);
          const isShared = column.includes(store, only + 1);
          this.add(tier, store, isShared ? this.tier.length : only);
        }
        return first;
      });
      firstWorker += count;
      return firsts;
    });
    this.readers = [TIER_DEVICE, TIER_HOST, TIER_DISK, TIER_REMOTE].map((tier) => {
      const column = storeOf.get(tier);
      return column && new StoreReaders(column);
    });
  }

  /** The teller of a store, numbered among those of its level. */
  teller(pool: number, level: number, store: number): number {
    return this.firstOf[pool]![level]! + store;
  }

  private add(tier: number, holder: number, sequence: number): void {
    this.tier.push(tier);
    this.holder.push(holder);
    this.sequence.push(sequence);
  }
}
