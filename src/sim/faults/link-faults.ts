/** Links of the fabric that are degraded or cut: everything that moves over them feels it, hand-offs and tiers alike. */

import { EventQueue } from "../../core/index.ts";
import type { Handoffs } from "../disagg/index.ts";
import type { ClusterNetwork } from "../network/index.ts";
import type { Pool } from "../pool.ts";
import type { WorkerEvents } from "../worker-events.ts";
import type { Worker } from "../worker.ts";
import type { FaultEvent } from "./fault-schema.ts";

export class LinkFaults {
  private readonly net: ClusterNetwork;
  /** Ends of faults, by link. */
  private readonly ends = new EventQueue();

  constructor(net: ClusterNetwork) {
    this.net = net;
  }

  /** When the next link is whole again, µs; Infinity: none will be. */
  get nextUs(): number {
    return this.ends.timeUs;
  }

  /**
   * The links of an event have the share `factor` of their bandwidth left: the one it names, or the ports of its workers. A later
   * fault of a link takes the place of an earlier one.
   */
  strike(event: FaultEvent, workers: readonly number[], lastsUs: number, nowUs: number): void {
    const { topology } = this.net;
    const links =
      event.link === undefined
        ? workers.flatMap((worker) => topology.ports(worker))
        : topology.named(event.link);
    for (const link of new Set(links)) {
      this.net.network.setScale(link, event.factor!, nowUs);
      this.ends.cancel(link);
      if (lastsUs < Infinity) this.ends.schedule(link, nowUs + lastsUs, 0);
    }
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

/** Without a fabric: a worker has this share of its links to others left, for hand-offs, peers and remote stores. */
export function scalePorts(
  parts: {
    readonly handoffs: Handoffs | undefined;
    readonly poolOf: readonly Pool[];
    readonly workers: readonly Worker[];
    readonly clock: WorkerEvents;
  },
  id: number,
  scale: number,
  nowUs: number,
): void {
  const { handoffs, poolOf, workers, clock } = parts;
  handoffs?.scaleLinks(id, scale, nowUs);
  const { tiers } = poolOf[id]!;
  const wake = (worker: number): void => clock.wake(workers[worker]!, nowUs);
  tiers?.losses.portsScaled(id - tiers.firstId, scale, nowUs, wake);
}
