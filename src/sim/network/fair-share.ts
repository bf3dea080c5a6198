/**
 * Max-min fair rates: every lane gets an equal part of its tightest link, weighted, and what a flow cannot use goes to the others
 * (progressive filling; Bertsekas and Gallager, Data Networks, 1992, §6.5.2). InfiniBand and RoCE share a port among queue pairs this way in
 * the mean; it is exact for none of them.
 *
 * Only flows that a change can reach are computed anew: those connected to a changed link through links that may be full. A link whose
 * flows could not fill it, however fast the others were, limits nobody and connects nothing.
 */

import type { FlowTable } from "./flow-table.ts";
import type { Links } from "./links.ts";
import type { Routes } from "./routes.ts";

/** The flows of one computation, with their new rates. */
export class FairShare {
  /** Flows reached by the last `compute`, in `flows[0 … flowCount − 1]`. */
  flows = new Int32Array(64);
  flowCount = 0;
  /** New units/µs of a lane, by flow. */
  newRate = new Float64Array(64);
  private readonly links: Links;
  private readonly routes: Routes;
  private readonly table: FlowTable;
  private round = 0;
  private flowRound = new Int32Array(64);
  private isFixed = new Uint8Array(64);
  private readonly linkRound: Int32Array;
  private readonly reached: Int32Array;
  private linkCount = 0;
  private readonly free: Float64Array;
  private readonly open: Float64Array;
  /** Flows that something else than the reached links may limit. */
  private limited = new Int32Array(64);
  private limitedCount = 0;

  constructor(links: Links, routes: Routes, table: FlowTable) {
    this.links = links;
    this.routes = routes;
    this.table = table;
    this.linkRound = new Int32Array(links.count);
    this.reached = new Int32Array(links.count);
    this.free = new Float64Array(links.count);
    this.open = new Float64Array(links.count);
  }

  /** Rates of all flows that the changed links reach. */
  compute(changed: Int32Array, changedCount: number): void {
    this.makeRoom();
    this.round++;
    this.linkCount = 0;
    this.flowCount = 0;
    this.limitedCount = 0;
    for (let i = 0; i < changedCount; i++) this.reach(changed[i]!);
    for (let i = 0; i < this.linkCount; i++) this.collect(this.reached[i]!);
    this.fill();
  }

  private makeRoom(): void {
    const room = this.table.state.length;
    if (this.newRate.length >= room) return;
    this.flows = new Int32Array(room);
    this.limited = new Int32Array(room);
    this.newRate = new Float64Array(room);
    this.isFixed = new Uint8Array(room);
    this.flowRound = new Int32Array(room);
    this.round = 0;
    this.linkRound.fill(0);
  }

  private reach(link: number): void {
    if (this.linkRound[link] === this.round) return;
    this.linkRound[link] = this.round;
    this.reached[this.linkCount++] = link;
    this.free[link] = this.links.capacity[link]!;
    this.open[link] = this.links.lanes[link]!;
  }

  /** Takes in the flows of a link, and the links that these may fill. */
  private collect(link: number): void {
    const { table, routes, links } = this;
    const { stride } = table;
    for (let at = links.head[link]!; at >= 0; at = table.nextOn[at]!) {
      const flow = Math.floor(at / stride);
      if (this.flowRound[flow] === this.round) continue;
      this.flowRound[flow] = this.round;
      this.isFixed[flow] = 0;
      this.flows[this.flowCount++] = flow;
      const route = table.route[flow]!;
      let isLimited = table.cap[flow]! < Infinity;
      for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
        const other = routes.link[i]!;
        if (this.linkRound[other] === this.round) continue;
        if (links.demand[other]! > links.capacity[other]!) this.reach(other);
        else isLimited = true;
      }
      if (isLimited) this.limited[this.limitedCount++] = flow;
    }
  }

  private fill(): void {
    const { table, links } = this;
    for (;;) {
      let level = Infinity;
      let tightest = -1;
      let kept = 0;
      for (let i = 0; i < this.linkCount; i++) {
        const link = this.reached[i]!;
        const open = this.open[link]!;
        if (open <= 0) continue;
        this.reached[kept++] = link;
        const share = Math.floor(this.free[link]! / open);
        if (share < level) {
          level = share;
          tightest = link;
        }
      }
      this.linkCount = kept;
      if (tightest < 0) return;
      if (this.fixLimited(level)) continue;
      // A link with more lanes than units still moves: one unit a lane, over its capacity by that little.
      const least = links.capacity[tightest]! > 0 ? 1 : 0;
      const lane = Math.max(level, least);
      for (let at = links.head[tightest]!; at >= 0; at = table.nextOn[at]!) {
        const flow = Math.floor(at / table.stride);
        if (this.isFixed[flow] === 0) this.fix(flow, table.weight[flow]! * lane);
      }
    }
  }

  /** Fixes the flows whose own limit is below the level; whether there were any. */
  private fixLimited(level: number): boolean {
    const { table } = this;
    let kept = 0;
    let found = false;
    for (let i = 0; i < this.limitedCount; i++) {
      const flow = this.limited[i]!;
      if (this.isFixed[flow] === 1) continue;
      const limit = Math.min(table.cap[flow]!, table.alone[flow]!);
      if (limit <= table.weight[flow]! * level) {
        this.fix(flow, limit);
        found = true;
      } else this.limited[kept++] = flow;
    }
    this.limitedCount = kept;
    return found;
  }

  private fix(flow: number, rate: number): void {
    const { table, routes } = this;
    this.isFixed[flow] = 1;
    this.newRate[flow] = rate;
    const route = table.route[flow]!;
    const weight = table.weight[flow]!;
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
      const link = routes.link[i]!;
      if (this.linkRound[link] !== this.round) continue;
      const lanes = routes.lanesOn[i]!;
      this.free[link] = Math.max(0, this.free[link]! - lanes * rate);
      this.open[link]! -= lanes * weight;
    }
  }
}
