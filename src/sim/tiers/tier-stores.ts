/** The stores of all levels of a pool's tiers, and the book of each level. */

import type { PrefixForest } from "../prefix-forest.ts";
import { parentsOf } from "./future-uses.ts";
import type { FutureUses } from "./future-uses.ts";
import { MissBook } from "./miss-book.ts";
import { storeFor, storesOf } from "./tier-links.ts";
import type { TierSettings } from "./tier-settings.ts";
import { TierStore } from "./tier-store.ts";
import type { TierSink } from "./tier-store.ts";

export class TierStores {
  /** By level, then by store. */
  readonly levels: readonly (readonly TierStore[])[];
  /** Of the workers' own caches, then of each level. */
  readonly books: readonly MissBook[];
  private readonly settings: TierSettings;
  /** Level of each store, by its id. */
  private readonly levelIds: number[] = [];

  constructor(
    settings: TierSettings,
    parts: {
      readonly forest: PrefixForest;
      readonly future: FutureUses;
      readonly recomputeUs: (depth: number, blocks: number) => number;
      readonly sink: TierSink;
    },
  ) {
    const { forest, future, recomputeUs, sink } = parts;
    this.settings = settings;
    this.books = [0, ...settings.levels].map(() => new MissBook(forest.nodes));
    const world = {
      forest,
      parents: parentsOf(forest),
      get now() {
        return future.now;
      },
      nextUse: (node: number) => future.nextUse(node),
      recomputeUs,
    };
    this.levels = settings.levels.map((level, index) =>
      Array.from({ length: storesOf(level, settings) }, () => {
        return new TierStore({
          id: this.levelIds.push(index) - 1,
          world,
          capacityBlocks: level.capacityBlocks,
          eviction: level.eviction.policy,
          knobs: level.eviction.knobs,
          retentionUs: level.retentionUs,
          sink,
        });
      }),
    );
  }

  levelOf(store: TierStore): number {
    return this.levelIds[store.id]!;
  }

  /** Number of a store among those of its level. */
  indexOf(store: TierStore): number {
    return store.id - this.levels[this.levelOf(store)]![0]!.id;
  }

  /** A worker's store of a level. */
  of(level: number, row: number): TierStore {
    const { levels, workersPerNode } = this.settings;
    return this.levels[level]![storeFor(levels[level]!, row, workersPerNode)]!;
  }

  /** Moves the clocks of a worker's stores. */
  at(row: number, nowUs: number): void {
    for (let level = 0; level < this.levels.length; level++) this.of(level, row).at(nowUs);
  }

  /** What a store has of a node now is known to its level's book. */
  stored(store: TierStore, node: number): void {
    this.books[this.levelOf(store) + 1]!.stored(this.indexOf(store), node, store.readable(node));
  }

  /** What came from a level stays in those that it passed, where they promote. */
  promote(source: number, row: number, node: number, blocks: number): void {
    if (source >= this.levels.length || !this.settings.levels[source]!.promotes) return;
    for (let level = source - 1; level >= 0; level--) {
      const store = this.of(level, row);
      if (store.present(node) >= blocks || store.reserve(node, blocks) === 0) continue;
      store.commit(node);
      this.stored(store, node);
    }
  }

  audit(at: string): void {
    for (const level of this.levels) for (const store of level) store.audit(at);
  }
}
