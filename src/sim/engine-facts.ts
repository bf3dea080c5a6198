/** What a scenario's engine came to be: the report's `engine`, and the warnings that go with it. */

import type { KernelsCoverage, PriceTier } from "../hardware/index.ts";
import type { Machine } from "./hardware-inputs.ts";
import type { Scenario } from "./scenario.ts";
import { meanTokens } from "./draft-luck.ts";
import { ratesOf } from "./worker-knobs.ts";
import type { WorkerKnobs } from "./worker-knobs.ts";

/** Everything that defaults, cards and memory decided; `null`: the scenario names no such thing. */
export type EngineFacts = {
  /** Name of the step-time model. */
  readonly stepTime: string;
  /** For `kernels`: whether the GPU itself was measured, and the system whose figures are used. */
  readonly calibration: "calibrated" | "estimated" | null;
  readonly calibrationSystem: string | null;
  /** The user's own files that step times come from: fitted kernels, the engine's timing. */
  readonly calibrationFiles: readonly string[];
  /** Ids of the cards. */
  readonly model: string | null;
  readonly gpu: string | null;
  readonly backend: string;
  /** Version that the host floors are of. */
  readonly timingVersion: string | null;
  /** What a client waits for a request beside the engine, ms. */
  readonly clientPathMs: number;
  readonly dtype: string | null;
  readonly kvCacheDtype: string | null;
  readonly parallelism: Scenario["cluster"]["parallelism"];
  readonly gpusPerWorker: number;
  /** KV pool of a worker, all its ranks, and where its size comes from. */
  readonly kvBlocksPerWorker: number;
  readonly kvTokensPerWorker: number;
  readonly kvBlocksFrom: "scenario" | "memory" | "default";
  /** Bytes of the fullest GPU: in all, weights, KV cache, layer states. */
  readonly gpuMemory: {
    readonly totalBytes: number;
    readonly weightBytes: number;
    readonly kvBytes: number;
    /** States of linear-attention layers. */
    readonly stateBytes: number;
    /** Slots of LoRA adapters. */
    readonly adapterBytes: number;
  } | null;
  /** Limits of a worker, all its ranks. */
  readonly maxNumSeqs: number;
  /** Tokens drafted for each step, and tokens that a step gives on average; `null` without speculation. */
  readonly speculation: {
    readonly kind: string;
    readonly draftTokens: number;
    readonly tokensPerStep: number;
  } | null;
  readonly maxNumBatchedTokens: number;
  readonly price: {
    readonly usdPerGpuHour: number;
    /** The card's tier and date; `null`: the scenario's own price. */
    readonly tier: PriceTier | null;
    readonly date: string | null;
    /** What the GPU's card says of each kind of provider. */
    readonly card: readonly {
      readonly tier: PriceTier;
      readonly usdPerGpuHour: number;
      readonly date: string;
    }[];
  } | null;
};

const POLYNOMIAL_WARNING =
  "step times come from NVIDIA's uncalibrated mocker formula: good for comparing schedulers, not for sizing hardware";

/** Keys that only act on a model's cards, where they stand without effect. */
function idleKeys({ engine, cluster }: Scenario): string[] {
  const { tensor, pipeline, expert, data } = cluster.parallelism;
  return [
    ...(engine.dtype === "auto" ? [] : ["engine.dtype"]),
    ...(engine.kv_cache_dtype === "auto" ? [] : ["engine.kv_cache_dtype"]),
    ...(engine.gpu_memory_utilization === null ? [] : ["engine.gpu_memory_utilization"]),
    ...(engine.redundant_experts === 0 ? [] : ["engine.redundant_experts"]),
    ...(engine.eplb ? ["engine.eplb"] : []),
    ...(tensor * pipeline * expert * data === 1 ? [] : ["cluster.parallelism"]),
  ];
}

/** What the reader should know before believing step times and sizes. */
export function engineWarnings(
  scenario: Scenario,
  stepTime: string,
  machine: Machine | undefined,
  coverage: KernelsCoverage | undefined,
): readonly string[] {
  const { model, gpu, engine } = scenario;
  const warnings: string[] = [];
  if (stepTime === "polynomial") warnings.push(POLYNOMIAL_WARNING);
  if (machine === undefined) {
    const missing = model === null ? "model" : "gpu";
    const named = model ?? gpu;
    if (named !== null) {
      warnings.push(
        `${named} alone says nothing of step times and KV memory: name a ${missing} too`,
      );
    }
    const idle = idleKeys(scenario);
    if (idle.length > 0) {
      warnings.push(`${idle.join(", ")}: no effect on time and memory without model and gpu`);
    }
    return warnings;
  }
  if (coverage !== undefined) warnings.push(...coverageWarnings(engine.backend, machine, coverage));
  const fitting = Math.floor(machine.budget.kvTokens / engine.block_size);
  if (engine.num_gpu_blocks !== null && engine.num_gpu_blocks > fitting) {
    warnings.push(
      `num_gpu_blocks ${engine.num_gpu_blocks} is more than the ${fitting} blocks that ` +
        `${machine.gpu.name} holds beside the model`,
    );
  }
  const { stateSequences } = machine.budget;
  if (stateSequences !== null && stateSequences < engine.max_num_seqs) {
    warnings.push(
      `max_num_seqs is ${stateSequences}: the memory for states of linear-attention layers holds no more`,
    );
  }
  if (engine.backend === "hf" && engine.scheduler !== "static") {
    warnings.push("Hugging Face Transformers batches statically: set engine.scheduler to static");
  }
  return warnings;
}

function coverageWarnings(backend: string, machine: Machine, coverage: KernelsCoverage): string[] {
  const { system, estimated, stepsMeasured, gaps } = coverage;
  const warnings: string[] = [];
  if (estimated) {
    warnings.push(
      `step times are estimated: ${machine.gpu.name} was not measured, its kernels are those of ` +
        `${system} by the ratio of peak rates`,
    );
  }
  if (gaps.length > 0) {
    warnings.push(
      `outside the calibration of ${system}: ${gaps.join(", ")} (the nearest measured stand in)`,
    );
  }
  if (!stepsMeasured) {
    warnings.push(
      `kernels were measured on ${system}, whole steps of ${backend} were not: host floors are ` +
        "assumptions",
    );
  }
  return warnings;
}

function speculationFacts(engine: Scenario["engine"]): EngineFacts["speculation"] {
  const { speculation } = engine;
  if (speculation === null) return null;
  const rates = ratesOf(speculation);
  return { kind: speculation.kind, draftTokens: rates.length, tokensPerStep: meanTokens(rates) };
}

/** The facts of a report; `stepTime` names the model in use. */
export function engineFacts(parts: {
  readonly scenario: Scenario;
  readonly stepTime: string;
  readonly knobs: WorkerKnobs;
  readonly gpusPerWorker: number;
  readonly price: EngineFacts["price"];
  readonly gpu: string | null;
  readonly machine: Machine | undefined;
  readonly coverage: KernelsCoverage | undefined;
  readonly timingVersion: string | null;
  readonly calibrationFiles: readonly string[];
  readonly clientPathMs: number;
}): EngineFacts {
  const { scenario, knobs, machine, coverage } = parts;
  const { engine } = scenario;
  const sized = machine === undefined ? "default" : "memory";
  const { layout, budget } = machine ?? {};
  return {
    stepTime: parts.stepTime,
    calibration: coverage === undefined ? null : coverage.estimated ? "estimated" : "calibrated",
    calibrationSystem: coverage?.system ?? null,
    calibrationFiles: parts.calibrationFiles,
    model: machine?.entry.id ?? scenario.model,
    gpu: parts.gpu,
    backend: engine.backend,
    timingVersion: parts.timingVersion,
    clientPathMs: parts.clientPathMs,
    dtype: machine === undefined ? null : (layout?.dtype ?? machine.entry.card.dtype),
    kvCacheDtype: machine === undefined ? null : (layout?.kvDtype ?? "bf16"),
    parallelism: scenario.cluster.parallelism,
    gpusPerWorker: parts.gpusPerWorker,
    kvBlocksPerWorker: knobs.num_gpu_blocks,
    kvTokensPerWorker: knobs.num_gpu_blocks * knobs.block_size,
    kvBlocksFrom: engine.num_gpu_blocks === null ? sized : "scenario",
    gpuMemory:
      budget === undefined
        ? null
        : {
            totalBytes: budget.totalBytes,
            weightBytes: budget.weightBytes,
            kvBytes: budget.kvBytes,
            stateBytes: budget.stateBytes,
            adapterBytes: budget.adapterBytes,
          },
    maxNumSeqs: knobs.max_num_seqs,
    speculation: speculationFacts(engine),
    maxNumBatchedTokens: knobs.max_num_batched_tokens,
    price: parts.price,
  };
}
