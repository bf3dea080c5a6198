/** Hand-offs over the cluster's network, where they meet each other and everything else that moves. */

import type { ClusterNetwork } from "../network/index.ts";
import { PLACE_GPU, TransferPort } from "../network/index.ts";
import type { Pool } from "../pool.ts";
import { LAYERS_DEFAULT } from "./transfer-links.ts";
import type { TransferLinks } from "./transfer-links.ts";

/** Descriptors of a block where no card says: a model of 32 layers, keys and values apart (Llama-3.1-8B). */
const DESCRIPTORS_DEFAULT = 64;

export class FabricLinks implements TransferLinks {
  private readonly port: TransferPort;
  /** By worker: descriptors of a block in a rank, ranks that a request's blocks are not on, GPUs. */
  private readonly descriptors: number[] = [];
  private readonly dataRanks: number[] = [];
  private readonly gpus: number[] = [];
  private readonly layers: number[] = [];
  private readonly cipherBytesPerUs: number;
  /** Filled anew for each transfer. */
  private readonly options = { owner: 0, descriptors: 0, bytesPerUsMax: Infinity };

  /** @param cipherBytesPerUs most that encryption lets through for one hand-off */
  constructor(net: ClusterNetwork, pools: readonly Pool[], cipherBytesPerUs: number) {
    this.cipherBytesPerUs = cipherBytesPerUs;
    this.port = new TransferPort(net);
    // The tag of a hand-off is its request.
    this.port.slotOf = (slot) => slot;
    for (const { workers, engine, scenario } of pools) {
      for (const { id } of workers) {
        this.descriptors[id] = engine.kvBytes?.descriptorsPerBlock ?? DESCRIPTORS_DEFAULT;
        this.dataRanks[id] = scenario.cluster.parallelism.data;
        this.gpus[id] = engine.gpusPerWorker;
        this.layers[id] = engine.kvBytes?.layers ?? LAYERS_DEFAULT;
      }
    }
  }

  get nextUs(): number {
    return this.port.nextUs;
  }

  start(
    from: number,
    to: number,
    bytes: number,
    blocks: number,
    tag: number,
    nowUs: number,
    sourceEndUs = NaN,
  ): number {
    const { port, options } = this;
    const { network } = port.net;
    const route = port.net.route(PLACE_GPU, from, PLACE_GPU, to);
    // The decode worker pulls: each of its ranks posts the lanes that end at it.
    const lanes = network.routes.lanes[route]!;
    options.owner = to;
    options.descriptors = (blocks * this.descriptors[to]! * lanes) / this.gpus[to]!;
    // A request lies on one data-parallel rank, whose ports alone move it.
    const ranks = Math.max(this.dataRanks[from]!, this.dataRanks[to]!);
    const share = ranks === 1 ? Infinity : network.times.nominalBytesPerUs(route) / ranks;
    options.bytesPerUsMax = Math.min(share, this.cipherBytesPerUs);
    if (Number.isNaN(sourceEndUs)) return port.start(route, bytes, tag, nowUs, options);
    const overlapped = { ...options, sourceEndUs, layers: this.layers[from]! };
    return port.start(route, bytes, tag, nowUs, overlapped);
  }

  cancel(transfer: number, nowUs: number): void {
    this.port.cancel(transfer, nowUs);
  }

  pop(nowUs: number): number {
    const flow = this.port.pop(nowUs);
    return flow < 0 ? -1 : this.port.tagOf(flow);
  }
}
