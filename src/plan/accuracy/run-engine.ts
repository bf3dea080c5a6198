/** The workers of a measured run: memory, step times, scheduler, and the scenario around them. */

import type { Result } from "../../core/index.ts";
import { fail, ok } from "../../core/index.ts";
import { kernelsStepTime, memoryBudget, timingAt } from "../../hardware/index.ts";
import type {
  EngineTiming,
  GpuCard,
  KernelParams,
  KernelsStepTime,
  MemorySettings,
  ModelCard,
  NodeCard,
} from "../../hardware/index.ts";
import { parseScenario } from "../../sim/index.ts";
import type { Scenario, ScenarioInput } from "../../sim/index.ts";
import type { MeasuredRun, WorkerGroup } from "./measured-run.ts";
import { benchLimits } from "./trtllm-bench.ts";
import type { LaidLoad } from "./workload.ts";

/** The cards and parameters that a run names. */
export type RunParts = {
  readonly model: ModelCard;
  readonly gpu: GpuCard;
  readonly node?: NodeCard;
  readonly params: KernelParams;
  readonly timing: EngineTiming;
};

/** One kind of worker of a run. */
export type RunEngine = {
  readonly group: WorkerGroup;
  readonly model: KernelsStepTime;
  readonly timing: EngineTiming;
  /** KV pool of one rank, tokens. */
  readonly kvTokens: number;
};

/** Blocks of the simulated pool; SGLang's pages of one token are counted in blocks of 16. */
const BLOCK_SIZE = { vllm: 16, sglang: 16, trtllm: 32 } as const;
/** vLLM counts CUDA graphs inside its share of memory from here on (vLLM 0.20). */
const GRAPHS_IN_BUDGET = 20;

function cardOf(run: MeasuredRun, { model }: RunParts): ModelCard {
  return run.quantizedParts === undefined
    ? model
    : { ...model, quantizedParts: run.quantizedParts };
}

function memorySettings(run: MeasuredRun, { layout, knobs }: WorkerGroup): MemorySettings {
  const { engine, version } = run;
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

/** The engine's timing as the run's version and launch script have it. */
function timingOf(run: MeasuredRun, { knobs }: WorkerGroup, shipped: EngineTiming): EngineTiming {
  const own = timingAt(shipped, run.version);
  return {
    ...own,
    ...(run.unfusedAllReduce === true ? { fusedAllReduceNorm: false } : {}),
    ...(knobs.graphRowsMax === undefined || own.graphRowsMax === 0
      ? {}
      : { graphRowsMax: knobs.graphRowsMax }),
    ...(knobs.graphSizes === undefined ? {} : { graphSizes: knobs.graphSizes }),
    ...(run.asyncScheduling === true ? { asyncScheduling: true, lookahead: true } : {}),
  };
}

/** The kinds of workers of a run: one that serves whole requests, or one for prompts and one for answers. */
function groupsOf(run: MeasuredRun): readonly WorkerGroup[] {
  const { layout, knobs, groups } = run;
  return groups ?? [{ role: "mixed", workers: 1, layout, knobs }];
}

/** The group with the limits that `trtllm-bench` chooses, where it does. */
function limited(run: MeasuredRun, group: WorkerGroup, parts: RunParts): Result<WorkerGroup> {
  const { knobs, layout } = group;
  const { workload } = run;
  if (knobs.benchLimits !== true || workload.kind === "stages" || workload.kind === "replay") {
    return ok(group);
  }
  const { visibleBytes } = parts.gpu;
  const { input, output } = workload.lengths;
  const fraction = knobs.fraction ?? 1;
  const limits = benchLimits(parts.model, { layout, visibleBytes, input, output, fraction });
  if (!limits.ok) return limits;
  const { batch, tokens } = limits.value;
  const ranks = layout.dp ?? 1;
  const own = { maxNumSeqs: batch * ranks, maxBatchedTokens: tokens * ranks, graphRowsMax: batch };
  return ok({ ...group, knobs: { ...knobs, ...own } });
}

function engineOf(run: MeasuredRun, group: WorkerGroup, parts: RunParts): Result<RunEngine> {
  const card = cardOf(run, parts);
  const budget = memoryBudget(card, parts.gpu.visibleBytes, memorySettings(run, group));
  if (!budget.ok) return budget;
  if (!budget.value.fits) {
    return fail({
      what: "the model does not fit, as the memory model sees it",
      where: run.id,
      expected: "ranks (tp, pp, ep, dp) and a GPU that hold it",
    });
  }
  const { gpu, node, params } = parts;
  const timing = timingOf(run, group, parts.timing);
  const model = kernelsStepTime({
    model: card,
    gpu,
    params,
    timing,
    layout: group.layout,
    ...(node === undefined ? {} : { node }),
  });
  if (!model.ok) return model;
  return ok({ group, model: model.value, timing, kvTokens: budget.value.kvTokens });
}

/** Builds every kind of worker of a run. Problems: a layout that does not divide the model, a model that does not fit. */
export function enginesOf(run: MeasuredRun, parts: RunParts): Result<RunEngine[]> {
  const engines: RunEngine[] = [];
  for (const group of groupsOf(run)) {
    const own = limited(run, group, parts);
    if (!own.ok) return own;
    const engine = engineOf(run, own.value, parts);
    if (!engine.ok) return engine;
    engines.push(engine.value);
  }
  return ok(engines);
}

type EngineKeys = NonNullable<ScenarioInput["engine"]>;

/** The engine's own scheduler with the group's settings; limits are those of one attention rank. */
function engineKeys(
  { engine }: MeasuredRun,
  { group, timing, kvTokens }: RunEngine,
): EngineKeys & Record<string, unknown> {
  const { knobs, layout } = group;
  const ranks = layout.dp ?? 1;
  const tokens = Math.ceil(knobs.maxBatchedTokens / ranks);
  const blockSize = BLOCK_SIZE[engine];
  const common = {
    max_num_seqs: Math.min(Math.ceil(knobs.maxNumSeqs / ranks), tokens),
    enable_chunked_prefill: knobs.chunkedPrefill,
    async_scheduling: timing.lookahead,
    ingest_us_per_token: timing.ingestTokenUs,
    scheduler_recv_interval: knobs.recvInterval ?? 1,
    block_size: blockSize,
    num_gpu_blocks: Math.max(1, Math.floor(kvTokens / blockSize)),
    max_model_len: knobs.maxModelLen ?? null,
    enable_prefix_caching: knobs.prefixCaching,
  };
  if (engine === "vllm") return { ...common, scheduler: "vllm", max_num_batched_tokens: tokens };
  if (engine === "trtllm") {
    return {
      ...common,
      scheduler: "tensorrt_llm",
      max_num_batched_tokens: tokens,
      attention_dp_wait_steps: knobs.rankWaitSteps ?? 0,
      batch_wait_steps: knobs.batchWait?.steps ?? 0,
      batch_wait_tokens_ratio: knobs.batchWait?.tokensRatio ?? 0,
    };
  }
  // Whole blocks; a step ends with the prompts' tokens, decodes have steps of their own.
  const chunk = Math.ceil(tokens / blockSize) * blockSize;
  return {
    ...common,
    scheduler: "sglang",
    enable_mixed_chunk: knobs.mixedChunk ?? false,
    chunked_prefill_size: chunk,
    max_prefill_tokens: Math.ceil((knobs.maxPrefillTokens ?? chunk * ranks) / ranks),
  };
}

/** GPUs of a worker. */
export function ranksOf({ layout }: WorkerGroup): number {
  return (layout.tp ?? 1) * (layout.dp ?? 1) * (layout.pp ?? 1);
}

/** The scenario of a run. Problems: those of `parseScenario`. */
export function scenarioOf(
  run: MeasuredRun,
  engines: readonly RunEngine[],
  arrivals: LaidLoad["arrivals"],
  clientMs: number,
  kvBytesPerToken: number,
): Result<Scenario> {
  const traffic = { arrivals, client_path_ms: clientMs };
  const [first, ...others] = engines;
  const keys = engineKeys(run, first!);
  if (others.length === 0) {
    const parallelism = { data: first!.group.layout.dp ?? 1 };
    const cluster = { workers: 1, gpus_per_worker: run.gpus, parallelism };
    return parseScenario({ name: run.id, cluster, engine: keys, traffic });
  }
  const pools = engines.map((engine) => ({
    name: engine.group.role,
    role: engine.group.role,
    workers: engine.group.workers,
    gpus_per_worker: ranksOf(engine.group),
    parallelism: { data: engine.group.layout.dp ?? 1 },
    engine: engineKeys(run, engine),
  }));
  const disagg = { kv_bytes_per_token: kvBytesPerToken };
  return parseScenario({ name: run.id, cluster: { pools }, engine: keys, traffic, disagg });
}
