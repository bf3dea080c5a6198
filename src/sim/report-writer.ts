/** From a finished simulation to its report. */

import { BIN_RELATIVE_ERROR } from "../core/index.ts";
import type { QuantileSketch } from "../core/index.ts";
import { REJECT_REASONS } from "./admission.ts";
import type { LatencySummary, Report, WorkerSummary } from "./report.ts";
import type { Simulation } from "./simulation.ts";
import {
  BUSY_US,
  COMPLETED,
  COUNTER_NAMES,
  COUNTERS,
  PREEMPTIONS,
  STEPS,
  USED_PEAK,
} from "./worker-counters.ts";
import type { CounterName } from "./worker-counters.ts";
import type { Worker } from "./worker.ts";

const US_PER_S = 1e6;
const US_PER_MS = 1e3;
const S_PER_HOUR = 3600;
const TOKENS_PER_MILLION = 1e6;

/** What the summary needs of a sketch or a histogram; values in µs. */
type Quantiles = {
  readonly count: number;
  readonly mean: number;
  readonly max: number;
  quantile(q: number): number;
};

function summary(sketch: Quantiles): LatencySummary {
  const ms = (us: number): number | null => (sketch.count === 0 ? null : us / US_PER_MS);
  return {
    mean: ms(sketch.mean),
    p50: ms(sketch.quantile(0.5)),
    p90: ms(sketch.quantile(0.9)),
    p95: ms(sketch.quantile(0.95)),
    p99: ms(sketch.quantile(0.99)),
    p999: ms(sketch.quantile(0.999)),
    max: ms(sketch.max),
  };
}

type Totals = { readonly [name in CounterName]: number };

/** Sums of the workers' counters, by name. */
function totalsOf(workers: readonly Worker[]): Totals {
  const sums = new Float64Array(COUNTERS);
  for (const worker of workers) {
    for (let i = 0; i < sums.length; i++) sums[i]! += worker.counter(i);
  }
  return Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, sums[i]!])) as Totals;
}

/** The digest: outcomes in order of completion, then every counter, then the gaps. */
function digestOf(simulation: Simulation): string {
  const { outcomes, workers, traffic } = simulation;
  const { digest } = outcomes;
  digest.addF64(traffic.offered);
  digest.addF64(simulation.completedCount);
  for (const count of simulation.rejected) digest.addF64(count);
  digest.addF64(simulation.nowUs);
  for (const worker of workers) {
    for (let i = 0; i < COUNTERS; i++) digest.addF64(worker.counter(i));
    digest.addF64(worker.batch.pool.evicted);
    digest.addF64(worker.batch.pool.cached);
  }
  outcomes.gaps.addTo(digest);
  return digest.hex();
}

function sloOf(simulation: Simulation, windowS: number): Report["slo"] {
  const { slo } = simulation.scenario;
  const { outcomes } = simulation;
  const targets = {
    ...(slo.ttft_s === undefined ? {} : { ttftMs: slo.ttft_s * 1e3 }),
    ...(slo.tpot_s === undefined ? {} : { tpotMs: slo.tpot_s * 1e3 }),
    ...(slo.e2e_s === undefined ? {} : { e2eMs: slo.e2e_s * 1e3 }),
  };
  if (Object.keys(targets).length === 0) return { targets, goodputPerS: null, attainment: null };
  const { measured, withinSlo } = outcomes;
  return {
    targets,
    goodputPerS: windowS > 0 ? withinSlo / windowS : 0,
    attainment: measured === 0 ? null : withinSlo / measured,
  };
}

function warningsOf(simulation: Simulation, totals: Totals): string[] {
  const { scenario, traffic, stopped } = simulation;
  const warnings: string[] = [];
  const type = scenario.engine.step_time.type;
  if (type === "polynomial") {
    warnings.push(
      "step times come from NVIDIA's uncalibrated mocker formula: good for comparing schedulers, not for sizing hardware",
    );
  }
  if (stopped !== null) warnings.push(`the run was cut short: ${stopped}`);
  if (simulation.rejectedCount > 0) {
    warnings.push(`${simulation.rejectedCount} requests were rejected`);
  }
  if (simulation.truncated > 0) {
    warnings.push(`${simulation.truncated} answers were cut at max_model_len`);
  }
  if (traffic.orphans > 0) {
    warnings.push(`${traffic.orphans} session turns without a time of their own were left out`);
  }
  if (totals.preemptions > 0) {
    const share = totals.recomputedTokens / Math.max(1, totals.prefillTokens);
    warnings.push(
      `KV memory ran short: ${totals.preemptions} preemptions, ${(share * 100).toFixed(1)} % of prefill work was repeated`,
    );
  }
  return warnings;
}

function workerSummary(worker: Worker): WorkerSummary {
  return {
    worker: worker.id,
    completed: worker.counter(COMPLETED),
    steps: worker.counter(STEPS),
    busyS: worker.counter(BUSY_US) / US_PER_S,
    preemptions: worker.counter(PREEMPTIONS),
    kvBlocksPeak: worker.counter(USED_PEAK),
  };
}

function sketchError(sketches: readonly QuantileSketch[]): number {
  return sketches.every((sketch) => sketch.exact) ? 0 : BIN_RELATIVE_ERROR;
}

/** Builds the report; `wallS` is the time the simulation took, s. */
export function writeReport(simulation: Simulation, wallS: number): Report {
  const { scenario, outcomes, workers, traffic, options } = simulation;
  const totals = totalsOf(workers);
  const firstUs = Number.isNaN(simulation.firstArrivalUs) ? 0 : simulation.firstArrivalUs;
  const simS = Math.max(0, simulation.nowUs - firstUs) / US_PER_S;
  const windowFromUs = Math.max(firstUs, scenario.traffic.warmup_s * US_PER_S);
  const windowS = Math.max(0, simulation.nowUs - windowFromUs) / US_PER_S;
  const perS = (amount: number): number => (windowS > 0 ? amount / windowS : 0);
  const gpus = workers.length * scenario.cluster.gpus_per_worker;
  const gpuHours = (gpus * simS) / S_PER_HOUR;
  const price = scenario.cost.usd_per_gpu_hour;
  const blocks = scenario.engine.num_gpu_blocks;
  const outputPerS = perS(outcomes.measuredOutput);
  const { ttft, tpot, e2e, queue, gaps } = outcomes;
  const usedPeak = workers.reduce((most, worker) => Math.max(most, worker.counter(USED_PEAK)), 0);
  const caches = totals.admittedTokens > 0 && scenario.engine.enable_prefix_caching;
  return {
    schema: "headworks.report.v1",
    digest: digestOf(simulation),
    seed: scenario.seed,
    scenario,
    versions: { headworks: options.version ?? "unknown" },
    wallS,
    simS,
    events: simulation.events,
    requests: {
      offered: traffic.offered,
      completed: simulation.completedCount,
      rejected: simulation.rejectedCount,
      failed: 0,
      cancelled: 0,
      unfinished: simulation.unfinished,
      measured: outcomes.measured,
    },
    rejections: REJECT_REASONS.flatMap((reason, code) => {
      const count = simulation.rejected[code]!;
      return count === 0 ? [] : [{ reason, count }];
    }),
    latency: {
      ttftMs: summary(ttft),
      tpotMs: summary(tpot),
      itlMs: summary(gaps),
      e2eMs: summary(e2e),
      queueMs: summary(queue),
    },
    quantileError: {
      latency: sketchError([ttft, tpot, e2e, queue]),
      itl: gaps.count === 0 ? 0 : BIN_RELATIVE_ERROR,
    },
    throughput: {
      requestsPerS: perS(outcomes.measuredCompleted),
      inputTokensPerS: perS(outcomes.measuredInput),
      outputTokensPerS: outputPerS,
      outputTokensPerSPerGpu: outputPerS / gpus,
    },
    tokens: {
      input: totals.admittedTokens,
      output: totals.outputTokens,
      cached: totals.cachedTokens,
      recomputed: totals.recomputedTokens,
    },
    kv: {
      hitRate: caches ? totals.cachedTokens / totals.admittedTokens : null,
      blocksPerWorker: blocks,
      usageMean: totals.steps === 0 ? 0 : totals.usedSteps / (totals.steps * blocks),
      usagePeak: usedPeak / blocks,
      evictedBlocks: workers.reduce((sum, worker) => sum + worker.batch.pool.evicted, 0),
      preemptions: totals.preemptions,
    },
    batch: {
      steps: totals.steps,
      mixedSteps: totals.mixedSteps,
      meanSize: totals.steps === 0 ? 0 : totals.batchSteps / totals.steps,
      busyShare: simS === 0 ? 0 : totals.busyUs / US_PER_S / (simS * workers.length),
    },
    slo: sloOf(simulation, windowS),
    gpuHours,
    cost:
      price === null
        ? null
        : {
            totalUsd: price * gpuHours,
            usdPerMillionOutputTokens:
              totals.outputTokens === 0
                ? null
                : (price * gpuHours * TOKENS_PER_MILLION) / totals.outputTokens,
          },
    workers: workers.map(workerSummary),
    stopped: simulation.stopped,
    warnings: warningsOf(simulation, totals),
  };
}
