/** A cluster's network with the routes between its workers' memories, made when first asked for. */

import { Network } from "./network.ts";
import type { NetworkSpec } from "./network-spec.ts";
import type { Topology } from "./topology.ts";

/** Hears of the transfers that it started and that ended. */
export type TransferListener = {
  /** The transfer's id is free for the next one. */
  transferred(tag: number, flow: number, nowUs: number): void;
  /** The request that waits for its transfer of this tag; −1: nobody does. */
  slotOf(tag: number): number;
};

/** Memories of a worker: see `PLACE_GPU` and its like. */
const PLACES = 4;

export class ClusterNetwork {
  readonly network: Network;
  readonly topology: Topology;
  readonly workers: number;
  private readonly listeners: TransferListener[] = [];
  private readonly known = new Map<number, number>();

  constructor(topology: Topology, workers: number, spec: Omit<NetworkSpec, "links" | "owners">) {
    this.topology = topology;
    this.workers = workers;
    this.network = new Network({ ...spec, links: topology.links, owners: workers });
  }

  /**
   * The route from a memory of one worker to a memory of another, or of the same.
   *
   * @param fromPlace, toPlace PLACE_GPU, PLACE_HOST, PLACE_NVME or PLACE_STORE (whose worker is not looked at)
   */
  route(fromPlace: number, from: number, toPlace: number, to: number): number {
    const pair = (fromPlace * PLACES + toPlace) * this.workers + from;
    const key = pair * this.workers + to;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const { links, lanes, latencyUs } = this.topology.way(fromPlace, from, toPlace, to);
    const route = this.network.addRoute(links, lanes, latencyUs);
    this.known.set(key, route);
    return route;
  }

  /** Time of the network's next event, µs; Infinity: none. */
  get nextUs(): number {
    return this.network.nextUs;
  }

  /**
   * The same when the next event of all else is at `otherUs`: transfers that nobody waits for do not keep a run going that is over
   * otherwise.
   */
  nextBefore(otherUs: number): number {
    const { network } = this;
    const goesOn = otherUs < Infinity || network.flows.awaited > 0;
    return goesOn ? Math.min(otherUs, network.nextUs) : otherUs;
  }

  /** Adds a listener and returns its number, for `TransferOptions.listener`. */
  listen(listener: TransferListener): number {
    return this.listeners.push(listener) - 1;
  }

  /** The request that waits for a transfer, −1: nobody does. */
  slotOf(flow: number): number {
    const { network, listeners } = this;
    return listeners[network.flows.listener[flow]!]!.slotOf(network.tagOf(flow));
  }

  /** Tells the listeners of all transfers that end now; returns how many. */
  deliver(nowUs: number): number {
    const { network, listeners } = this;
    let count = 0;
    for (let flow = network.pop(nowUs); flow >= 0; flow = network.pop(nowUs)) {
      listeners[network.flows.listener[flow]!]!.transferred(network.tagOf(flow), flow, nowUs);
      count++;
    }
    return count;
  }

  /** The link of this name or of a name that begins so; −1: none. */
  linkNamed(name: string): number {
    const { links } = this.topology;
    const exact = links.findIndex((link) => link.name === name);
    return exact >= 0 ? exact : links.findIndex((link) => link.name.startsWith(`${name} `));
  }
}
