/** The report's energy: passes as metered, idle GPUs and hosts for the rest of the time. */

import type { EncoderBill } from "./encoders/index.ts";
import type { EnergyReport } from "./report.ts";
import type { Pool } from "./pool.ts";
import { gpusOf } from "./report-pools.ts";
import { BUSY_US } from "./worker-counters.ts";
import type { Worker } from "./worker.ts";

const US_PER_S = 1e6;
const JOULES_PER_KWH = 3.6e6;

/** Energy of one GPU of a worker over `simS`, J; idle: between its passes. */
function gpuJoules(
  { meter, engine }: Pool,
  worker: Worker,
  simS: number,
): { readonly all: number; readonly idle: number } {
  const idleW = engine.power?.steps.regimes.idleW ?? 0;
  const idle = idleW * Math.max(0, simS - worker.counter(BUSY_US) / US_PER_S);
  return { all: idle + (meter?.stepsWattUs(worker.id) ?? 0) / US_PER_S, idle };
}

type Work = { readonly simS: number; readonly outputTokens: number; readonly completed: number };

/** Energy of a cluster; `null` when nothing is known of the power of one of its pools. */
export function energyOf(
  pools: readonly Pool[],
  pue: number,
  work: Work,
  encoders?: EncoderBill,
): EnergyReport | null {
  const { simS, outputTokens, completed } = work;
  let gpu = encoders?.gpuJ ?? 0;
  let gpuIdle = encoders?.gpuIdleJ ?? 0;
  let host = encoders?.hostJ ?? 0;
  for (const pool of pools) {
    const { power, gpusPerWorker } = pool.engine;
    if (power === undefined) return null;
    for (const worker of pool.workers) {
      const { all, idle } = gpuJoules(pool, worker, simS);
      gpu += all * gpusPerWorker;
      gpuIdle += idle * gpusPerWorker;
    }
    host += power.hostW * gpusOf(pool) * simS;
  }
  const facility = (gpu + host) * pue;
  return {
    gpuKwh: gpu / JOULES_PER_KWH,
    gpuIdleKwh: gpuIdle / JOULES_PER_KWH,
    hostKwh: host / JOULES_PER_KWH,
    facilityKwh: facility / JOULES_PER_KWH,
    pue,
    meanW: simS === 0 ? 0 : facility / simS,
    joulesPerOutputToken: outputTokens === 0 ? null : facility / outputTokens,
    joulesPerRequest: completed === 0 ? null : facility / completed,
  };
}

type WorkerPower = {
  readonly gpuPowerMeanW: number | null;
  readonly gpuPowerPeakW: number | null;
};

/** Power of all GPUs of one worker. */
export function workerPower(pool: Pool, worker: Worker, simS: number): WorkerPower {
  const { power, gpusPerWorker } = pool.engine;
  if (power === undefined) return { gpuPowerMeanW: null, gpuPowerPeakW: null };
  const { idleW } = power.steps.regimes;
  const { all } = gpuJoules(pool, worker, simS);
  return {
    gpuPowerMeanW: gpusPerWorker * (simS === 0 ? idleW : all / simS),
    gpuPowerPeakW: gpusPerWorker * Math.max(idleW, pool.meter?.peakW(worker.id) ?? 0),
  };
}
