/**
 * What goes with a worker that dies, or with its node: its own stores, copies from it and into them, and what others were
 * fetching from there. A prefix that was lost so is missed as a fault until somebody stores it again. Stores that outlive
 * the worker keep what they have; a load that loses its source is known to have failed at once (assumption: the connection
 * breaks), and its prompt is computed.
 */

import type { Network } from "../network/index.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import type { LoadTable } from "./load-table.ts";
import type { Prefetcher } from "./prefetcher.ts";
import { TierLinks } from "./tier-links.ts";
import type { TierWays } from "./tier-links.ts";
import type { TierOffloads } from "./tier-offloads.ts";
import type { TierSettings } from "./tier-settings.ts";
import type { TierStore } from "./tier-store.ts";
import type { TierStores } from "./tier-stores.ts";

/** The tiers of a pool, as far as they can be lost. */
export type LosableTiers = {
  readonly settings: TierSettings;
  readonly stores: TierStores;
  readonly offloads: TierOffloads;
  readonly links: TierWays;
  readonly directory: CacheDirectory;
  readonly loads: LoadTable;
  readonly prefetcher: Prefetcher | undefined;
  readonly firstId: number;
  fail(load: number, nowUs: number): void;
};

export class TierLosses {
  private readonly tiers: LosableTiers;

  constructor(tiers: LosableTiers) {
    this.tiers = tiers;
  }

  /**
   * A worker has died and its cache is empty; `failed` is told the workers of the loads that can come no more. Its node's
   * stores go too with `withNode`; those of the whole pool stay.
   */
  died(row: number, withNode: boolean, nowUs: number, failed: (worker: number) => void): void {
    const { tiers } = this;
    const { settings, stores, offloads, links, directory } = tiers;
    stores.at(row, nowUs);
    directory.settled(row);
    const gone: TierStore[] = [];
    settings.levels.forEach(({ scope }, level) => {
      if (scope === "worker" || (scope === "node" && withNode)) gone.push(stores.of(level, row));
    });
    this.failLoads(row, gone, nowUs, failed);
    tiers.prefetcher?.died(row, gone, nowUs);
    offloads.queues[0]?.[row]!.drop(links.network, nowUs);
    for (const store of gone) {
      offloads.dropAt(store, nowUs);
      const book = stores.books[stores.levelOf(store) + 1]!;
      store.lose((node) => book.lost(node));
    }
    offloads.flush(nowUs);
  }

  /** A worker has this share of its ports' bandwidth left; what its tiers share with others does not change. */
  portsScaled(row: number, scale: number, nowUs: number, failed: (worker: number) => void): void {
    const { links } = this.tiers;
    if (!(links instanceof TierLinks)) return;
    links.scalePorts(row, scale, nowUs);
    if (scale === 0) this.cut(links.network, nowUs, failed);
  }

  /** Tells of every request with a load over a worker's ports, now under way or from now on. */
  watchPorts(tell: (slot: number, row: number, nowUs: number) => void, nowUs: number): void {
    const { links } = this.tiers;
    if (links instanceof TierLinks) links.watchPorts(tell, nowUs);
  }

  /** A link is cut: loads that cross one fail. */
  cut({ flows, times }: Network, nowUs: number, failed: (worker: number) => void): void {
    const { loads, firstId } = this.tiers;
    for (let load = 0; load < loads.count; load++) {
      if (loads.slotOf(load) < 0) continue;
      const stalls = (flow: number): boolean => times.aloneRate(flows.route[flow]!) === 0;
      if (!loads.flowsOf(load).some(stalls)) continue;
      this.tiers.fail(load, nowUs);
      failed(firstId + loads.rowOf(load));
    }
  }

  /** Ends the loads of living workers that a dead worker or a lost store was to serve. */
  private failLoads(
    row: number,
    gone: readonly TierStore[],
    nowUs: number,
    failed: (worker: number) => void,
  ): void {
    const { loads, stores } = this.tiers;
    for (let load = 0; load < loads.count; load++) {
      if (loads.slotOf(load) < 0) continue;
      const reader = loads.rowOf(load);
      const fromPeer = loads.peersOf(load).includes(row);
      const fromStore = gone.some((store) => {
        const level = stores.levelOf(store);
        return loads.reads(load, level) && stores.of(level, reader) === store;
      });
      if (!fromPeer && !fromStore) continue;
      this.tiers.fail(load, nowUs);
      failed(this.tiers.firstId + reader);
    }
  }
}
