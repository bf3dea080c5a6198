/** What transfers over a route take: their set-up, alone, and among the flows of now. */

import type { FlowTable } from "./flow-table.ts";
import type { Links } from "./links.ts";
import { UNITS_PER_BYTE } from "./links.ts";
import type { NetworkSpec } from "./network-spec.ts";
import type { Routes } from "./routes.ts";

export class RouteTimes {
  private readonly links: Links;
  private readonly routes: Routes;
  private readonly flows: FlowTable;
  private readonly baseUs: number;
  private readonly descriptorUs: number;

  constructor(
    links: Links,
    routes: Routes,
    flows: FlowTable,
    { setupUs: baseUs, descriptorUs }: Pick<NetworkSpec, "setupUs" | "descriptorUs">,
  ) {
    this.links = links;
    this.routes = routes;
    this.flows = flows;
    this.baseUs = baseUs;
    this.descriptorUs = descriptorUs;
  }

  /** Time before the first byte: the way's latency, control messages, descriptors; whole µs, at least 1. */
  setupUs(route: number, descriptors: number, baseUs = this.baseUs): number {
    const us = this.routes.latencyUs[route]! + baseUs + descriptors * this.descriptorUs;
    return Math.max(1, Math.round(us));
  }

  /** Most units/µs of a lane without other flows; 0: a link is cut. */
  aloneRate(route: number, capacities = this.links.capacity): number {
    const { routes } = this;
    let lane = Infinity;
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
      const capacity = capacities[routes.link[i]!]!;
      const each = Math.floor(capacity / routes.lanesOn[i]!);
      lane = Math.min(lane, capacity > 0 ? Math.max(1, each) : 0);
    }
    return lane;
  }

  /** Rate of a transfer without others and without faults, bytes/µs. */
  nominalBytesPerUs(route: number): number {
    const lane = this.aloneRate(route, this.links.nominal);
    return (lane * this.routes.lanes[route]!) / UNITS_PER_BYTE;
  }

  /** Set-up and bytes ÷ rate without other flows, µs; Infinity: a link is cut. */
  aloneUs(route: number, bytes: number, descriptors: number, baseUs?: number): number {
    return (
      this.setupUs(route, descriptors, baseUs) + this.movingUs(route, bytes, this.aloneRate(route))
    );
  }

  /**
   * Set-up and the time in which the slowest link of the route would carry the bytes beside the flows that move at `nowUs`, µs. A flow takes
   * its share only as long as it has bytes left. Nothing is known of flows to come, nor of a queue for a turn.
   */
  expectedUs(route: number, bytes: number, nowUs: number, baseUs?: number): number {
    const { routes } = this;
    const units = (bytes * UNITS_PER_BYTE) / routes.lanes[route]!;
    let slowestUs = 0;
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
      slowestUs = Math.max(
        slowestUs,
        this.beside(routes.link[i]!, routes.lanesOn[i]!, units, nowUs),
      );
    }
    return this.setupUs(route, 0, baseUs) + slowestUs;
  }

  /**
   * Time in which a link carries `units` units on each of `lanes` lanes of one more flow, µs: at the rate that it would get now, or with what
   * the others move meanwhile, which is at most as much a lane as this flow. Both are bounds from above; the lesser one holds.
   */
  private beside(link: number, lanes: number, units: number, nowUs: number): number {
    const { links, flows, routes } = this;
    const capacity = links.capacity[link]!;
    if (capacity === 0) return Infinity;
    const free = (capacity - links.rate[link]!) / lanes;
    const nowRate = Math.max(free, capacity / (links.lanes[link]! + lanes));
    let carried = lanes * units;
    for (let at = links.head[link]!; at >= 0; at = flows.nextOn[at]!) {
      const flow = Math.floor(at / flows.stride);
      const left = flows.left[flow]! - flows.rate[flow]! * (nowUs - flows.anchorUs[flow]!);
      const place = routes.start[flows.route[flow]!]! + (at - flow * flows.stride);
      carried += routes.lanesOn[place]! * Math.min(Math.max(0, left), flows.weight[flow]! * units);
    }
    return Math.min(units / nowRate, carried / capacity);
  }

  private movingUs(route: number, bytes: number, laneRate: number): number {
    const bytesPerUs = (laneRate * this.routes.lanes[route]!) / UNITS_PER_BYTE;
    return bytesPerUs > 0 ? bytes / bytesPerUs : Infinity;
  }
}
