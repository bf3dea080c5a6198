/**
 * The links that tier traffic crosses, and the routes over them: each worker's way to its host in both directions, each
 * store's own medium, and between workers their network ports.
 *
 * A store in host memory is as fast as the way to the host; what lies further down passes it too. Bytes that a lower tier
 * reads are on both links at once: the staging copy in host memory is a pipeline, not a stop.
 */

import { Network } from "../network/index.ts";
import type { LinkSpec, Transfers } from "../network/index.ts";
import type { LevelSettings, TierScope, TierSettings } from "./tier-settings.ts";

/** The level that workers reach over the network. */
const REMOTE = "g4";

/** Number of a store of a level for a worker. */
export function storeFor(level: LevelSettings, row: number, workersPerNode: number): number {
  if (level.scope === "worker") return row;
  return level.scope === "node" ? Math.floor(row / workersPerNode) : 0;
}

/** Row of the worker that a store stands with: the first of those that share it. */
export function homeRow(scope: TierScope, store: number, workersPerNode: number): number {
  return scope === "worker" ? store : scope === "node" ? store * workersPerNode : 0;
}

/** Stores of a level. */
export function storesOf(level: LevelSettings, settings: TierSettings): number {
  return storeFor(level, settings.workers - 1, settings.workersPerNode) + 1;
}

/** The ways between a pool's workers, its stores and other workers, and what moves over them. */
export type TierWays = {
  readonly network: Transfers;
  /** The request that waits for a transfer of this tag; −1: nobody does. */
  slotOf: (tag: number) => number;
  /** Route from a worker's store of a level into its GPUs. */
  fetch(level: number, row: number): number;
  /** Route from a worker's GPUs into its store of a level. */
  offload(level: number, row: number): number;
  /** Route from the store above into store `store` of a level. */
  demote(level: number, store: number): number;
  /** Route from a worker's store of a level up into its host memory. */
  lift(level: number, row: number): number;
  /** Route from one worker's GPUs into another's. */
  peer(from: number, to: number): number;
};

/** Links that only this pool's tiers use: what a scenario without a fabric has. */
export class TierLinks implements TierWays {
  readonly network: Network;
  slotOf: (tag: number) => number = () => -1;
  private readonly settings: TierSettings;
  private readonly specs: LinkSpec[] = [];
  /** First link of each level's stores; −1: the level is host memory. */
  private readonly firstOf: number[] = [];
  private readonly peers: number;
  /** First link of the workers' ways to remote stores; −1: the stores' own links are all. */
  private readonly remotes: number;
  private readonly fetches: Int32Array[];
  private readonly writes: Int32Array[];
  private readonly lifts: number[] = [];
  private readonly peerRoutes = new Map<number, number>();

  constructor(settings: TierSettings) {
    this.settings = settings;
    const { workers, levels, hostBytesPerUs, peer } = settings;
    for (let row = 0; row < workers; row++) {
      this.link(`worker ${row} host to GPU`, "host", hostBytesPerUs);
      this.link(`worker ${row} GPU to host`, "host", hostBytesPerUs);
    }
    for (const level of levels) {
      const count = storesOf(level, settings);
      this.firstOf.push(this.specs.length);
      for (let store = 0; store < count; store++) {
        this.link(`${level.name} ${store} read`, level.name, level.readBytesPerUs);
        this.link(`${level.name} ${store} write`, level.name, level.writeBytesPerUs);
      }
    }
    this.peers = this.specs.length;
    const ports = peer === undefined ? 0 : workers;
    for (let row = 0; row < ports; row++) {
      this.link(`worker ${row} port out`, "port", peer!.bytesPerUs);
      this.link(`worker ${row} port in`, "port", peer!.bytesPerUs);
    }
    this.remotes = this.layRemotes();
    this.network = new Network({
      links: this.specs,
      setupUs: settings.setupUs,
      descriptorUs: 0,
      owners: 0,
      transfersPerOwner: Infinity,
    });
    this.fetches = levels.map(() => new Int32Array(workers).fill(-1));
    this.writes = levels.map((level) => new Int32Array(storesOf(level, settings)).fill(-1));
  }

  /** Route from a worker's store of a level into its GPUs. */
  fetch(level: number, row: number): number {
    const known = this.fetches[level]!;
    if (known[row]! >= 0) return known[row]!;
    const settings = this.settings.levels[level]!;
    const store = storeFor(settings, row, this.settings.workersPerNode);
    const links = [this.firstOf[level]! + 2 * store, 2 * row, ...this.remote(level, row, "in")];
    return (known[row] = this.route(links, settings.latencyUs));
  }

  /** Route from a worker's GPUs into its store of a level. */
  offload(level: number, row: number): number {
    const settings = this.settings.levels[level]!;
    const store = storeFor(settings, row, this.settings.workersPerNode);
    const end = this.firstOf[level]! + 2 * store + 1;
    const links = [2 * row + 1, end, ...this.remote(level, row, "out")];
    return this.route(links, settings.latencyUs);
  }

  /** Route from the store above into store `store` of a level. */
  demote(level: number, store: number): number {
    const known = this.writes[level]!;
    if (known[store]! >= 0) return known[store]!;
    const { scope, latencyUs } = this.settings.levels[level]!;
    const home = homeRow(scope, store, this.settings.workersPerNode);
    const links = [this.firstOf[level]! + 2 * store + 1, ...this.remote(level, home, "out")];
    return (known[store] = this.route(links, latencyUs));
  }

  /** Route from a worker's store of a level up into its host memory. */
  lift(level: number, row: number): number {
    const { levels, workersPerNode, workers } = this.settings;
    const read = this.firstOf[level]! + 2 * storeFor(levels[level]!, row, workersPerNode);
    const key = level * workers + row;
    const links = [read, ...this.remote(level, row, "in")];
    this.lifts[key] ??= this.route(links, levels[level]!.latencyUs);
    return this.lifts[key];
  }

  /** Route from one worker's GPUs into another's. */
  peer(from: number, to: number): number {
    const key = from * this.settings.workers + to;
    let route = this.peerRoutes.get(key);
    if (route === undefined) {
      const links = [this.peers + 2 * from, this.peers + 2 * to + 1];
      route = this.route(links, this.settings.peer?.latencyUs ?? 0);
      this.peerRoutes.set(key, route);
    }
    return route;
  }

  /** A worker has this share of its ports' bandwidth left, 0 … 1: to and from peers and remote stores. */
  scalePorts(row: number, scale: number, nowUs: number): void {
    const { peers, remotes, network, settings } = this;
    for (const end of [0, 1]) {
      if (settings.peer !== undefined) network.setScale(peers + 2 * row + end, scale, nowUs);
      if (remotes >= 0) network.setScale(remotes + 2 * row + end, scale, nowUs);
    }
  }

  /** Tells of every request with a transfer over a worker's ports, now under way or from now on. */
  watchPorts(tell: (slot: number, row: number, nowUs: number) => void, nowUs: number): void {
    const { network } = this;
    const { flows, routes } = network;
    const look = (flow: number, us: number): void => {
      const slot = this.slotOf(network.tagOf(flow));
      if (slot < 0) return;
      const route = flows.route[flow]!;
      for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
        const row = this.portOf(routes.link[i]!);
        if (row >= 0) tell(slot, row, us);
      }
    };
    network.watch = (flow) => look(flow, flows.askedUs[flow]!);
    for (let flow = 0; flow < flows.slots; flow++) if (flows.isLive(flow)) look(flow, nowUs);
  }

  /** Worker whose port a link is, by its row; −1: it is none. */
  private portOf(link: number): number {
    const { peers, remotes, settings } = this;
    if (remotes >= 0 && link >= remotes) return (link - remotes) >> 1;
    const isPort = settings.peer !== undefined && link >= peers;
    return isPort ? (link - peers) >> 1 : -1;
  }

  /** A worker's way to remote stores is as wide as they are: nobody waits for it while it is whole. */
  private layRemotes(): number {
    const { levels, hasWeakPorts, workers } = this.settings;
    const remote = levels.find(({ name }) => name === REMOTE);
    if (remote === undefined || !hasWeakPorts) return -1;
    const first = this.specs.length;
    for (let row = 0; row < workers; row++) {
      this.link(`worker ${row} remote out`, "port", remote.writeBytesPerUs);
      this.link(`worker ${row} remote in`, "port", remote.readBytesPerUs);
    }
    return first;
  }

  /** The link of a worker's way to a level's stores, where it has one of its own. */
  private remote(level: number, row: number, way: "in" | "out"): readonly number[] {
    if (this.remotes < 0 || this.settings.levels[level]!.name !== REMOTE) return [];
    return [this.remotes + 2 * row + (way === "in" ? 1 : 0)];
  }

  private link(name: string, kind: string, bytesPerUs: number): void {
    this.specs.push({ name, kind, node: -1, bytesPerUs, members: 1 });
  }

  private route(links: readonly number[], latencyUs: number): number {
    return this.network.addRoute(
      links.map((link) => ({ link, lanes: 1 })),
      1,
      latencyUs,
    );
  }
}
