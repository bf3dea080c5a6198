/**
 * A measured run on the engine of the simulator: cards, memory, step times, load → predicted
 * numbers.
 */

import type { Result } from "../../core/index.ts";
import { fail, ok } from "../../core/index.ts";
import { kernelsStepTime, memoryBudget, timingAt } from "../../hardware/index.ts";
import type {
  EngineTiming,
  GpuCard,
  KernelParams,
  MemorySettings,
  ModelCard,
  NodeCard,
} from "../../hardware/index.ts";
import { createSimulation, parseScenario, REQUEST_COMPLETED } from "../../sim/index.ts";
import type { RequestColumns, Scenario, ScenarioInput } from "../../sim/index.ts";
import type { MeasuredRun, Metrics } from "./measured-run.ts";
import { statisticsOf } from "./run-statistics.ts";
import { layLoad } from "./workload.ts";

/** The cards and parameters that a run names. */
export type RunParts = {
  readonly model: ModelCard;
  readonly gpu: GpuCard;
  readonly node?: NodeCard;
  readonly params: KernelParams;
  readonly timing: EngineTiming;
};

/** Predicted numbers, one entry for each window of the run. */
export type Prediction = {
  readonly windows: readonly Metrics[];
  /** KV pool of one rank, tokens. */
  readonly kvTokens: number;
  readonly steps: number;
  readonly meanBatch: number;
  readonly preemptions: number;
  /** Step times use another GPU's efficiencies. */
  readonly estimated: boolean;
};

const US_PER_S = 1e6;
const US_PER_MS = 1000;
/** Events of one slice: far below a second of work. */
const SLICE = 1_000_000;
/** Blocks of the simulated pool; SGLang's pages of one token are counted in blocks of 16. */
const BLOCK_SIZE = { vllm: 16, sglang: 16, trtllm: 32 } as const;
/** vLLM counts CUDA graphs inside its share of memory from here on (vLLM 0.20). */
const GRAPHS_IN_BUDGET = 20;

function cardOf(run: MeasuredRun, { model }: RunParts): ModelCard {
  return run.quantizedParts === undefined
    ? model
    : { ...model, quantizedParts: run.quantizedParts };
}

function memorySettings(run: MeasuredRun): MemorySettings {
  const { engine, layout, knobs, version } = run;
  const dp = layout.dp ?? 1;
  const minor = Number(/^0\.(\d+)/.exec(version)?.[1] ?? 0);
  return {
    engine,
    ...layout,
    ...(knobs.fraction === undefined ? {} : { fraction: knobs.fraction }),
    maxNumSeqs: Math.ceil(knobs.maxNumSeqs / dp),
    maxBatchedTokens: Math.ceil(knobs.maxBatchedTokens / dp),
    graphsInBudget: engine === "vllm" && minor >= GRAPHS_IN_BUDGET,
  };
}

/** The engine's own scheduler with the run's settings; limits are those of one attention rank. */
function schedulerOf(
  { engine, knobs, layout }: MeasuredRun,
  timing: EngineTiming,
): ScenarioInput["engine"] {
  const ranks = layout.dp ?? 1;
  const tokens = Math.ceil(knobs.maxBatchedTokens / ranks);
  const seqs = Math.min(Math.ceil(knobs.maxNumSeqs / ranks), tokens);
  const common = {
    max_num_seqs: seqs,
    enable_chunked_prefill: knobs.chunkedPrefill,
    async_scheduling: timing.lookahead,
    ingest_us_per_token: timing.ingestTokenUs,
    scheduler_recv_interval: knobs.recvInterval ?? 1,
  };
  if (engine === "vllm") return { ...common, scheduler: "vllm", max_num_batched_tokens: tokens };
  if (engine === "trtllm") {
    return {
      ...common,
      scheduler: "tensorrt_llm",
      max_num_batched_tokens: tokens,
      attention_dp_wait_steps: knobs.rankWaitSteps ?? 0,
    };
  }
  // Whole blocks; a step ends with the prompts' tokens, decodes have steps of their own.
  const chunk = Math.ceil(tokens / BLOCK_SIZE.sglang) * BLOCK_SIZE.sglang;
  return {
    ...common,
    scheduler: "sglang",
    chunked_prefill_size: chunk,
    max_prefill_tokens: chunk,
  };
}

function scenarioOf(
  run: MeasuredRun,
  kvTokens: number,
  timing: EngineTiming,
  arrivals: ReturnType<typeof layLoad>["arrivals"],
  clientMs: number,
): Result<Scenario> {
  const { knobs, layout } = run;
  const blockSize = BLOCK_SIZE[run.engine];
  return parseScenario({
    name: run.id,
    cluster: { workers: 1, gpus_per_worker: run.gpus, parallelism: { data: layout.dp ?? 1 } },
    engine: {
      ...schedulerOf(run, timing),
      block_size: blockSize,
      num_gpu_blocks: Math.max(1, Math.floor(kvTokens / blockSize)),
      max_model_len: knobs.maxModelLen ?? null,
      enable_prefix_caching: knobs.prefixCaching,
    },
    traffic: { arrivals, client_path_ms: clientMs },
  });
}

/** The engine's timing as the run's version and launch script have it. */
function timingOf(run: MeasuredRun, shipped: EngineTiming): EngineTiming {
  const own = timingAt(shipped, run.version);
  return {
    ...own,
    ...(run.unfusedAllReduce === true ? { fusedAllReduceNorm: false } : {}),
    ...(run.knobs.graphRowsMax === undefined ? {} : { graphRowsMax: run.knobs.graphRowsMax }),
    ...(run.asyncScheduling === true ? { asyncScheduling: true, lookahead: true } : {}),
  };
}

/** Rows of the requests that ended well and arrived in the span. */
function chosen(columns: RequestColumns, fromS: number, toS: number): number[] {
  const rows: number[] = [];
  for (let i = 0; i < columns.rows; i++) {
    const atS = columns.arrivalUs[i]! / US_PER_S;
    if (columns.status[i] === REQUEST_COMPLETED && atS >= fromS && atS < toS) rows.push(i);
  }
  return rows;
}

/** The summary of one window; the client's path is added to what a client sees. */
function metricsOfWindow(
  columns: RequestColumns,
  span: { readonly fromS: number; readonly toS: number },
  clientMs: number,
): Metrics {
  const rows = chosen(columns, span.fromS, span.toS);
  const times = (end: Float64Array): Float64Array =>
    Float64Array.from(rows, (i) => (end[i]! - columns.arrivalUs[i]!) / US_PER_MS + clientMs);
  const ttftMs = times(columns.firstTokenUs);
  const e2eMs = times(columns.finishUs);
  const tpotMs = Float64Array.from(rows, (row, i) => {
    const gaps = columns.outputTokens[row]! - 1;
    return gaps > 0 ? (e2eMs[i]! - ttftMs[i]!) / gaps : NaN;
  });
  const statistics = statisticsOf({ ttftMs, tpotMs, e2eMs });
  return { ...statistics, itlMean: statistics.tpotMean ?? NaN };
}

/** Tokens per second and GPU over the whole run, first arrival to last token. */
function throughputs(columns: RequestColumns, run: MeasuredRun, clientMs: number): Metrics {
  const rows = chosen(columns, 0, Infinity);
  let [input, output, endUs] = [0, 0, 0];
  for (const row of rows) {
    input += columns.inputTokens[row]!;
    output += columns.outputTokens[row]!;
    endUs = Math.max(endUs, columns.finishUs[row]!);
  }
  // From the first request's sending to the last token's arrival at its client.
  const startUs = columns.arrivalUs[0] ?? 0;
  const seconds = (endUs - startUs) / US_PER_S + clientMs / 1000;
  return {
    throughput: (input + output) / seconds / run.gpus,
    outputThroughput: output / seconds / run.gpus,
  };
}

/** Equal for runs that the simulator cannot tell apart: they are simulated once. */
export function simulationKey(run: MeasuredRun): string {
  const { model, gpu, engine, version, layout, quantizedParts, gpus, knobs, workload } = run;
  const load = workload.kind === "replay" ? run.id : workload;
  const spans = run.windows.map(({ fromS, toS }) => [fromS, toS]);
  const parts = [model, gpu, engine, version, layout, quantizedParts, gpus, knobs, load, spans];
  return JSON.stringify(
    [...parts, run.serverSide, run.unfusedAllReduce, run.asyncScheduling],
    (_key, value: unknown) => (value === Infinity ? "Infinity" : value),
  );
}

/**
 * Simulates a run. Measured numbers of the run are not read. Problems: a layout that does not
 * divide
 * the model, a model that does not fit the GPUs as the memory model sees it, requests that the
 * engine refuses.
 */
export function simulateRun(run: MeasuredRun, parts: RunParts): Result<Prediction> {
  const card = cardOf(run, parts);
  const budget = memoryBudget(card, parts.gpu.visibleBytes, memorySettings(run));
  if (!budget.ok) return budget;
  if (!budget.value.fits) {
    return fail({ what: "the model does not fit, as the memory model sees it", where: run.id });
  }
  const { gpu, node, params } = parts;
  const timing = timingOf(run, parts.timing);
  const model = kernelsStepTime({
    model: card,
    gpu,
    params,
    timing,
    layout: run.layout,
    ...(node === undefined ? {} : { node }),
  });
  if (!model.ok) return model;
  const { trace, arrivals } = layLoad(run.id, run.workload);
  const clientMs =
    run.serverSide === true ? 0 : (timing.clientRequestUs + timing.clientTokenUs) / US_PER_MS;
  const scenario = scenarioOf(run, budget.value.kvTokens, timing, arrivals, clientMs);
  if (!scenario.ok) return scenario;
  const simulation = createSimulation(
    { scenario: scenario.value, trace, model: model.value },
    { requests: true },
  );
  if (!simulation.ok) return simulation;
  while (simulation.value.advance(SLICE));
  const { report, requests } = simulation.value.finish(0);
  if (requests === undefined || report.requests.completed === 0) {
    const reasons = report.rejections.map(({ reason }) => reason).join(", ");
    const why = reasons === "" ? (report.stopped ?? "nothing could be scheduled") : reasons;
    return fail({ what: `the engine completed no request: ${why}`, where: run.id });
  }
  const whole = throughputs(requests, run, clientMs);
  const windows = run.windows.map((window) => ({
    ...metricsOfWindow(requests, window, clientMs),
    ...(window.toS === Infinity ? whole : {}),
  }));
  return ok({
    windows,
    kvTokens: budget.value.kvTokens,
    steps: report.batch.steps,
    meanBatch: report.batch.meanSize,
    preemptions: report.kv.preemptions,
    estimated: model.value.estimated,
  });
}
