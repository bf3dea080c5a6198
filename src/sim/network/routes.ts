/**
 * Routes: the links between two ends, with the number of lanes on each. A lane is one stream of a transfer, such as a tensor-parallel
 * shard's; the lanes of a transfer carry equal parts and end together, so that the slowest link of any lane is the limit of all.
 */

import { invariant } from "../../core/index.ts";

/** A link of a route and how many of the route's lanes cross it. */
export type RouteLink = { readonly link: number; readonly lanes: number };

export class Routes {
  /** Links of route r: places start[r] … start[r + 1] − 1 in `link` and `lanesOn`. */
  readonly start: number[] = [0];
  readonly link: number[] = [];
  readonly lanesOn: number[] = [];
  /** Lanes of the whole route. */
  readonly lanes: number[] = [];
  /** Time of the first byte on its way, µs. */
  readonly latencyUs: number[] = [];
  /** Longest route. */
  longest = 0;

  /** Adds a route and returns its id. */
  add(links: readonly RouteLink[], lanes: number, latencyUs: number): number {
    invariant(links.length > 0 && lanes > 0, "a route without links");
    for (const { link, lanes: on } of links) {
      this.link.push(link);
      this.lanesOn.push(on);
    }
    this.start.push(this.link.length);
    this.longest = Math.max(this.longest, links.length);
    this.latencyUs.push(latencyUs);
    return this.lanes.push(lanes) - 1;
  }

  /** Lanes over all links of a route. */
  lanesOver(route: number): number {
    let lanes = 0;
    for (let i = this.start[route]!; i < this.start[route + 1]!; i++) lanes += this.lanesOn[i]!;
    return lanes;
  }

  get count(): number {
    return this.lanes.length;
  }
}
