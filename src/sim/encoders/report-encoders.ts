/** The report of encoder workers: what they did, how long requests were with them, and what they cost. */

import { summaryOf } from "../latency-summary.ts";
import type { EncoderReport } from "../report.ts";
import type { Encoders } from "./encoders.ts";
import type { EncoderSite } from "./resolve-encoders.ts";

const US_PER_S = 1e6;
const S_PER_HOUR = 3600;

/** GPU-hours, energy and price, for the sums over the cluster. */
export type EncoderBill = {
  readonly gpus: number;
  readonly gpuHours: number;
  readonly costUsd: number | null;
  readonly engine: { readonly price: EncoderSite["price"] };
  /** Energy of GPUs, of that while they were idle, and of their hosts, J. */
  readonly gpuJ: number;
  readonly gpuIdleJ: number;
  readonly hostJ: number;
};

/** What encoder workers take in a run of `simS`. */
export function encoderBill(encoders: Encoders, simS: number): EncoderBill {
  const { site } = encoders;
  const { workers, tensor } = site.knobs;
  const gpus = workers * tensor;
  const gpuHours = (gpus * simS) / S_PER_HOUR;
  let busyS = 0;
  for (const us of encoders.busyUs) busyS += us / US_PER_S;
  const { busyW, idleW, hostW } = site.power;
  const gpuIdleJ = idleW * Math.max(0, workers * simS - busyS) * tensor;
  return {
    gpus,
    gpuHours,
    costUsd: site.price === null ? null : site.price.usdPerGpuHour * gpuHours,
    engine: { price: site.price },
    gpuJ: gpuIdleJ + busyW * busyS * tensor,
    gpuIdleJ,
    hostJ: hostW * gpus * simS,
  };
}

/** What they did in a run of `simS`. */
export function encoderSummary(encoders: Encoders, simS: number): EncoderReport {
  const { stats, site } = encoders;
  const { knobs } = site;
  const { gpus, gpuHours, costUsd } = encoderBill(encoders, simS);
  let busyS = 0;
  for (const us of encoders.busyUs) busyS += us / US_PER_S;
  return {
    workers: knobs.workers,
    gpus,
    gpu: site.gpu.id,
    requests: stats.served,
    images: stats.images,
    passes: stats.passes,
    busyShare: simS === 0 ? 0 : busyS / (simS * knobs.workers),
    waitMs: summaryOf(stats.waitUs),
    stageMs: summaryOf(stats.stageUs),
    transferMs: summaryOf(stats.transferUs),
    transfers: stats.transfers,
    bytes: stats.bytes,
    deaths: stats.deaths,
    moved: stats.moved,
    missed: stats.missed,
    gpuHours,
    costUsd,
  };
}
