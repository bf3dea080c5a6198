/**
 * Runs on their way down from one cache to the tier below: a queue, and one transfer at a time that takes all that waits.
 * (KVBM's offload pipeline: policy, batcher, one executor; `dynamo-policies.md` §3.3.) A run keeps its content until it is
 * sent (assumption: engines hold blocks that are to be copied, which costs them room for as long as the copy waits).
 */

import type { Transfers } from "../network/index.ts";
import type { Offload } from "../../policies/index.ts";
import type { TierStore } from "./tier-store.ts";

export class OffloadQueue {
  /** Blocks and bytes sent, blocks that the policy or the store did not take. */
  sentBlocks = 0;
  sentBytes = 0;
  refusedBlocks = 0;
  readonly target: TierStore;
  private readonly policy: Offload;
  private readonly route: number;
  private readonly tag: number;
  private readonly blockBytes: number;
  private readonly bytesPerUsMax: number;
  /** Runs that may not be sent yet, then those that may. */
  private readonly heldNodes: number[] = [];
  private readonly heldUpTo: number[] = [];
  private nodes: number[] = [];
  private upTo: number[] = [];
  /** Runs of the transfer in flight. */
  private sending: number[] = [];
  /** The transfer in flight, −1: none. */
  private flow = -1;

  constructor(options: {
    readonly target: TierStore;
    readonly policy: Offload;
    readonly route: number;
    readonly tag: number;
    readonly blockBytes: number;
    readonly bytesPerUsMax: number;
  }) {
    this.target = options.target;
    this.policy = options.policy;
    this.route = options.route;
    this.tag = options.tag;
    this.blockBytes = options.blockBytes;
    this.bytesPerUsMax = options.bytesPerUsMax;
  }

  /** The first `upTo` blocks of a node shall go down once `release` is called. */
  push(node: number, upTo: number): void {
    const last = this.heldNodes.length - 1;
    if (last >= 0 && this.heldNodes[last] === node) {
      this.heldUpTo[last] = Math.max(this.heldUpTo[last]!, upTo);
      return;
    }
    this.heldNodes.push(node);
    this.heldUpTo.push(upTo);
  }

  /** What was pushed may be sent: the forward pass that made it, or evicted it, has ended. */
  release(): void {
    for (let i = 0; i < this.heldNodes.length; i++) {
      this.nodes.push(this.heldNodes[i]!);
      this.upTo.push(this.heldUpTo[i]!);
    }
    this.heldNodes.length = 0;
    this.heldUpTo.length = 0;
  }

  /** Sends what waits, unless a transfer is in flight. */
  flush(network: Transfers, nowUs: number): void {
    if (this.flow >= 0 || this.nodes.length === 0) return;
    const { nodes, upTo, target, policy } = this;
    this.nodes = [];
    this.upTo = [];
    target.at(nowUs);
    let blocks = 0;
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const lacking = upTo[i]! - target.present(node);
      if (lacking <= 0) {
        if (policy.sendsPresent) blocks += upTo[i]!;
        continue;
      }
      const room = policy.passes(node) ? target.reserve(node, upTo[i]!) : 0;
      this.refusedBlocks += lacking - room;
      if (room > 0) this.sending.push(node);
      blocks += policy.sendsPresent && room > 0 ? upTo[i]! : room;
    }
    if (blocks === 0) return;
    const bytes = Math.ceil(blocks * this.blockBytes);
    this.sentBlocks += blocks;
    this.sentBytes += bytes;
    const { bytesPerUsMax } = this;
    const options = { bytesPerUsMax, isBackground: true };
    this.flow = network.start(this.route, bytes, this.tag, nowUs, options);
  }

  /** The transfer in flight has ended: `stored` is told every run that can be read now, the deepest first. */
  landed(nowUs: number, stored: (node: number, blocks: number) => void): void {
    this.flow = -1;
    this.target.at(nowUs);
    for (let i = this.sending.length - 1; i >= 0; i--) {
      const node = this.sending[i]!;
      this.target.commit(node);
      stored(node, this.target.readable(node));
    }
    this.sending.length = 0;
  }

  /** One of its ends is gone: nothing that waits is sent, and what is on its way never comes. */
  drop(network: Transfers, nowUs: number): void {
    this.heldNodes.length = 0;
    this.heldUpTo.length = 0;
    this.nodes.length = 0;
    this.upTo.length = 0;
    if (this.flow < 0) return;
    network.cancel(this.flow, nowUs);
    this.flow = -1;
    this.target.at(nowUs);
    for (let i = this.sending.length - 1; i >= 0; i--) this.target.abort(this.sending[i]!);
    this.sending.length = 0;
  }
}
