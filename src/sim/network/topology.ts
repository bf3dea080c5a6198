/**
 * The links of a cluster and the ways between its memories.
 *
 * A GPU reaches its host and its NIC over the same PCIe (or C2C) link, so that offloading and transfers over the network compete there. Shards
 * of a worker move side by side, each through the NIC next to its GPU. Switches are non-blocking unless `oversubscription` says otherwise;
 * then the uplinks of a leaf switch are links too. Rail-optimized: NIC i of every node in a group hangs on leaf switch i; else a group of
 * nodes has one leaf switch.
 */

import { invariant } from "../../core/index.ts";
import type { LinkRate, NodeRates } from "./link-rates.ts";
import type { LinkSpec } from "./links.ts";
import type { GpuSite, Placement } from "./placement.ts";
import type { RouteLink } from "./routes.ts";

/** Memories that bytes move between. */
export const PLACE_GPU = 0;
export const PLACE_HOST = 1;
export const PLACE_NVME = 2;
/** The object store behind the network; the same for every worker. */
export const PLACE_STORE = 3;

export type FabricSpec = {
  readonly placement: Placement;
  /** Links of each node. */
  readonly rates: readonly NodeRates[];
  readonly rails: boolean;
  readonly nodesPerLeaf: number;
  /** Bandwidth of a leaf's NICs over that of its uplinks; 1: non-blocking. */
  readonly oversubscription: number;
  /** Front end of the object store, each direction; undefined: there is none. */
  readonly store: LinkRate | undefined;
};

/** Links between two memories: what `Routes.add` takes. */
export type Way = {
  readonly links: readonly RouteLink[];
  readonly lanes: number;
  readonly latencyUs: number;
};

const NONE = -1;

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

export class Topology {
  readonly links: LinkSpec[] = [];
  private readonly spec: FabricSpec;
  private readonly latency: number[] = [];
  private readonly byName = new Map<string, number>();
  /** Link that stands for several, by the name of each. */
  private readonly mergedAs = new Map<string, string>();
  private readonly members = new Map<string, number>();

  constructor(spec: FabricSpec) {
    this.spec = spec;
    this.merge();
    this.lay();
  }

  /**
   * The way from a worker's memory to another's. Every way goes by GPUs: what lies in a host's memory leaves through the NICs of the worker
   * it is asked of.
   */
  way(fromPlace: number, from: number, toPlace: number, to: number): Way {
    const { gpusOf } = this.spec.placement;
    const sources = gpusOf[fromPlace === PLACE_STORE ? to : from]!;
    const targets = gpusOf[toPlace === PLACE_STORE ? from : to]!;
    const lanes =
      (sources.length * targets.length) / greatestDivisor(sources.length, targets.length);
    const lanesOn = new Map<number, number>();
    let latencyUs = 0;
    for (let lane = 0; lane < lanes; lane++) {
      const source = sources[Math.floor((lane * sources.length) / lanes)]!;
      const target = targets[Math.floor((lane * targets.length) / lanes)]!;
      const crossed = this.lane(fromPlace, source, toPlace, target);
      let us = 0;
      for (const link of crossed) {
        lanesOn.set(link, (lanesOn.get(link) ?? 0) + 1);
        us += this.latency[link]!;
      }
      latencyUs = Math.max(latencyUs, us);
    }
    const links = [...lanesOn].map(([link, on]) => ({ link, lanes: on }));
    return { links, lanes, latencyUs };
  }

  /** Nodes of the cluster. */
  get nodes(): number {
    return this.spec.placement.nodes.length;
  }

  /** Node of a worker's first GPU. */
  nodeOf(worker: number): number {
    return this.spec.placement.gpusOf[worker]![0]!.node;
  }

  /** Nodes that a worker has GPUs in. */
  nodesOf(worker: number): readonly number[] {
    return [...new Set(this.spec.placement.gpusOf[worker]!.map(({ node }) => node))];
  }

  /** Rack of a node: its NVLink domain, where one spans nodes, else so many nodes make one. */
  rackOf(node: number, nodesPerRack: number): number {
    const { nodes } = this.spec.placement;
    const spans = nodes.some((one, index) => index > 0 && one.domain === nodes[index - 1]!.domain);
    return spans ? nodes[node]!.domain : Math.floor(node / nodesPerRack);
  }

  /** The ports through which a worker's GPUs reach others: NVLink and NICs, those included that it shares with neighbours. */
  ports(worker: number): readonly number[] {
    const found = new Set<number>();
    for (const site of this.spec.placement.gpusOf[worker]!) {
      const { nvlink } = this.spec.rates[site.node]!;
      for (const way of ["out", "in"]) {
        if (nvlink !== undefined) found.add(this.nvlink(site, way, nvlink));
        found.add(this.nic(site, way));
      }
    }
    return [...found];
  }

  /** The links of this name, or whose names begin with these words. */
  named(name: string): readonly number[] {
    const found: number[] = [];
    this.links.forEach((link, index) => {
      if (link.name === name || link.name.startsWith(`${name} `)) found.push(index);
    });
    return found;
  }

  /** Whether a worker's node has this memory. */
  has(place: number, worker: number): boolean {
    if (place === PLACE_STORE) return this.spec.store !== undefined;
    const rates = this.spec.rates[this.spec.placement.gpusOf[worker]![0]!.node]!;
    if (place === PLACE_NVME) return rates.nvmeRead.bytesPerUs > 0;
    return place === PLACE_GPU || rates.dram.bytesPerUs > 0;
  }

  private lane(fromPlace: number, from: GpuSite, toPlace: number, to: GpuSite): number[] {
    const isStore = fromPlace === PLACE_STORE || toPlace === PLACE_STORE;
    if (fromPlace === PLACE_GPU && toPlace === PLACE_GPU) {
      const nvlink = this.spec.rates[from.node]!.nvlink;
      if (nvlink !== undefined && this.domain(from) === this.domain(to)) {
        return [this.nvlink(from, "out", nvlink), this.nvlink(to, "in", nvlink)];
      }
    }
    if (!isStore && from.node === to.node) return [this.out(fromPlace, from), this.in(toPlace, to)];
    return [
      this.out(fromPlace, from),
      ...(fromPlace === PLACE_STORE ? [] : [this.nic(from, "out")]),
      ...this.uplinks(fromPlace, from, toPlace, to),
      ...(toPlace === PLACE_STORE ? [] : [this.nic(to, "in")]),
      this.in(toPlace, to),
    ];
  }

  private domain({ node }: GpuSite): number {
    return this.spec.placement.nodes[node]!.domain;
  }

  private out(place: number, site: GpuSite): number {
    const { node, gpu } = site;
    const rates = this.spec.rates[node]!;
    if (place === PLACE_GPU) return this.host(node, gpu, "up");
    if (place === PLACE_HOST) return this.link(`node ${node} dram`, "dram", rates.dram, node);
    if (place === PLACE_NVME)
      return this.link(`node ${node} nvme read`, "nvme", rates.nvmeRead, node);
    return this.link("store out", "store", this.spec.store!);
  }

  private in(place: number, site: GpuSite): number {
    const { node, gpu } = site;
    const rates = this.spec.rates[node]!;
    if (place === PLACE_GPU) return this.host(node, gpu, "down");
    if (place === PLACE_HOST) return this.link(`node ${node} dram`, "dram", rates.dram, node);
    if (place === PLACE_NVME)
      return this.link(`node ${node} nvme write`, "nvme", rates.nvmeWrite, node);
    return this.link("store in", "store", this.spec.store!);
  }

  private nvlink({ node, gpu }: GpuSite, way: string, rate: LinkRate): number {
    // One latency for the two ends of a hop.
    const end = way === "out" ? rate : { ...rate, latencyUs: 0 };
    return this.link(`node ${node} gpu ${gpu} nvlink ${way}`, "nvlink", end, node);
  }

  private host(node: number, gpu: number, way: string): number {
    const { kind, ...rate } = this.spec.rates[node]!.host;
    return this.link(`node ${node} gpu ${gpu} ${kind} ${way}`, kind, rate, node);
  }

  private nicIndex({ node, gpu }: GpuSite): number {
    const { card } = this.spec.placement.nodes[node]!;
    return Math.floor((gpu * this.spec.rates[node]!.nics) / card.gpus);
  }

  private nic(site: GpuSite, way: string): number {
    const { nic: rate } = this.spec.rates[site.node]!;
    const end = way === "out" ? rate : { ...rate, latencyUs: 0 };
    return this.link(`node ${site.node} nic ${this.nicIndex(site)} ${way}`, "nic", end, site.node);
  }

  private leaf(site: GpuSite): string {
    const { rails, nodesPerLeaf } = this.spec;
    const group = Math.floor(site.node / nodesPerLeaf);
    return rails ? `leaf ${group} rail ${this.nicIndex(site)}` : `leaf ${group}`;
  }

  private uplinks(fromPlace: number, from: GpuSite, toPlace: number, to: GpuSite): number[] {
    if (this.spec.oversubscription <= 1) return [];
    const up = fromPlace === PLACE_STORE ? undefined : this.leaf(from);
    const down = toPlace === PLACE_STORE ? undefined : this.leaf(to);
    if (up === down) return [];
    return [
      ...(up === undefined ? [] : [this.link(`${up} up`, "leaf", this.leafRate(from))]),
      ...(down === undefined ? [] : [this.link(`${down} down`, "leaf", this.leafRate(to))]),
    ];
  }

  /** What a leaf switch has upwards: the bandwidth of its NICs ÷ the oversubscription. */
  private leafRate({ node }: GpuSite): LinkRate {
    const { nic, nics } = this.spec.rates[node]!;
    const { nodesPerLeaf, rails, oversubscription } = this.spec;
    const ports = rails ? nodesPerLeaf : nodesPerLeaf * nics;
    return { bytesPerUs: (nic.bytesPerUs * ports) / oversubscription, latencyUs: 0 };
  }

  /** The link of this name, laid where there is none yet. `node`: whose it is; none: the cluster's. */
  private link(single: string, kind: string, rate: LinkRate, node = NONE): number {
    const { bytesPerUs, latencyUs } = rate;
    const name = this.mergedAs.get(single) ?? single;
    const known = this.byName.get(name) ?? NONE;
    if (known !== NONE) return known;
    invariant(bytesPerUs > 0, `there is no ${name} to move bytes over`);
    const members = this.members.get(name) ?? 1;
    this.byName.set(name, this.links.length);
    this.latency.push(latencyUs);
    return this.links.push({ name, kind, node, bytesPerUs: bytesPerUs * members, members }) - 1;
  }

  /** Lays the links around every worker. */
  private lay(): void {
    const { placement, rates, store, oversubscription } = this.spec;
    for (const site of placement.gpusOf.flat()) {
      const { nvlink, dram, nvmeRead } = rates[site.node]!;
      if (nvlink !== undefined) for (const way of ["out", "in"]) this.nvlink(site, way, nvlink);
      for (const way of ["up", "down"]) this.host(site.node, site.gpu, way);
      for (const way of ["out", "in"]) this.nic(site, way);
      if (dram.bytesPerUs > 0) this.out(PLACE_HOST, site);
      if (nvmeRead.bytesPerUs > 0) {
        this.out(PLACE_NVME, site);
        this.in(PLACE_NVME, site);
      }
      if (oversubscription > 1) this.uplinks(PLACE_GPU, site, PLACE_STORE, site);
      if (oversubscription > 1) this.uplinks(PLACE_STORE, site, PLACE_GPU, site);
    }
    if (store === undefined) return;
    this.link("store out", "store", store);
    this.link("store in", "store", store);
  }

  /**
   * Lets one link stand for those that every transfer loads evenly: the GPUs of a worker in a node, and their NICs where no other worker
   * shares some of them. Not where a worker straddles NVLink domains: some of its lanes may then stay inside while others leave.
   */
  private merge(): void {
    const { placement } = this.spec;
    const straddles = placement.gpusOf.some(
      (sites) => new Set(sites.map((site) => this.domain(site))).size > 1,
    );
    if (straddles) return;
    const users = new Map<string, Map<number, number>>();
    placement.gpusOf.forEach((sites, worker) => {
      for (const site of sites) {
        const key = `node ${site.node} nic ${this.nicIndex(site)}`;
        const counts = users.get(key) ?? new Map<number, number>();
        counts.set(worker, (counts.get(worker) ?? 0) + 1);
        users.set(key, counts);
      }
    });
    const nicGroups = new Map<string, string[]>();
    for (const [nic, counts] of users) {
      const node = nic.slice(0, nic.indexOf(" nic"));
      const load = [...counts].map(([worker, gpus]) => `${worker}:${gpus}`).join();
      const group = `${node} ${load}`;
      nicGroups.set(group, [...(nicGroups.get(group) ?? []), nic]);
    }
    for (const group of nicGroups.values()) this.mergeNames(group, ["out", "in"]);
    placement.gpusOf.forEach((sites) => this.mergeGpus(sites));
  }

  private mergeGpus(sites: readonly GpuSite[]): void {
    const byNode = new Map<number, string[]>();
    for (const { node, gpu } of sites) {
      byNode.set(node, [...(byNode.get(node) ?? []), `node ${node} gpu ${gpu}`]);
    }
    for (const [node, names] of byNode) {
      const { kind } = this.spec.rates[node]!.host;
      this.mergeNames(names, ["nvlink out", "nvlink in", `${kind} up`, `${kind} down`]);
    }
  }

  private mergeNames(names: readonly string[], ways: readonly string[]): void {
    if (names.length < 2) return;
    const last = names.at(-1)!;
    const span = `${names[0]!}-${last.slice(last.lastIndexOf(" ") + 1)}`;
    for (const way of ways) {
      for (const name of names) this.mergedAs.set(`${name} ${way}`, `${span} ${way}`);
      this.members.set(`${span} ${way}`, names.length);
    }
  }
}
