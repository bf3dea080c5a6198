/**
 * Weights that workers load when they start again: flows over the fabric's links, from the drives or the host memory of their nodes or from the
 * object store, so that a restart takes longer where others use the same links.
 */

import { PLACE_GPU, PLACE_HOST, PLACE_NVME, PLACE_STORE, TransferPort } from "../network/index.ts";
import type { ClusterNetwork } from "../network/index.ts";
import type { FaultKnobs } from "./fault-schema.ts";

const BYTES_PER_GB_US = 1e3;

const PLACES = { host: PLACE_HOST, nvme: PLACE_NVME, store: PLACE_STORE } as const;

/** Where a worker gets its weights from; undefined: from nowhere that has links, but at a rate. */
export function weightsPlace(
  { weights_from: from }: FaultKnobs,
  net: ClusterNetwork | undefined,
  worker: number,
): number | undefined {
  if (net === undefined || from === "rate") return undefined;
  if (from !== "auto") return PLACES[from];
  return [PLACE_NVME, PLACE_STORE].find((place) => net.topology.has(place, worker));
}

export class WeightLoads {
  private readonly port: TransferPort;
  private readonly knobs: FaultKnobs;
  /** Transfer of each worker that loads. */
  private readonly flowOf = new Map<number, number>();

  constructor(net: ClusterNetwork, knobs: FaultKnobs) {
    this.port = new TransferPort(net);
    this.knobs = knobs;
  }

  /** Time at which weights that are there wait to be taken, µs; Infinity: none do. */
  get nextUs(): number {
    return this.port.nextUs;
  }

  /** Whether a worker's weights are on their way. */
  isLoading(worker: number): boolean {
    return this.flowOf.has(worker);
  }

  /** Starts to load `bytes` from a place to all `gpus` GPUs of a worker. */
  begin(worker: number, place: number, bytes: number, gpus: number, nowUs: number): void {
    const route = this.port.net.route(place, worker, PLACE_GPU, worker);
    const flow = this.port.start(route, bytes, worker, nowUs, {
      isBackground: true,
      bytesPerUsMax: this.knobs.weights_gb_per_s * gpus * BYTES_PER_GB_US,
    });
    this.flowOf.set(worker, flow);
  }

  cancel(worker: number, nowUs: number): void {
    const flow = this.flowOf.get(worker);
    if (flow === undefined) return;
    this.port.cancel(flow, nowUs);
    this.flowOf.delete(worker);
  }

  /** The next worker whose weights are all there, −1: none. */
  pop(nowUs: number): number {
    const flow = this.port.pop(nowUs);
    if (flow < 0) return -1;
    const worker = this.port.tagOf(flow);
    this.flowOf.delete(worker);
    return worker;
  }
}
