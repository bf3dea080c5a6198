/** From a scenario to its workers: step-time model, scheduler, KV pools. */

import { fail, ok } from "../core/index.ts";
import type { GapHistogram, Result } from "../core/index.ts";
import { createStepTime } from "../hardware/index.ts";
import type { ProfileTable, StepTimeModel, StepTimeSpec } from "../hardware/index.ts";
import { schedulerPolicies } from "../policies/index.ts";
import { STRETCH_NUMBERS } from "./decode-stretch.ts";
import { EntryStore } from "./entry-store.ts";
import { HeapArena } from "./finish-heap.ts";
import type { Engine, WorkerSink } from "./engine.ts";
import type { PrefixForest } from "./prefix-forest.ts";
import type { RequestTable } from "./request-table.ts";
import type { EngineKnobs, Scenario } from "./scenario.ts";
import { WORKER_NUMBERS } from "./worker-counters.ts";
import { Worker } from "./worker.ts";

const US_PER_S = 1e6;
const US_PER_MS = 1e3;

/** The scenario's step-time knobs in the models' own units. */
function stepTimeSpec(knobs: EngineKnobs["step_time"]): StepTimeSpec {
  switch (knobs.type) {
    case "fixed":
      return {
        type: "fixed",
        prefillUs: knobs.prefill_ms * US_PER_MS,
        decodeUs: knobs.decode_ms * US_PER_MS,
        fused: knobs.mixed === "fused",
      };
    case "linear":
      return {
        type: "linear",
        baseUs: knobs.base_us,
        prefillFixedUs: knobs.prefill_fixed_us,
        tokenUs: knobs.token_us,
        pairUs: knobs.pair_us,
        decodeRequestUs: knobs.decode_request_us,
        contextTokenUs: knobs.decode_context_us,
      };
    case "polynomial":
      return { type: "polynomial", mixed: knobs.mixed };
    case "table":
      return { type: "table", mixed: knobs.mixed };
  }
}

/** The step-time model of the scenario's engine. */
export function buildStepTime(
  scenario: Scenario,
  table: ProfileTable | undefined,
): Result<StepTimeModel> {
  const { engine } = scenario;
  const kvCapacityTokens = engine.num_gpu_blocks * engine.block_size;
  const model = createStepTime(stepTimeSpec(engine.step_time), { kvCapacityTokens, table });
  if (model.ok) return model;
  const where = `engine.step_time${model.problem.where === undefined ? "" : `: ${model.problem.where}`}`;
  return fail({ ...model.problem, where });
}

/** The workers of the scenario; one scheduler and one model serve them all. */
export function buildWorkers(options: {
  readonly scenario: Scenario;
  readonly model: StepTimeModel;
  readonly forest: PrefixForest;
  readonly table: RequestTable;
  readonly gaps: GapHistogram;
  readonly stepByStep: boolean;
  readonly sink: WorkerSink;
}): Result<Worker[]> {
  const { scenario } = options;
  const { engine } = scenario;
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
    batchTimeoutUs: Math.round(engine.batch_timeout_s * US_PER_S),
  });
  const count = scenario.cluster.workers;
  const shared: Engine = {
    table: options.table,
    forest: options.forest,
    scheduler,
    model: options.model,
    sink: options.sink,
    blocks: engine.num_gpu_blocks,
    blockSize: engine.block_size,
    watermarkBlocks: watermarkBlocks(engine),
    caching: engine.enable_prefix_caching && scheduler.prefixCaching,
    preemptNewest: engine.preemption_mode === "lifo",
    stepByStep: options.stepByStep,
    gaps: options.gaps,
    gapsFromUs: Math.round(scenario.traffic.warmup_s * US_PER_S),
    pass: {
      nowUs: NaN,
      preempted: 0,
      matchedTokens: 0,
      endingTail: -1,
      shape: {
        prefillRequests: 0,
        prefillTokens: 0,
        prefillPastTokens: 0,
        prefillPairs: 0,
        decodeRequests: 0,
        decodeContextTokens: 0,
      },
    },
    sum: { blocks: NaN, blockSteps: NaN },
    entries: new EntryStore(),
    heaps: new HeapArena(),
    counters: new Float64Array(count * WORKER_NUMBERS),
    stretches: new Float64Array(count * STRETCH_NUMBERS),
    byPhase: new Int32Array(count * engine.block_size),
  };
  return ok(Array.from({ length: count }, (_, id) => new Worker(shared, id)));
}

/** Blocks that admission leaves free. */
export function watermarkBlocks(engine: EngineKnobs): number {
  return Math.floor(engine.watermark * engine.num_gpu_blocks);
}
