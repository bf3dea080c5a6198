/** Links of the fabric that are degraded or cut: everything that moves over them feels it, hand-offs and tiers alike. */

import { EventQueue, nearestNames } from "../../core/index.ts";
import type { Problem } from "../../core/index.ts";
import type { ClusterNetwork } from "../network/index.ts";
import type { Scenario } from "../scenario.ts";
import type { FaultEvent } from "./fault-schema.ts";

/** Names of links that an error shows. */
const NAMES_SHOWN = 3;

/** The first fault of a link that the fabric does not have; `undefined`: all exist. */
export function linkFaultProblem(
  { faults }: Scenario,
  { topology }: ClusterNetwork,
): Problem | undefined {
  for (const [index, { link }] of faults.events.entries()) {
    if (link === undefined || topology.named(link).length > 0) continue;
    const names = topology.links.map(({ name }) => name);
    const near = nearestNames(link, names).slice(0, NAMES_SHOWN);
    return {
      what: `the fabric has no link ${JSON.stringify(link)}`,
      where: `faults.events.${String(index)}.link`,
      expected: `a link, or the words that the names of several begin with, such as ${JSON.stringify(near[0] ?? names[0])}`,
      remedy: `its links are ${names.slice(0, NAMES_SHOWN).join(", ")} and so on; GPUs and NICs of one worker count as one link`,
    };
  }
  return undefined;
}

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
