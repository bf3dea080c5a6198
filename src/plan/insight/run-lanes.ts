/** The courses of a run's parts over time: links, tiers, hand-offs, single workers. Made when a screen asks, not with every run. */

import type { Report, SeriesColumns, SimulationResult } from "../../sim/index.ts";
import { poolOfWorkers } from "./worker-pools.ts";

/** A link, and the share of its bandwidth in use in the interval before each sample. */
export type LinkLane = {
  readonly name: string;
  readonly kind: string;
  /** −1: of no node. */
  readonly node: number;
  readonly bytesPerS: number;
  readonly use: Float32Array;
};

/** A KV tier: share of its blocks in use at each sample, and bytes a second in and out of it in the interval before. */
export type TierLane = {
  readonly level: string;
  readonly capacityBlocks: number;
  readonly used: Float64Array;
  readonly inBytesPerS: Float64Array;
  readonly outBytesPerS: Float64Array;
};

/** Single workers: value of worker w at sample s in [s × count + w]. */
export type WorkerLanes = {
  readonly count: number;
  /** Share of the interval before each sample with a step in progress. */
  readonly busy: Float32Array;
  readonly queued: Float32Array;
  readonly running: Float32Array;
  /** Share of the worker's KV blocks in use. */
  readonly kvUsed: Float32Array;
};

export type RunLanes = {
  readonly timeS: Float64Array;
  /** The fullest first. */
  readonly links: readonly LinkLane[];
  /** Transfers that wait, are set up or move; `null`: nothing moves over links. */
  readonly transfers: Float64Array | null;
  readonly tiers: readonly TierLane[];
  readonly peerBytesPerS: Float64Array | null;
  readonly handoffs: { readonly perS: Float64Array; readonly bytesPerS: Float64Array } | null;
  /** `null`: nothing can break. */
  readonly workersUp: Float64Array | null;
  /** `null`: a cluster too large to be sampled worker by worker. */
  readonly workers: WorkerLanes | null;
  /** Node of each worker; empty without a fabric. */
  readonly nodeOfWorker: Int32Array;
};

const US_PER_S = 1e6;

/** The courses of a run; `undefined`: it was not sampled. The arrays are new: they may change hands. */
export function runLanes({ report, series }: SimulationResult): RunLanes | undefined {
  if (series === undefined) return undefined;
  const { timeUs, links, tiers = {}, peerBytes, handoffs, workersUp } = series;
  return {
    timeS: timeUs.map((us) => us / US_PER_S),
    links: (links?.links ?? []).map(({ name, kind, node, bytesPerS, bytes }) => {
      const use = Float32Array.from(perS(timeUs, bytes), (rate) => rate / bytesPerS);
      return { name, kind, node, bytesPerS, use };
    }),
    transfers: links?.transfers.slice() ?? null,
    tiers: Object.entries(tiers).map(([level, columns]) => ({
      level,
      capacityBlocks: columns.capacityBlocks,
      used: columns.blocksUsed.map((blocks) => blocks / Math.max(1, columns.capacityBlocks)),
      inBytesPerS: perS(timeUs, columns.bytesIn),
      outBytesPerS: perS(timeUs, columns.bytesOut),
    })),
    peerBytesPerS: peerBytes === undefined ? null : perS(timeUs, peerBytes),
    handoffs:
      handoffs === undefined
        ? null
        : { perS: perS(timeUs, handoffs.landed), bytesPerS: perS(timeUs, handoffs.bytes) },
    workersUp: workersUp?.slice() ?? null,
    workers: workerLanes(report, series),
    nodeOfWorker: links?.nodeOfWorker.slice() ?? new Int32Array(0),
  };
}

/** Increase of a cumulative column per second of the interval before each sample; 0 at the first. */
function perS(timeUs: Float64Array, total: Float64Array): Float64Array {
  return total.map((value, i) => {
    const seconds = i === 0 ? 0 : (timeUs[i]! - timeUs[i - 1]!) / US_PER_S;
    return seconds > 0 ? (value - total[i - 1]!) / seconds : 0;
  });
}

function workerLanes(report: Report, { timeUs, workers }: SeriesColumns): WorkerLanes | null {
  if (workers === undefined) return null;
  const { workers: count, busyUs, queued, running, kvBlocksUsed } = workers;
  const pools = poolOfWorkers(report);
  const blocks = pools.map(({ engine }) => Math.max(1, engine.kvBlocksPerWorker));
  const busy = new Float32Array(busyUs.length);
  for (let at = count; at < busyUs.length; at++) {
    const sample = Math.floor(at / count);
    const spanUs = timeUs[sample]! - timeUs[sample - 1]!;
    // A step that is lost with its worker does not count after all.
    if (spanUs > 0) busy[at] = Math.max(0, (busyUs[at]! - busyUs[at - count]!) / spanUs);
  }
  return {
    count,
    busy,
    queued: Float32Array.from(queued),
    running: Float32Array.from(running),
    kvUsed: Float32Array.from(kvBlocksUsed, (used, at) => used / (blocks[at % count] ?? 1)),
  };
}
