/** From a finished simulation to its report. */

import { BIN_RELATIVE_ERROR } from "../core/index.ts";
import { encoderBill, encoderSummary, type Encoders } from "./encoders/index.ts";
import type { Endings } from "./endings.ts";
import type { Desks } from "./desks.ts";
import type { Gate } from "./gate.ts";
import type { Retries } from "./retries.ts";
import type { QuantileSketch } from "../core/index.ts";
import { breakdownOf } from "./report-breakdown.ts";
import { costsOf } from "./report-cost.ts";
import { disaggSummary } from "./disagg/report-disagg.ts";
import type { Handoffs } from "./disagg/index.ts";
import { faultSummary, type Faults } from "./faults/index.ts";
import { summaryOf } from "./latency-summary.ts";
import { FIRST_REASONS, REJECT_OVERLOADED, REJECT_REASONS } from "./admission.ts";
import type { Report, RequestColumns, WorkerSummary } from "./report.ts";
import type { Outcomes } from "./recorder.ts";
import type { ClusterNetwork } from "./network/index.ts";
import type { Pool } from "./pool.ts";
import { reachWarnings } from "./reach-warnings.ts";
import { energyOf, workerPower } from "./report-energy.ts";
import { networkSummary } from "./report-network.ts";
import { gpusOf, hitRateOf, poolSummary, totalsOf, usagePeakOf } from "./report-pools.ts";
import type { Totals } from "./report-pools.ts";
import { rankOf } from "./report-ranks.ts";
import { sloOf } from "./report-slo.ts";
import type { Scenario } from "./scenario.ts";
import { digestTiers, tierReport } from "./tiers/tier-report.ts";
import type { Traffic } from "./traffic.ts";
import {
  BUSY_US,
  COMPLETED,
  COUNTER_NAMES,
  PREEMPTIONS,
  STEPS,
  USED_PEAK,
} from "./worker-counters.ts";
import { looksAhead } from "./worker-knobs.ts";
import type { Worker } from "./worker.ts";

const US_PER_S = 1e6;
const S_PER_HOUR = 3600;

/** What the report needs of a finished run. */
export type FinishedRun = {
  readonly scenario: Scenario;
  readonly pools: readonly Pool[];
  readonly net: ClusterNetwork | undefined;
  readonly options: { readonly version?: string };
  readonly outcomes: Outcomes;
  readonly handoffs: Handoffs | undefined;
  readonly faults: Faults | undefined;
  readonly encoders: Encoders | undefined;
  readonly workers: readonly Worker[];
  readonly traffic: Traffic;
  readonly nowUs: number;
  readonly firstArrivalUs: number;
  readonly events: number;
  readonly endings: Endings;
  readonly gate: Gate | undefined;
  readonly desks: Desks;
  readonly retries: Retries | undefined;
  readonly unfinished: number;
  readonly entrance: { readonly truncated: number };
  readonly stopped: string | null;
};

/** The digest: outcomes in order of completion, then every counter, then the gaps. */
function digestOf(run: FinishedRun): string {
  const { outcomes, workers, traffic } = run;
  const { digest } = outcomes;
  digest.addF64(traffic.offered);
  digest.addF64(run.endings.completed);
  run.endings.rejectedBy.forEach((count, code) => {
    if (code < FIRST_REASONS || count > 0) digest.addF64(count);
  });
  digest.addF64(run.nowUs);
  for (const worker of workers) {
    for (let i = 0; i < COUNTER_NAMES.length; i++) digest.addF64(worker.counter(i));
    digest.addF64(worker.batch.pool.evicted);
    digest.addF64(worker.batch.pool.cached);
  }
  digestTiers(run.pools, digest);
  for (const us of run.encoders?.busyUs ?? []) digest.addF64(us);
  outcomes.gaps.addTo(digest);
  if (run.net !== undefined) {
    const { totals, links } = run.net.network;
    for (const total of Object.values(totals)) digest.addF64(total);
    for (let link = 0; link < links.count; link++) digest.addF64(links.bytesAt(link, run.nowUs));
  }
  return digest.hex();
}

function warningsOf(run: FinishedRun, totals: Totals): string[] {
  const { pools, traffic, stopped } = run;
  const warnings = pools.flatMap((pool) =>
    [...pool.engine.warnings, ...reachWarnings(pool, run.outcomes.longestTokens)].map((text) =>
      pools.length === 1 ? text : `pool ${pool.name}: ${text}`,
    ),
  );
  warnings.push(...(run.faults?.warnings() ?? []));
  if (stopped !== null) warnings.push(`the run was cut short: ${stopped}`);
  if (run.endings.rejected > 0) {
    warnings.push(`${run.endings.rejected} requests were rejected`);
  }
  if (run.endings.cancelled > 0) {
    warnings.push(`${run.endings.cancelled} requests were given up by their clients`);
  }
  if (run.entrance.truncated > 0) {
    const limit = pools.some(({ engine }) => looksAhead(engine.knobs))
      ? "max_model_len or the KV pool"
      : "max_model_len";
    warnings.push(`${run.entrance.truncated} answers were cut at ${limit}`);
  }
  for (const name of nobodyIn(run.outcomes)) {
    warnings.push(`nobody is in the class ${JSON.stringify(name)} of slo.classes`);
  }
  const { faults, forgotten } = run.desks;
  if (forgotten > 0) {
    const { stale_after_s: after } = run.scenario.router;
    warnings.push(
      `routers took ${forgotten} ends for lost: of requests that were still under way after ${after ?? 0} s`,
    );
  }
  if (faults !== undefined && faults.count > 0) {
    warnings.push(
      `your own router failed at ${faults.count} decisions, which went to the fewest requests; first: ${faults.first}`,
    );
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

/** Classes with targets of their own that no measured request was in. */
function nobodyIn({ slo, groups, measured }: Outcomes): readonly string[] {
  if (!slo.areSeveral || groups.classes === undefined || measured === 0) return [];
  const named = groups.classes.all.slice(0, -1);
  return named.filter((group) => group.measured === 0).map(({ name }) => name);
}

function requestsOf(run: FinishedRun): Report["requests"] {
  return {
    offered: run.traffic.offered,
    completed: run.endings.completed,
    rejected: run.endings.rejected,
    failed: run.endings.failed,
    cancelled: run.endings.cancelled,
    unfinished: run.unfinished,
    measured: run.outcomes.measured,
  };
}

function latencyOf(outcomes: Outcomes, pathUs: number): Pick<Report, "latency" | "quantileError"> {
  const { ttft, tpot, e2e, queue, gaps } = outcomes;
  return {
    latency: {
      ttftMs: summaryOf(ttft, pathUs),
      serverTtftMs: summaryOf(ttft),
      tpotMs: summaryOf(tpot),
      itlMs: summaryOf(gaps),
      e2eMs: summaryOf(e2e, pathUs),
      queueMs: summaryOf(queue),
    },
    quantileError: {
      latency: sketchError([ttft, tpot, e2e, queue]),
      itl: gaps.count === 0 ? 0 : BIN_RELATIVE_ERROR,
    },
  };
}

function kvOf({ workers, pools, nowUs }: FinishedRun, totals: Totals): Report["kv"] {
  const blockSteps = pools.reduce(
    (sum, { workers: own, engine }) => sum + totalsOf(own).steps * engine.knobs.num_gpu_blocks,
    0,
  );
  return {
    hitRate: hitRateOf(workers, totals),
    blocksPerWorker: pools[0]!.engine.knobs.num_gpu_blocks,
    usageMean: blockSteps === 0 ? 0 : totals.usedSteps / blockSteps,
    usagePeak: pools.reduce((most, pool) => Math.max(most, usagePeakOf(pool)), 0),
    evictedBlocks: workers.reduce((sum, worker) => sum + worker.batch.pool.evicted, 0),
    preemptions: totals.preemptions,
    ...tierReport(pools, { input: totals.admittedTokens, cached: totals.cachedTokens }, nowUs),
  };
}

function workerSummary(pool: Pool, worker: Worker, row: number, simS: number): WorkerSummary {
  return {
    worker: worker.id,
    ...rankOf(pool, row),
    completed: worker.counter(COMPLETED),
    steps: worker.counter(STEPS),
    busyS: worker.counter(BUSY_US) / US_PER_S,
    preemptions: worker.counter(PREEMPTIONS),
    kvBlocksPeak: worker.counter(USED_PEAK),
    ...workerPower(pool, worker, simS),
  };
}

function sketchError(sketches: readonly QuantileSketch[]): number {
  return sketches.every((sketch) => sketch.exact) ? 0 : BIN_RELATIVE_ERROR;
}

/** What the gateway and the user's own router did not do as asked. */
function refusalsOf(run: FinishedRun): Pick<Report, "admission" | "ownRouter"> {
  const { faults } = run.desks;
  return {
    admission: admissionOf(run),
    ownRouter: faults === undefined ? null : { fallbacks: faults.count },
  };
}

function admissionOf({ gate, retries, endings }: FinishedRun): Report["admission"] {
  if (gate === undefined && retries === undefined) return null;
  return {
    refusals: REJECT_REASONS.flatMap((reason, code) => {
      const count = code < REJECT_OVERLOADED ? 0 : endings.refusals[code]!;
      return count === 0 ? [] : [{ reason, count }];
    }),
    retries: retries?.count ?? 0,
  };
}

/** `workerS`: time of all workers together, s. */
function batchOf(totals: Totals, workerS: number): Report["batch"] {
  const { steps, mixedSteps, batchSteps, busyUs } = totals;
  return {
    steps,
    mixedSteps,
    meanSize: steps === 0 ? 0 : batchSteps / steps,
    busyShare: workerS === 0 ? 0 : busyUs / US_PER_S / workerS,
  };
}

function adaptersOf({ scenario, pools }: FinishedRun): Report["adapters"] {
  if (scenario.traffic.adapters === null) return null;
  let loads = 0;
  let waitUs = 0;
  for (const { workers, engine } of pools) {
    const own = workers.reduce((sum, worker) => sum + worker.batch.adapterLoads, 0);
    loads += own;
    waitUs += own * (engine.knobs.lora?.load_us ?? 0);
  }
  return { loads, waitS: waitUs / US_PER_S };
}

/** What requests bring besides text. */
function extrasOf(
  run: FinishedRun,
  simS: number,
): Pick<Report, "adapters" | "images" | "encoders"> {
  const images = run.workers[0]?.batch.images;
  return {
    adapters: adaptersOf(run),
    images: images === undefined ? null : { encoded: images.encoded, spared: images.spared },
    encoders: run.encoders === undefined ? null : encoderSummary(run.encoders, simS),
  };
}

type Bill = Pick<Report, "gpuHours" | "energy" | "cost" | "costByTier" | "pools"> & {
  readonly gpus: number;
};

/** What the cluster took and cost in `simS` seconds, and its pools one by one. */
function billOf(run: FinishedRun, totals: Totals, simS: number): Bill {
  const { pools } = run;
  const encoders = run.encoders && encoderBill(run.encoders, simS);
  const gpus = pools.reduce((sum, pool) => sum + gpusOf(pool), encoders?.gpus ?? 0);
  const summaries = pools.map((pool) => poolSummary(pool, simS));
  const { usd_per_kwh: usdPerKwh, pue } = run.scenario.cost;
  const work = { simS, outputTokens: totals.outputTokens, completed: run.endings.completed };
  const energy = energyOf(pools, pue, work, encoders);
  const electricityUsd =
    usdPerKwh === null || energy === null ? null : usdPerKwh * energy.facilityKwh;
  const priced = encoders === undefined ? summaries : [...summaries, encoders];
  return {
    gpus,
    gpuHours: (gpus * simS) / S_PER_HOUR,
    energy,
    ...costsOf(priced, totals, electricityUsd),
    pools: summaries,
  };
}

/** Builds the report; `wallS` is the time the simulation took, s; `requests`: the columns, where they were kept. */
export function writeReport(
  run: FinishedRun,
  wallS: number,
  requests: RequestColumns | undefined,
): Report {
  const { scenario, pools, outcomes, workers, options } = run;
  const totals = totalsOf(workers);
  const firstUs = Number.isNaN(run.firstArrivalUs) ? 0 : run.firstArrivalUs;
  const simS = Math.max(0, run.nowUs - firstUs) / US_PER_S;
  const windowFromUs = Math.max(firstUs, scenario.traffic.warmup_s * US_PER_S);
  const windowS = Math.max(0, run.nowUs - windowFromUs) / US_PER_S;
  const perS = (amount: number): number => (windowS > 0 ? amount / windowS : 0);
  const { gpus, ...bill } = billOf(run, totals, simS);
  const outputPerS = perS(outcomes.measuredOutput);
  return {
    schema: "headworks.report.v1",
    digest: digestOf(run),
    seed: scenario.seed,
    scenario,
    engine: pools[0]!.engine.facts,
    versions: { headworks: options.version ?? "unknown" },
    wallS,
    simS,
    events: run.events,
    requests: requestsOf(run),
    rejections: REJECT_REASONS.flatMap((reason, code) => {
      const count = run.endings.rejectedBy[code]!;
      return count === 0 ? [] : [{ reason, count }];
    }),
    ...refusalsOf(run),
    ...latencyOf(run.outcomes, pools[0]!.engine.clientPathUs),
    breakdown: breakdownOf(run.outcomes, requests, pools[0]!.engine.clientPathUs),
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
    kv: kvOf(run, totals),
    batch: batchOf(totals, simS * workers.length),
    ...extrasOf(run, simS),
    slo: sloOf(outcomes, windowS, pools[0]!.engine.clientPathUs),
    ...bill,
    disagg: disaggSummary(run.handoffs, run.workers),
    tasks: run.endings.taskSummary() ?? null,
    faults: faultSummary(run.faults, run.nowUs),
    workers: pools.flatMap((pool) =>
      pool.workers.map((worker, row) => workerSummary(pool, worker, row, simS)),
    ),
    network: run.net === undefined ? null : networkSummary(run.net, run.nowUs, simS),
    stopped: run.stopped,
    warnings: warningsOf(run, totals),
  };
}
