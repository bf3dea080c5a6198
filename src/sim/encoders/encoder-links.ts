/** What moves embeddings from encoder workers to those that compute prompts, over the cluster's network. */

import type { ClusterNetwork } from "../network/index.ts";
import { PLACE_GPU, TransferPort } from "../network/index.ts";

/** The part of it that embeddings need: see `TransferLinks`, which private links are. */
export interface EmbeddingLinks {
  /** Time of the next end of a transfer, µs; Infinity: none. */
  readonly nextUs: number;
  /** Starts to move `bytes` in `pieces` between two workers, by number; returns the transfer. */
  start(
    from: number,
    to: number,
    bytes: number,
    pieces: number,
    tag: number,
    nowUs: number,
  ): number;
  cancel(transfer: number, nowUs: number): void;
  /** Tag of the next transfer that ends at `nowUs`; −1: no more do. */
  pop(nowUs: number): number;
}

export class FabricEmbeddings implements EmbeddingLinks {
  private readonly port: TransferPort;
  /** Filled anew for each transfer. */
  private readonly options = { owner: 0, descriptors: 0 };

  constructor(net: ClusterNetwork) {
    this.port = new TransferPort(net);
    // The tag of a transfer is its request.
    this.port.slotOf = (slot) => slot;
  }

  get nextUs(): number {
    return this.port.nextUs;
  }

  start(
    from: number,
    to: number,
    bytes: number,
    pieces: number,
    tag: number,
    nowUs: number,
  ): number {
    // The worker pulls: a tensor for each image.
    this.options.owner = to;
    this.options.descriptors = pieces;
    const route = this.port.net.route(PLACE_GPU, from, PLACE_GPU, to);
    return this.port.start(route, bytes, tag, nowUs, this.options);
  }

  cancel(transfer: number, nowUs: number): void {
    this.port.cancel(transfer, nowUs);
  }

  pop(nowUs: number): number {
    const flow = this.port.pop(nowUs);
    return flow < 0 ? -1 : this.port.tagOf(flow);
  }
}
