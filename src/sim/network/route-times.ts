/** What transfers over a route take: their set-up, alone, and among the flows of now. */

import type { Links } from "./links.ts";
import { UNITS_PER_BYTE } from "./links.ts";
import type { Routes } from "./routes.ts";

export class RouteTimes {
  private readonly links: Links;
  private readonly routes: Routes;
  private readonly baseUs: number;
  private readonly descriptorUs: number;

  /**
   * @param baseUs control messages of every transfer
   * @param descriptorUs posting one memory descriptor
   */
  constructor(links: Links, routes: Routes, baseUs: number, descriptorUs: number) {
    this.links = links;
    this.routes = routes;
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
  aloneUs(route: number, bytes: number, descriptors: number): number {
    return this.setupUs(route, descriptors) + this.movingUs(route, bytes, this.aloneRate(route));
  }

  /**
   * Set-up and bytes ÷ the rate that would fall to one more flow among those moving now, µs. It knows nothing of flows to come, nor of a
   * queue for a turn.
   */
  expectedUs(route: number, bytes: number, descriptors: number, baseUs?: number): number {
    const { routes, links } = this;
    let lane = Infinity;
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
      const link = routes.link[i]!;
      const lanes = routes.lanesOn[i]!;
      const capacity = links.capacity[link]!;
      const free = (capacity - links.rate[link]!) / lanes;
      lane = Math.min(lane, Math.max(free, capacity / (links.lanes[link]! + lanes)));
    }
    return this.setupUs(route, descriptors, baseUs) + this.movingUs(route, bytes, lane);
  }

  private movingUs(route: number, bytes: number, laneRate: number): number {
    const bytesPerUs = (laneRate * this.routes.lanes[route]!) / UNITS_PER_BYTE;
    return bytesPerUs > 0 ? bytes / bytesPerUs : Infinity;
  }
}
