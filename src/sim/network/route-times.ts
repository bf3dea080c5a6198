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
   * Set-up and the time in which the slowest link of the route would carry the bytes beside the flows that move at `nowUs` or are being set up,
   * µs. A flow takes its share only as long as it has bytes left. Nothing is known of flows to come, nor of a queue for a turn.
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
   * the others move meanwhile, which is at most as much a lane as this flow. Both are bounds from above; the lesser one holds. Flows in
   * set-up take no rate yet, but will before this one does: with them the rate is a fair share.
   */
  private beside(link: number, lanes: number, units: number, nowUs: number): number {
    const { links, flows } = this;
    const capacity = links.capacity[link]!;
    if (capacity === 0) return Infinity;
    const toCome = links.headSetup[link]!;
    let others = links.lanes[link]!;
    let carried = lanes * units + this.carriedUnits(links.head[link]!, units, nowUs);
    if (toCome >= 0) {
      carried += this.carriedUnits(toCome, units, nowUs);
      for (let at = toCome; at >= 0; at = flows.nextOn[at]!) others += this.lanesAt(at);
    }
    const free = toCome >= 0 ? 0 : (capacity - links.rate[link]!) / lanes;
    const nowRate = Math.max(free, capacity / (others + lanes));
    return Math.min(units / nowRate, carried / capacity);
  }

  /** Units that the flows of a list move while one more flow moves `units` a lane, at most. */
  private carriedUnits(head: number, units: number, nowUs: number): number {
    const { flows } = this;
    let carried = 0;
    for (let at = head; at >= 0; at = flows.nextOn[at]!) {
      const flow = Math.floor(at / flows.stride);
      const weight = flows.weight[flow]!;
      const sinceUs = flows.rate[flow]! === 0 ? 0 : nowUs - flows.anchorUs[flow]!;
      const left = Math.max(0, flows.left[flow]! - flows.rate[flow]! * sinceUs);
      carried += (this.lanesAt(at) / weight) * Math.min(left, weight * units);
    }
    return carried;
  }

  /** Weighted lanes of the link that an incidence belongs to. */
  private lanesAt(at: number): number {
    const { routes, flows } = this;
    const flow = Math.floor(at / flows.stride);
    const place = routes.start[flows.route[flow]!]! + (at - flow * flows.stride);
    return routes.lanesOn[place]! * flows.weight[flow]!;
  }

  private movingUs(route: number, bytes: number, laneRate: number): number {
    const bytesPerUs = (laneRate * this.routes.lanes[route]!) / UNITS_PER_BYTE;
    return bytesPerUs > 0 ? bytes / bytesPerUs : Infinity;
  }
}
