/**
 * The network of a cluster: transfers in flight over shared links.
 *
 * A transfer waits for its turn (a cap of transfers per worker, first in first out), is set up (latency, control messages, one descriptor per
 * block and layer), and then moves as a flow at its max-min fair rate. It ends at the first whole µs at which its last byte is there.
 * Everything depends only on the calls and their times, so that both modes of the engine, and any machine, see the same.
 *
 * In one instant: transfers that end, then transfers whose set-up is over, then what the caller starts, cancels or cuts; rates are computed
 * once, when the caller next asks for `nextUs`. A transfer takes at least 1 µs, so that an instant never adds to itself.
 */

import { EventQueue, invariant } from "../../core/index.ts";
import { FairShare } from "./fair-share.ts";
import { FLOW_FREE, FLOW_MOVING, FLOW_QUEUED, FLOW_SETUP, FlowTable } from "./flow-table.ts";
import { Links, UNITS_PER_BYTE } from "./links.ts";
import { RouteTimes } from "./route-times.ts";
import type { RouteLink } from "./routes.ts";
import { Routes } from "./routes.ts";
import type { NetworkSpec, TransferOptions } from "./network-spec.ts";
import { capBySource, liftSourceCap, NO_SOURCE } from "./source-cap.ts";
import { TurnQueues } from "./turn-queues.ts";

const EV_END = 0;
const EV_READY = 1;
/** The source of an overlapped transfer is done. */
const EV_SOURCE_END = 2;
const NONE = -1;
const LIMIT_UNITS = Number.MAX_SAFE_INTEGER;

const PLAIN: TransferOptions = {};

export class Network {
  readonly links: Links;
  readonly routes = new Routes();
  readonly flows = new FlowTable(4);
  /** Transfers that ended, their bytes, and the time of their parts, µs. */
  readonly totals = {
    started: 0,
    finished: 0,
    cancelled: 0,
    bytes: 0,
    queuedUs: 0,
    setupUs: 0,
    movingUs: 0,
    /** What moving would have taken without other flows. */
    aloneUs: 0,
    /** Units over all links of the flows that are over. */
    carried: 0,
  };
  /** What transfers take; ask `expectedUs` here, which is up to date. */
  readonly times: RouteTimes;
  readonly shared: boolean;
  /** Told of every transfer that starts; undefined: nobody looks. */
  watch: ((flow: number) => void) | undefined;
  private readonly share: FairShare;
  private readonly queue = new EventQueue();
  private readonly turns: TurnQueues;
  private readonly changed: Int32Array;
  private readonly isChanged: Uint8Array;
  private changedCount = 0;
  private changedUs = NaN;

  constructor(spec: NetworkSpec) {
    this.shared = spec.shared ?? true;
    this.links = new Links(spec.links);
    this.times = new RouteTimes(this.links, this.routes, this.flows, spec);
    this.share = new FairShare(this.links, this.routes, this.flows);
    this.turns = new TurnQueues(this.flows, spec.owners, spec.transfersPerOwner);
    this.changed = new Int32Array(this.links.count);
    this.isChanged = new Uint8Array(this.links.count);
  }

  /** Time of the next event, µs; Infinity: none. Not every event ends a transfer: see `pop`. */
  get nextUs(): number {
    if (this.changedCount > 0) this.flush();
    return this.queue.timeUs;
  }

  /** Adds a route. */
  addRoute(links: readonly RouteLink[], lanes: number, latencyUs: number): number {
    const route = this.routes.add(links, lanes, latencyUs);
    this.flows.widen(this.routes.longest, [this.links.head, this.links.headSetup]);
    return route;
  }

  /**
   * Starts a transfer of `bytes` (a whole number) and returns its id, valid until it ends or is cancelled. `listener` is whom a
   * `ClusterNetwork` tells of its end.
   */
  start(
    route: number,
    bytes: number,
    tag: number,
    nowUs: number,
    options: TransferOptions = PLAIN,
    listener = 0,
  ): number {
    const { flows } = this;
    const flow = flows.take(options.isBackground === true);
    const lanes = this.routes.lanes[route]!;
    const { owner = NONE, weight = 1, bytesPerUsMax = Infinity } = options;
    const left = Math.ceil(bytes / lanes) * UNITS_PER_BYTE;
    invariant(bytes >= 0 && left <= LIMIT_UNITS, "a transfer of impossible size");
    invariant(weight >= 1 && Number.isInteger(weight), "a transfer of impossible weight");
    flows.route[flow] = route;
    flows.tag[flow] = tag;
    flows.owner[flow] = owner;
    flows.listener[flow] = listener;
    flows.weight[flow] = weight;
    flows.bytes[flow] = bytes;
    flows.ownCap[flow] = Math.max(1, Math.floor((bytesPerUsMax * UNITS_PER_BYTE) / lanes));
    flows.cap[flow] = flows.ownCap[flow]!;
    flows.total[flow] = left;
    flows.left[flow] = left;
    flows.rate[flow] = 0;
    flows.askedUs[flow] = nowUs;
    flows.movingUs[flow] = NaN;
    flows.setupUs[flow] = this.times.setupUs(route, options.descriptors ?? 0, options.setupUs);
    flows.sourceEndUs[flow] = NO_SOURCE;
    if (options.sourceEndUs !== undefined) {
      flows.sourceEndUs[flow] = options.sourceEndUs;
      // Until the source ends, the cap is the rate at which it makes bytes; `left` keeps the whole.
      capBySource(flows, flow, nowUs, options.layers ?? 1);
    }
    this.totals.started++;
    flows.state[flow] = FLOW_QUEUED;
    if (this.turns.take(flow)) this.begin(flow, nowUs);
    this.watch?.(flow);
    return flow;
  }

  /** Stops a transfer: bytes that have moved stay moved, the others never will. */
  cancel(flow: number, nowUs: number): void {
    const { flows } = this;
    const state = flows.state[flow]!;
    invariant(state !== FLOW_FREE, "a transfer that is over was cancelled");
    this.totals.cancelled++;
    if (state === FLOW_QUEUED) this.turns.leave(flow);
    if (state === FLOW_SETUP && this.shared) this.unlist(flow, this.links.headSetup);
    if (state === FLOW_MOVING) this.leaveLinks(flow, nowUs);
    if (this.queue.isPending(flow)) this.queue.cancel(flow);
    flows.give(flow);
    if (state !== FLOW_QUEUED) this.passTurn(flow, nowUs);
  }

  /**
   * Takes the network to `nowUs` up to the next transfer that ends then, and returns it; −1 when no more do. Its columns can be read until
   * the next `start`.
   */
  pop(nowUs: number): number {
    const { queue } = this;
    if (this.changedCount > 0 && this.changedUs < nowUs) this.flush();
    while (queue.timeUs <= nowUs) {
      const { kind } = queue;
      const flow = queue.pop();
      if (kind === EV_END) {
        this.end(flow, nowUs);
        return flow;
      }
      if (kind === EV_READY) this.move(flow, nowUs);
      else this.sourceEnded(flow, nowUs);
    }
    return NONE;
  }

  tagOf(flow: number): number {
    return this.flows.tag[flow]!;
  }

  /** Bytes that have arrived by now. */
  movedBytes(flow: number, nowUs: number): number {
    const { flows } = this;
    const bytes = flows.bytes[flow]!;
    if (flows.state[flow] !== FLOW_MOVING) return 0;
    const lanes = this.routes.lanes[flows.route[flow]!]!;
    const left = flows.left[flow]! - flows.rate[flow]! * (nowUs - flows.anchorUs[flow]!);
    return Math.max(0, bytes - (left * lanes) / UNITS_PER_BYTE);
  }

  /** Sets a link's capacity to a part of what it was built with, 0 … 1; 0 cuts it, and its flows stand still. */
  setScale(link: number, scale: number, nowUs: number): void {
    const { links, flows } = this;
    links.capacity[link] = Math.floor(links.nominal[link]! * scale);
    if (!this.shared) {
      for (let flow = 0; flow < flows.slots; flow++) {
        if (flows.state[flow] === FLOW_MOVING) this.moveAlone(flow, nowUs);
      }
      return;
    }
    this.touch(link, nowUs);
    for (let at = links.head[link]!; at >= 0; at = flows.nextOn[at]!) {
      const flow = Math.floor(at / flows.stride);
      const route = flows.route[flow]!;
      this.addDemand(flow, -1);
      flows.alone[flow] = this.times.aloneRate(route);
      this.addDemand(flow, 1);
      this.touchAll(route, nowUs);
    }
  }

  /** What a transfer that starts now may take among the flows of now, µs; see `RouteTimes`. */
  expectedUs(route: number, bytes: number, nowUs: number, setupUs?: number): number {
    if (this.changedCount > 0) this.flush();
    return this.times.expectedUs(route, bytes, nowUs, setupUs);
  }

  private begin(flow: number, nowUs: number): void {
    const { flows } = this;
    flows.state[flow] = FLOW_SETUP;
    if (this.shared) this.list(flow, this.links.headSetup);
    this.totals.queuedUs += nowUs - flows.askedUs[flow]!;
    this.queue.schedule(flow, nowUs + flows.setupUs[flow]!, EV_READY);
  }

  private passTurn(flow: number, nowUs: number): void {
    const next = this.turns.pass(this.flows.owner[flow]!);
    if (next !== NONE) this.begin(next, nowUs);
  }

  private move(flow: number, nowUs: number): void {
    const { flows, links, routes } = this;
    flows.state[flow] = FLOW_MOVING;
    flows.anchorUs[flow] = nowUs;
    flows.movingUs[flow] = nowUs;
    const route = flows.route[flow]!;
    if (flows.left[flow] === 0) {
      this.queue.schedule(flow, nowUs, EV_END);
    } else if (flows.sourceEndUs[flow]! > nowUs) {
      this.queue.schedule(flow, flows.sourceEndUs[flow]!, EV_SOURCE_END);
    } else liftSourceCap(flows, flow);
    if (!this.shared) {
      this.moveAlone(flow, nowUs);
      return;
    }
    flows.alone[flow] = this.times.aloneRate(route);
    this.addDemand(flow, 1);
    this.unlist(flow, links.headSetup);
    this.list(flow, links.head);
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
      const link = routes.link[i]!;
      links.lanes[link]! += routes.lanesOn[i]! * flows.weight[flow]!;
      links.flowJoined(link, nowUs);
      this.touch(link, nowUs);
    }
  }

  /** Without sharing: at the rate that the route gives to a single flow. */
  private moveAlone(flow: number, nowUs: number): void {
    const { flows } = this;
    this.anchor(flow, nowUs);
    flows.alone[flow] = this.times.aloneRate(flows.route[flow]!);
    flows.rate[flow] = Math.min(flows.cap[flow]!, flows.alone[flow]!);
    if (flows.sourceEndUs[flow] === NO_SOURCE) this.scheduleEnd(flow, nowUs);
  }

  private end(flow: number, nowUs: number): void {
    const { flows, totals } = this;
    const { setupUs, movingUs, alone, left } = flows;
    totals.finished++;
    totals.bytes += flows.bytes[flow]!;
    totals.setupUs += setupUs[flow]!;
    totals.movingUs += nowUs - movingUs[flow]!;
    this.leaveLinks(flow, nowUs);
    if (alone[flow]! > 0) totals.aloneUs += flows.total[flow]! / alone[flow]!;
    invariant(left[flow]! === 0, "a transfer ended with bytes left");
    flows.give(flow);
    this.passTurn(flow, nowUs);
  }

  private leaveLinks(flow: number, nowUs: number): void {
    const { flows, links, routes } = this;
    this.anchor(flow, nowUs);
    const rate = flows.rate[flow]!;
    const route = flows.route[flow]!;
    const moved = flows.total[flow]! - flows.left[flow]!;
    if (this.shared) this.addDemand(flow, -1);
    if (this.shared) this.unlist(flow, links.head);
    this.totals.carried += moved * routes.lanesOver(route);
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
      const link = routes.link[i]!;
      if (!this.shared) {
        links.add(link, routes.lanesOn[i]! * moved);
        continue;
      }
      const lanes = routes.lanesOn[i]!;
      links.settle(link, nowUs);
      links.rate[link]! -= lanes * rate;
      links.lanes[link]! -= lanes * flows.weight[flow]!;
      links.flowLeft(link, nowUs);
      this.touch(link, nowUs);
    }
    flows.rate[flow] = 0;
  }

  /** Puts a flow into the lists of its links, or takes it out. */
  private list(flow: number, heads: Int32Array): void {
    const { start, link } = this.routes;
    const first = start[this.flows.route[flow]!]!;
    const end = start[this.flows.route[flow]! + 1]!;
    const base = flow * this.flows.stride - first;
    for (let i = first; i < end; i++) this.flows.listOn(heads, link[i]!, base + i);
  }
  private unlist(flow: number, heads: Int32Array): void {
    const { start, link } = this.routes;
    const first = start[this.flows.route[flow]!]!;
    const end = start[this.flows.route[flow]! + 1]!;
    const base = flow * this.flows.stride - first;
    for (let i = first; i < end; i++) this.flows.unlistFrom(heads, link[i]!, base + i);
  }

  /** Brings `left` to `nowUs`. */
  private anchor(flow: number, nowUs: number): void {
    const { flows, links, routes } = this;
    const left = flows.left[flow]! - flows.rate[flow]! * (nowUs - flows.anchorUs[flow]!);
    flows.anchorUs[flow] = nowUs;
    flows.left[flow] = Math.max(0, left);
    if (left >= 0 || !this.shared) return;
    // The last µs is rounded up: what the links could have carried in the rest of it, they did not.
    const route = flows.route[flow]!;
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
      links.add(routes.link[i]!, routes.lanesOn[i]! * left);
    }
  }

  private sourceEnded(flow: number, nowUs: number): void {
    if (!this.shared) {
      liftSourceCap(this.flows, flow);
      this.moveAlone(flow, nowUs);
      return;
    }
    this.addDemand(flow, -1);
    liftSourceCap(this.flows, flow);
    this.addDemand(flow, 1);
    this.touchAll(this.flows.route[flow]!, nowUs);
    // Its end is not scheduled yet, whether or not its rate changes.
    this.anchor(flow, nowUs);
    this.scheduleEnd(flow, nowUs);
  }

  /** Adds what a flow could take at most to its links' demand (`sign` 1), or takes it away (−1). */
  private addDemand(flow: number, sign: number): void {
    const { flows, links, routes } = this;
    const route = flows.route[flow]!;
    const most = sign * Math.min(flows.cap[flow]!, flows.alone[flow]!);
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
      links.demand[routes.link[i]!]! += routes.lanesOn[i]! * most;
    }
  }

  private touch(link: number, nowUs: number): void {
    if (this.isChanged[link] === 1) return;
    if (this.changedCount > 0 && this.changedUs !== nowUs) this.flush();
    this.changedUs = nowUs;
    this.isChanged[link] = 1;
    this.changed[this.changedCount++] = link;
  }

  private touchAll(route: number, nowUs: number): void {
    const { start, link } = this.routes;
    for (let i = start[route]!; i < start[route + 1]!; i++) this.touch(link[i]!, nowUs);
  }

  /** Gives every flow that the changes reach its new rate. */
  private flush(): void {
    const { share, flows, changed } = this;
    const nowUs = this.changedUs;
    const count = this.changedCount;
    this.changedCount = 0;
    for (let i = 0; i < count; i++) this.isChanged[changed[i]!] = 0;
    share.compute(changed, count);
    for (let i = 0; i < share.flowCount; i++) {
      const flow = share.flows[i]!;
      const rate = share.newRate[flow]!;
      if (rate !== flows.rate[flow]) this.setRate(flow, rate, nowUs);
    }
  }

  private setRate(flow: number, rate: number, nowUs: number): void {
    const { flows, links, routes } = this;
    this.anchor(flow, nowUs);
    const change = rate - flows.rate[flow]!;
    const route = flows.route[flow]!;
    for (let i = routes.start[route]!; i < routes.start[route + 1]!; i++) {
      const link = routes.link[i]!;
      links.settle(link, nowUs);
      links.rate[link]! += routes.lanesOn[i]! * change;
    }
    flows.rate[flow] = rate;
    if (flows.sourceEndUs[flow] === NO_SOURCE) this.scheduleEnd(flow, nowUs);
  }

  private scheduleEnd(flow: number, nowUs: number): void {
    const rate = this.flows.rate[flow]!;
    const left = this.flows.left[flow]!;
    if (left === 0) this.queue.schedule(flow, nowUs, EV_END);
    else if (rate > 0) this.queue.schedule(flow, nowUs + Math.ceil(left / rate), EV_END);
    else if (this.queue.isPending(flow)) this.queue.cancel(flow);
  }
}
