/** What a cluster has taken in energy up to any instant, passes in progress included. Reading disturbs nothing. */

import type { Pool } from "./pool.ts";
import { gpusOf } from "./report-pools.ts";
import { BUSY_US, STEP_START_US } from "./worker-counters.ts";
import { WORKER_DECODE, WORKER_IDLE, WORKER_MIXED, type Worker } from "./worker.ts";

const US_PER_S = 1e6;

export class EnergyReading {
  private readonly pools: readonly Pool[];
  private readonly pue: number;
  private joules = 0;

  constructor(pools: readonly Pool[], pue: number) {
    this.pools = pools;
    this.pue = pue;
  }

  /**
   * Energy from the start of the run to `nowUs`, J: GPUs, hosts, and the facility's overhead on both. Never less than
   * at an instant before: a pass that a fault or the horizon cuts short counts as idling in the end, as in the report.
   */
  joulesAt(nowUs: number): number {
    let wattUs = 0;
    for (const pool of this.pools) {
      const { power, gpusPerWorker } = pool.engine;
      for (const worker of pool.workers) wattUs += gpuWattUs(pool, worker, nowUs) * gpusPerWorker;
      wattUs += (power?.hostW ?? 0) * gpusOf(pool) * nowUs;
    }
    this.joules = Math.max(this.joules, (wattUs * this.pue) / US_PER_S);
    return this.joules;
  }
}

/** One GPU of a worker: finished passes, the one in progress as far as it is, and idling for the rest. */
function gpuWattUs({ meter, engine }: Pool, worker: Worker, nowUs: number): number {
  const { batch, id, state, stretch } = worker;
  const startUs = worker.counter(STEP_START_US);
  const passUs = state === WORKER_IDLE ? 0 : nowUs - startUs;
  const idleW = engine.power?.steps.regimes.idleW ?? 0;
  let wattUs = idleW * (nowUs - worker.counter(BUSY_US) - passUs);
  if (meter === undefined) return wattUs;
  wattUs += meter.stepsWattUs(id);
  if (state === WORKER_MIXED) return wattUs + meter.pendingW(id) * passUs;
  if (!stretch.valid) return wattUs;
  const steps = batch.decodeSteps - stretch.anchorStep + worker.stepsDone(nowUs);
  wattUs += meter.stretchWattUs(stretch, steps);
  if (state !== WORKER_DECODE) return wattUs;
  const part = (nowUs - stretch.timeAt(steps)) / stretch.stepUs(steps);
  return (
    wattUs + part * (meter.stretchWattUs(stretch, steps + 1) - meter.stretchWattUs(stretch, steps))
  );
}

/** The cluster's energy over time; `undefined` when nothing is known of the power of one of its pools. */
export function energyReading(pools: readonly Pool[], pue: number): EnergyReading | undefined {
  const isKnown = pools.every(({ engine }) => engine.power !== undefined);
  return isKnown ? new EnergyReading(pools, pue) : undefined;
}
