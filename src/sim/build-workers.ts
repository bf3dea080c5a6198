/** From a scenario to its workers: step-time model, scheduler, KV pools. */

import { fail, ok } from "../core/index.ts";
import type { GapHistogram, Result } from "../core/index.ts";
import type { StepTimeModel } from "../hardware/index.ts";
import { schedulerPolicies } from "../policies/index.ts";
import type { Trace } from "../trace/index.ts";
import type { AdapterRules } from "./adapters.ts";
import { STRETCH_NUMBERS } from "./decode-stretch.ts";
import { landingRules } from "./disagg/landing-rules.ts";
import type { Images } from "./images.ts";
import { EntryStore } from "./entry-store.ts";
import { HeapArena } from "./finish-heap.ts";
import type { Engine, PassState, WorkerSink } from "./engine.ts";
import { KeepTimes } from "./kv-retention.ts";
import type { PassMeter } from "./pass-meter.ts";
import { enginesOf, ranksApart } from "./pool-scenarios.ts";
import type { PrefixForest } from "./prefix-forest.ts";
import type { RowDraws } from "./row-draws.ts";
import type { RequestTable } from "./request-table.ts";
import type { PoolRole, Scenario } from "./scenario.ts";
import type { TierSystem } from "./tiers/tier-system.ts";
import { WORKER_NUMBERS } from "./worker-counters.ts";
import type { WorkerKnobs } from "./worker-knobs.ts";
import { draftLuck, inboxRules, queriesOf, watermarkBlocks } from "./worker-knobs.ts";
import { RankWorker } from "./rank-worker.ts";
import { Worker } from "./worker.ts";

const US_PER_S = 1e6;

/** What workers are built from. */
type WorkerParts = {
  readonly scenario: Scenario;
  readonly knobs: WorkerKnobs;
  readonly model: StepTimeModel;
  readonly forest: PrefixForest;
  readonly table: RequestTable;
  readonly gaps: GapHistogram;
  readonly stepByStep: boolean;
  readonly sink: WorkerSink;
  readonly meter: PassMeter | undefined;
  readonly role: PoolRole;
  readonly tiers: TierSystem | undefined;
  /** The adapter of each row, and the images that prompts bring; undefined: none. */
  readonly draws: RowDraws | undefined;
  readonly images: Images | undefined;
  readonly trace: Trace | undefined;
  /** Number of the first worker. */
  readonly firstId: number;
};

/** The adapters of a pool whose engine serves some. */
function adapterRules({ knobs, draws }: WorkerParts): AdapterRules | undefined {
  if (knobs.lora === null || draws === undefined) return undefined;
  return { draws, slots: knobs.lora.max_loras, loadUs: knobs.lora.load_us ?? 0 };
}

/** The hints that a pool's engine heeds. */
function keepTimes({ knobs, trace }: WorkerParts): KeepTimes | undefined {
  const keepUs = trace?.hints?.keepUs;
  return knobs.kv_retention_hints && keepUs !== undefined ? new KeepTimes(keepUs) : undefined;
}

/** A scheduling pass that has not begun. */
function emptyPass(): PassState {
  return {
    nowUs: NaN,
    preempted: 0,
    matchedTokens: 0,
    landed: 0,
    landedContext: 0,
    shape: {
      prefillRequests: 0,
      prefillTokens: 0,
      prefillPastTokens: 0,
      prefillPairs: 0,
      decodeRequests: 0,
      decodeContextTokens: 0,
    },
  };
}

/** The workers of a pool; one scheduler and one model serve them all. Errors: an unknown scheduler. */
export function buildWorkers(options: WorkerParts): Result<Worker[]> {
  const { scenario, knobs: engine } = options;
  const policy = schedulerPolicies.find((candidate) => candidate.meta.name === engine.scheduler);
  if (policy === undefined) {
    return fail({
      what: `unknown scheduler "${engine.scheduler}"`,
      where: "engine.scheduler",
      expected: schedulerPolicies.map((candidate) => candidate.meta.name).join(", "),
    });
  }
  const scheduler = policy.create({
    max_num_seqs: engine.max_num_seqs,
    max_num_batched_tokens: engine.max_num_batched_tokens,
    enable_chunked_prefill: engine.enable_chunked_prefill,
    scheduler_reserve_full_isl: engine.scheduler_reserve_full_isl,
    capacity_scheduler_policy: engine.capacity_scheduler_policy,
    attention_ranks: engine.ranks,
    attention_dp_wait_steps: engine.attention_dp_wait_steps,
    batch_wait_steps: engine.batch_wait_steps,
    batch_wait_tokens_ratio: engine.batch_wait_tokens_ratio,
    chunked_prefill_size: engine.chunked_prefill_size,
    max_prefill_tokens: engine.max_prefill_tokens,
    schedule_policy: engine.schedule_policy,
    schedule_conservativeness: engine.schedule_conservativeness,
    enable_mixed_chunk: engine.enable_mixed_chunk,
    batchTimeoutUs: Math.round(engine.batch_timeout_s * US_PER_S),
  });
  const count = enginesOf(scenario);
  const shared: Engine = {
    firstId: options.firstId,
    table: options.table,
    forest: options.forest,
    scheduler,
    model: options.model,
    sink: options.sink,
    meter: options.meter,
    watcher: options.tiers,
    tiers: options.tiers,
    blocks: engine.num_gpu_blocks,
    blockSize: engine.block_size,
    watermarkBlocks: watermarkBlocks(engine),
    luck: draftLuck(engine, scenario.seed),
    adapters: adapterRules(options),
    images: options.images,
    encoderCacheTokens: engine.encoder_cache_tokens ?? engine.max_num_batched_tokens,
    queries: queriesOf(engine),
    overshoot: engine.overshoot,
    keeps: keepTimes(options),
    caching: engine.enable_prefix_caching && scheduler.prefixCaching,
    // TensorRT-LLM knows no other order.
    preemptNewest: engine.preemption_mode === "lifo" || engine.scheduler === "tensorrt_llm",
    stepByStep: options.stepByStep,
    parks: options.role === "prefill",
    landing: options.role === "decode" ? landingRules(scenario, engine) : undefined,
    inbox: inboxRules(engine),
    gaps: options.gaps,
    gapsFromUs: Math.round(scenario.traffic.warmup_s * US_PER_S),
    pass: emptyPass(),
    sum: { blocks: NaN, blockSteps: NaN },
    entries: new EntryStore(),
    heaps: new HeapArena(),
    counters: new Float64Array(count * WORKER_NUMBERS),
    stretches: new Float64Array(count * STRETCH_NUMBERS),
    byPhase: new Int32Array(count * engine.block_size),
  };
  const isRank = ranksApart(scenario) > 1;
  const make = (row: number): Worker =>
    isRank ? new RankWorker(shared, row) : new Worker(shared, row);
  return ok(Array.from({ length: count }, (_, row) => make(row)));
}
