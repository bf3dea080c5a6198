/**
 * One part of the engine at a network that several share: its transfers end here, in order, at the instant the network delivers them, and wait
 * until the part asks. A part that has a network to itself can do without.
 */

import type { ClusterNetwork, TransferListener } from "./cluster-network.ts";
import type { Network } from "./network.ts";
import type { RouteTimes } from "./route-times.ts";
import type { TransferOptions } from "./network-spec.ts";

/** What a part of the engine does with a network, its own or a port at a shared one. */
export type Transfers = Pick<
  Network,
  "nextUs" | "start" | "cancel" | "pop" | "tagOf" | "expectedUs" | "times"
>;

export class TransferPort implements TransferListener {
  readonly net: ClusterNetwork;
  private readonly listener: number;
  private readonly flows: number[] = [];
  private readonly tags: number[] = [];
  private deliveredUs = Infinity;
  private lastTag = -1;
  private readonly setupUs: number | undefined;
  /** The request that waits for a transfer of this tag; −1: nobody does. */
  slotOf: (tag: number) => number = () => -1;

  /** @param setupUs of what is started here, where its options do not say; the network's own when absent */
  constructor(net: ClusterNetwork, setupUs?: number) {
    this.net = net;
    this.setupUs = setupUs;
    this.listener = net.listen(this);
  }

  /** Time at which the transfers that wait here ended, µs; Infinity: none waits. */
  get nextUs(): number {
    return this.flows.length === 0 ? Infinity : this.deliveredUs;
  }

  /** As `Network.start`; it ends here. */
  start(
    route: number,
    bytes: number,
    tag: number,
    nowUs: number,
    options?: TransferOptions,
  ): number {
    const { setupUs } = this;
    const own = setupUs === undefined ? options : { setupUs, ...options };
    return this.net.network.start(route, bytes, tag, nowUs, own, this.listener);
  }

  /** Stops a transfer; one that has ended and waits here is forgotten. */
  cancel(flow: number, nowUs: number): void {
    const at = this.flows.indexOf(flow);
    if (at < 0) {
      this.net.network.cancel(flow, nowUs);
      return;
    }
    this.flows.splice(at, 1);
    this.tags.splice(at, 1);
  }

  /** The next transfer that ended, −1: none. */
  pop(_nowUs: number): number {
    const flow = this.flows.shift();
    if (flow === undefined) return -1;
    this.lastTag = this.tags.shift()!;
    return flow;
  }

  /** Tag of the transfer that was popped last. */
  tagOf(_flow: number): number {
    return this.lastTag;
  }

  /** What a transfer that starts now may take, µs; see `Network.expectedUs`. */
  expectedUs(route: number, bytes: number, nowUs: number): number {
    return this.net.network.expectedUs(route, bytes, nowUs, this.setupUs);
  }

  get times(): RouteTimes {
    return this.net.network.times;
  }

  transferred(tag: number, flow: number, nowUs: number): void {
    this.flows.push(flow);
    this.tags.push(tag);
    this.deliveredUs = nowUs;
  }
}
