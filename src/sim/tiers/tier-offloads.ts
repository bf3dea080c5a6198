/** The copies on their way down: a queue from each worker to the first level, and from each store to the next level. */

import type { Offload } from "../../policies/index.ts";
import type { PrefixForest } from "../prefix-forest.ts";
import { OffloadQueue } from "./offload-queue.ts";
import type { Seeker } from "./prefix-search.ts";
import { storeFor, storesOf } from "./tier-links.ts";
import type { TierWays } from "./tier-links.ts";
import type { TierSettings } from "./tier-settings.ts";
import type { TierStore } from "./tier-store.ts";
import type { TierStores } from "./tier-stores.ts";

export class TierOffloads {
  /** By level that they lead to, then by their source: a worker's row, or a store of the level above. */
  readonly queues: readonly (readonly OffloadQueue[])[];
  private readonly settings: TierSettings;
  private readonly stores: TierStores;
  private readonly links: TierWays;
  private readonly policies: readonly Offload[];
  private readonly list: OffloadQueue[] = [];
  /** Queues that have got something to send. */
  private readonly dirty: OffloadQueue[] = [];

  /** @param tagOf tag of the transfers of queue number i */
  constructor(
    settings: TierSettings,
    stores: TierStores,
    links: TierWays,
    tagOf: (queue: number) => number,
  ) {
    this.settings = settings;
    this.stores = stores;
    this.links = links;
    const { levels, workers } = settings;
    this.policies = levels.map(({ offload, capacityBlocks }) =>
      offload.policy.create(capacityBlocks, offload.knobs),
    );
    this.queues = levels.map((_level, level) => {
      const sources = level === 0 ? workers : storesOf(levels[level - 1]!, settings);
      return Array.from({ length: sources }, (_source, source) => {
        const queue = this.build(level, source, tagOf(this.list.length));
        this.list.push(queue);
        return queue;
      });
    });
  }

  /** Whether a level gets blocks as soon as the level above has them, or when it gives them up; false: there is none. */
  isWriteThrough(level: number): boolean {
    return this.settings.levels[level]?.offload.when === "write_through";
  }
  isOnEvict(level: number): boolean {
    return this.settings.levels[level]?.offload.when === "on_evict";
  }

  /** A request asks for its path. */
  asked({ pathStart, pathLength }: Seeker, { path, nodeBegin, nodeEnd }: PrefixForest): void {
    for (const policy of this.policies) {
      if (policy.asked === undefined) continue;
      for (let i = 0; i < pathLength; i++) {
        const node = path[pathStart + i]!;
        policy.asked(node, nodeEnd[node]! - nodeBegin[node]!);
      }
    }
  }

  /** Queues a run on its way from a source into a level. */
  send(level: number, source: number, node: number, upTo: number): void {
    const queue = this.queues[level]![source]!;
    queue.push(node, upTo);
    // Workers' queues wait for the end of a pass.
    if (level === 0) return;
    queue.release();
    this.dirty.push(queue);
  }

  /** A pass with prompts has ended at a worker. */
  passEnded(row: number, nowUs: number): void {
    const queue = this.queues[0]?.[row];
    queue?.release();
    queue?.flush(this.links.network, nowUs);
    this.flush(nowUs);
  }

  /** A store has given up blocks of a node. */
  evicted(store: TierStore, node: number, before: number): void {
    const below = this.stores.levelOf(store) + 1;
    if (this.isOnEvict(below)) this.send(below, this.stores.indexOf(store), node, before);
  }

  /** The transfer of queue number `index` has ended. */
  landed(index: number, nowUs: number): void {
    const queue = this.list[index]!;
    const { target } = queue;
    const below = this.stores.levelOf(target) + 1;
    queue.landed(nowUs, (node, blocks) => {
      this.stores.stored(target, node);
      if (this.isWriteThrough(below)) {
        this.send(below, this.stores.indexOf(target), node, blocks);
      }
    });
    queue.flush(this.links.network, nowUs);
  }

  /** A store is lost: copies into it and out of it stop. */
  dropAt(store: TierStore, nowUs: number): void {
    const below = this.stores.levelOf(store) + 1;
    for (const queue of this.list)
      if (queue.target === store) queue.drop(this.links.network, nowUs);
    this.queues[below]?.[this.stores.indexOf(store)]?.drop(this.links.network, nowUs);
  }

  /** Sends what was queued between levels. */
  flush(nowUs: number): void {
    const { dirty } = this;
    // Flushing may evict, and so fill the next level's queue.
    for (let i = 0; i < dirty.length; i++) dirty[i]!.flush(this.links.network, nowUs);
    dirty.length = 0;
  }

  private build(level: number, source: number, tag: number): OffloadQueue {
    const target = this.settings.levels[level]!;
    // A store's first worker tells which store below is its.
    const row = level === 0 ? source : this.firstRow(level - 1, source);
    const store = storeFor(target, row, this.settings.workersPerNode);
    return new OffloadQueue({
      target: this.stores.levels[level]![store]!,
      policy: this.policies[level]!,
      route: level === 0 ? this.links.offload(0, row) : this.links.demote(level, store),
      tag,
      blockBytes: target.blockBytes,
      bytesPerUsMax: target.codecBytesPerUs,
    });
  }

  private firstRow(level: number, store: number): number {
    const { scope } = this.settings.levels[level]!;
    if (scope === "worker") return store;
    return scope === "node" ? store * this.settings.workersPerNode : 0;
  }
}
