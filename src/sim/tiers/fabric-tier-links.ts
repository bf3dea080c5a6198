/**
 * Tier traffic over the cluster's network, where it meets hand-offs and everything else that moves: a host's memory and drives, the links of
 * its GPUs, and the object store behind the network.
 *
 * G2 is host memory, G3 the drives of a node, G4 the object store. A store that several workers share stands with the first of them; one that
 * the whole pool shares is reached over the network by the workers of other nodes.
 */

import type { ClusterNetwork } from "../network/index.ts";
import { PLACE_GPU, PLACE_HOST, PLACE_NVME, PLACE_STORE, TransferPort } from "../network/index.ts";
import { homeRow, storeFor } from "./tier-links.ts";
import type { TierWays } from "./tier-links.ts";
import type { TierSettings } from "./tier-settings.ts";

const PLACES: Readonly<Record<string, number>> = {
  g2: PLACE_HOST,
  g3: PLACE_NVME,
  g4: PLACE_STORE,
};

/** Memory that a tier lies in. */
export function placeOf(level: string): number {
  return PLACES[level] ?? PLACE_STORE;
}

export class FabricTierLinks implements TierWays {
  readonly network: TransferPort;
  slotOf: (tag: number) => number = () => -1;
  private readonly net: ClusterNetwork;
  private readonly settings: TierSettings;
  private readonly firstId: number;

  /** @param firstId number of the pool's first worker */
  constructor(settings: TierSettings, net: ClusterNetwork, firstId: number) {
    this.settings = settings;
    this.net = net;
    this.firstId = firstId;
    this.network = new TransferPort(net, settings.setupUs);
    this.network.slotOf = (tag) => this.slotOf(tag);
  }

  fetch(level: number, row: number): number {
    const home = this.homeOf(level, this.storeOf(level, row));
    return this.net.route(this.placeAt(level), home, PLACE_GPU, this.firstId + row);
  }

  offload(level: number, row: number): number {
    const home = this.homeOf(level, this.storeOf(level, row));
    return this.net.route(PLACE_GPU, this.firstId + row, this.placeAt(level), home);
  }

  demote(level: number, store: number): number {
    const to = this.homeOf(level, store);
    // The store above of the same worker: on its node, if not its own.
    const from = this.homeOf(level - 1, this.storeOf(level - 1, to - this.firstId));
    return this.net.route(this.placeAt(level - 1), from, this.placeAt(level), to);
  }

  lift(level: number, row: number): number {
    const from = this.homeOf(level, this.storeOf(level, row));
    const to = this.homeOf(0, this.storeOf(0, row));
    return this.net.route(this.placeAt(level), from, this.placeAt(0), to);
  }

  peer(from: number, to: number): number {
    return this.net.route(PLACE_GPU, this.firstId + from, PLACE_GPU, this.firstId + to);
  }

  private placeAt(level: number): number {
    return placeOf(this.settings.levels[level]!.name);
  }

  private storeOf(level: number, row: number): number {
    return storeFor(this.settings.levels[level]!, row, this.settings.workersPerNode);
  }

  /** Worker that a store stands with. */
  private homeOf(level: number, store: number): number {
    const { levels, workersPerNode } = this.settings;
    return this.firstId + homeRow(levels[level]!.scope, store, workersPerNode);
  }
}
