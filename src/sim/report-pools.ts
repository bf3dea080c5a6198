/** The report's pools: what each of them did, held and cost; and the sums over all of them. */

import type { PoolSummary } from "./report.ts";
import type { Pool } from "./pool.ts";
import { lockStepSummary } from "./report-ranks.ts";
import { COUNTER_NAMES, PROMPTS, USED_PEAK } from "./worker-counters.ts";
import type { CounterName } from "./worker-counters.ts";
import type { Worker } from "./worker.ts";

const US_PER_S = 1e6;
const S_PER_HOUR = 3600;

export type Totals = { readonly [name in CounterName]: number };

/** Sums of the workers' counters, by name. */
export function totalsOf(workers: readonly Worker[]): Totals {
  const sums = new Float64Array(COUNTER_NAMES.length);
  for (const worker of workers) {
    for (let i = 0; i < sums.length; i++) sums[i]! += worker.counter(i);
  }
  return Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, sums[i]!])) as Totals;
}

function sumOf(workers: readonly Worker[], counter: number): number {
  return workers.reduce((sum, worker) => sum + worker.counter(counter), 0);
}

export function gpusOf({ workers, engine }: Pool): number {
  return workers.length * engine.gpusPerWorker;
}

/** Cached share of the prompt tokens; `null` where nothing can be cached. */
export function hitRateOf(workers: readonly Worker[], totals: Totals): number | null {
  const caches = totals.admittedTokens > 0 && workers.some((worker) => worker.batch.pool.caches);
  return caches ? totals.cachedTokens / totals.admittedTokens : null;
}

/** Share of the pool's blocks in use, at the most of any worker. */
export function usagePeakOf({ workers, engine }: Pool): number {
  const peak = workers.reduce((most, worker) => Math.max(most, worker.counter(USED_PEAK)), 0);
  return peak / engine.knobs.num_gpu_blocks;
}

/** All workers of a pool draw from one luck. */
function draftsOf([first]: readonly Worker[]): PoolSummary["drafts"] {
  const luck = first?.batch.luck;
  if (luck === undefined || luck.requestSteps === 0) return null;
  const { requestSteps, tokensDrawn, tokensGiven } = luck;
  return {
    requestSteps,
    tokensPerStep: tokensDrawn / requestSteps,
    tokensGivenPerStep: tokensGiven / requestSteps,
  };
}

/** What a pool did in `simS` seconds. */
export function poolSummary(pool: Pool, simS: number): PoolSummary {
  const { name, role, workers, engine } = pool;
  const totals = totalsOf(workers);
  const { steps } = totals;
  const { num_gpu_blocks: blocks } = engine.knobs;
  const gpuHours = (gpusOf(pool) * simS) / S_PER_HOUR;
  const price = engine.usdPerGpuHour;
  const lockStep = lockStepSummary(pool);
  return {
    name,
    role,
    workers: workers.length,
    gpus: gpusOf(pool),
    engine: engine.facts,
    drafts: draftsOf(workers),
    completed: role === "prefill" ? sumOf(workers, PROMPTS) : totals.completed,
    gpuHours,
    costUsd: price === null ? null : price * gpuHours,
    busyShare: simS === 0 ? 0 : totals.busyUs / US_PER_S / (simS * workers.length),
    meanBatchSize: steps === 0 ? 0 : totals.batchSteps / steps,
    steps,
    tokens: {
      prefilled: totals.prefillTokens,
      output: totals.outputTokens,
      recomputed: totals.recomputedTokens,
    },
    kv: {
      hitRate: hitRateOf(workers, totals),
      blocksPerWorker: blocks,
      usageMean: steps === 0 ? 0 : totals.usedSteps / (steps * blocks),
      usagePeak: usagePeakOf(pool),
      evictedBlocks: workers.reduce((sum, worker) => sum + worker.batch.pool.evicted, 0),
      preemptions: totals.preemptions,
    },
    ...(lockStep === undefined ? {} : { lockStep }),
  };
}
