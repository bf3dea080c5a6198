/** Links of the fabric that are degraded or cut: everything that moves over them feels it, hand-offs and tiers alike. */

import { EventQueue } from "../../core/index.ts";
import type { Handoffs } from "../disagg/index.ts";
import type { ClusterNetwork } from "../network/index.ts";
import type { Pool } from "../pool.ts";
import { AT_RECORD } from "../request-table.ts";
import type { RequestTable } from "../request-table.ts";
import type { WorkerEvents } from "../worker-events.ts";
import type { Worker } from "../worker.ts";
import { Crossings } from "./crossings.ts";
import type { FaultEvent } from "./fault-schema.ts";

export class LinkFaults {
  private readonly net: ClusterNetwork;
  /** Ends of faults, by link. */
  private readonly ends = new EventQueue();
  private readonly crossings = new Crossings();
  private readonly table: RequestTable;

  constructor(net: ClusterNetwork, table: RequestTable) {
    this.net = net;
    this.table = table;
  }

  /** When the next link is whole again, µs; Infinity: none will be. */
  get nextUs(): number {
    return this.ends.timeUs;
  }

  /**
   * The links of an event have the share `factor` of their bandwidth left: the one it names, or the ports of its workers. A later
   * fault of a link takes the place of an earlier one. `touch` is called for every request whose transfer meets it.
   */
  strike(
    event: FaultEvent,
    workers: readonly number[],
    lastsUs: number,
    nowUs: number,
    touch: () => void,
  ): void {
    const { topology } = this.net;
    const links = new Set(
      event.link === undefined
        ? workers.flatMap((worker) => topology.ports(worker))
        : topology.named(event.link),
    );
    this.watch(links, nowUs + lastsUs, nowUs, touch);
    for (const link of links) {
      this.net.network.setScale(link, event.factor!, nowUs);
      this.ends.cancel(link);
      if (lastsUs < Infinity) this.ends.schedule(link, nowUs + lastsUs, 0);
    }
  }

  private watch(links: Set<number>, untilUs: number, nowUs: number, touch: () => void): void {
    const { network } = this.net;
    const { flows } = network;
    this.crossings.open(links, untilUs, touch);
    for (let flow = 0; flow < flows.slots; flow++) if (flows.isLive(flow)) this.look(flow, nowUs);
    network.watch = (flow) => this.look(flow, flows.askedUs[flow]!);
  }

  private look(flow: number, nowUs: number): void {
    const slot = this.crossings.isOpen(nowUs) ? this.net.slotOf(flow) : -1;
    if (slot < 0) return;
    const request = this.table.data[slot + AT_RECORD]!;
    const { flows, routes } = this.net.network;
    const route = flows.route[flow]!;
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++)
      this.crossings.met(routes.link[i]!, request, nowUs);
  }

  /** Mends the links whose faults end now; returns how many. */
  advance(nowUs: number): number {
    let count = 0;
    for (; this.ends.timeUs === nowUs; count++) {
      this.net.network.setScale(this.ends.pop(), 1, nowUs);
    }
    return count;
  }
}

/** Links without a fabric: those of a worker to others, for hand-offs, peers and remote stores. */
export class PortFaults {
  private readonly parts: PortParts;
  private readonly crossings = new Crossings();

  constructor(parts: PortParts) {
    this.parts = parts;
  }

  /** A worker has this share of its links left. */
  scale(id: number, scale: number, nowUs: number): void {
    const { handoffs, poolOf, workers, clock } = this.parts;
    handoffs?.links.setScale?.(id, scale, nowUs);
    const { tiers } = poolOf[id]!;
    const wake = (worker: number): void => clock.wake(workers[worker]!, nowUs);
    tiers?.losses.portsScaled(id - tiers.firstId, scale, nowUs, wake);
  }

  /** The links of workers are struck until then: `touch` is called for every request whose transfer meets it. */
  watch(ids: readonly number[], untilUs: number, nowUs: number, touch: () => void): void {
    const { handoffs, poolOf, table } = this.parts;
    this.crossings.open(ids, untilUs, touch);
    const meet = (slot: number, id: number, us: number): void => {
      if (this.crossings.isOpen(us)) this.crossings.met(id, table.data[slot + AT_RECORD]!, us);
    };
    const handedOver = (slot: number, from: number, to: number, us: number): void => {
      meet(slot, from, us);
      meet(slot, to, us);
    };
    handoffs?.links.watch?.(handedOver, nowUs);
    for (const id of ids) {
      const { tiers } = poolOf[id]!;
      if (tiers === undefined) continue;
      const loaded = (slot: number, row: number, us: number): void =>
        meet(slot, tiers.firstId + row, us);
      tiers.losses.watchPorts(loaded, nowUs);
    }
  }
}

export type PortParts = {
  readonly handoffs: Handoffs | undefined;
  readonly poolOf: readonly Pool[];
  readonly workers: readonly Worker[];
  readonly clock: WorkerEvents;
  readonly table: RequestTable;
};
