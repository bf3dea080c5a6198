/** The hardware a scenario names: cards, and the layout and memory they lead to. */

import { fail, ok } from "../core/index.ts";
import type { Problem, Result } from "../core/index.ts";
import {
  checkPrecision,
  findGpu,
  findModel,
  memoryAlternatives,
  memoryBudget,
  memoryVerdict,
} from "../hardware/index.ts";
import type {
  AdapterSlots,
  CardDeck,
  EngineTiming,
  GpuCard,
  KernelParams,
  KernelsLayout,
  MemoryBudget,
  MemoryChange,
  MemorySettings,
  ModelCard,
  ModelEntry,
  NodeCard,
} from "../hardware/index.ts";
import type { Scenario } from "./scenario.ts";

/** What its place in a fabric means for a pool's step times. */
export type PoolSite = {
  /** The node of its GPUs, with the fabric's NICs. */
  readonly node: NodeCard;
  /** GPUs of the worst placed worker that are in one NVLink domain. */
  readonly ranksTogether: number;
};

/** What comes beside a scenario that names a model or a GPU. */
export type HardwareInputs = {
  readonly deck: CardDeck;
  /** Parameters and timing of the `kernels` step times, where the scenario uses them. */
  readonly params?: KernelParams;
  readonly timing?: EngineTiming;
  /** KV memory over what the memory model says; 1 when absent. Draws of uncertain parameters set it. */
  readonly kvScale?: number;
};

/** A model and a GPU, and how a worker lays the one out on the other. */
export type Machine = {
  readonly entry: ModelEntry;
  readonly gpu: GpuCard;
  readonly node: NodeCard | undefined;
  /** GPUs of a worker that its place leaves in one NVLink domain; undefined: no place is known. */
  readonly ranksTogether?: number;
  readonly layout: KernelsLayout;
  /** Memory of the fullest GPU of a worker. */
  readonly budget: MemoryBudget;
};

/** Whether the scenario needs cards at all; without, no card is read. */
export function needsCards({ model, gpu }: Scenario): boolean {
  return model !== null || gpu !== null;
}

/** Whether its step times are `kernels`: chosen, or by default because it names model and GPU. */
export function usesKernels({ model, gpu, engine }: Scenario): boolean {
  if (model === null || gpu === null) return false;
  return engine.step_time === null || engine.step_time.type === "kernels";
}

/** Places of the layout's fields in a scenario. */
const PLACES: Readonly<Record<string, string>> = {
  dtype: "engine.dtype",
  kvDtype: "engine.kv_cache_dtype",
  tp: "cluster.parallelism.tensor",
  pp: "cluster.parallelism.pipeline",
  ep: "cluster.parallelism.expert",
  dp: "cluster.parallelism.data",
  redundantExperts: "engine.redundant_experts",
  fraction: "engine.gpu_memory_utilization",
};

function placed(problem: Problem): Problem {
  const where = PLACES[problem.where ?? ""] ?? problem.where ?? "cluster.parallelism";
  return { ...problem, where };
}

/** How the scenario stores and splits the model. */
export function layoutOf({ engine, cluster }: Scenario): KernelsLayout {
  const { tensor, pipeline, expert, data } = cluster.parallelism;
  const { dtype, kv_cache_dtype: kv, step_time: step, redundant_experts: copies, eplb } = engine;
  const kernels = step?.type === "kernels" ? step : undefined;
  const moeKernel = kernels?.moe_kernel ?? null;
  return {
    ...(dtype === "auto" ? {} : { dtype }),
    ...(kv === "auto" ? {} : { kvDtype: kv }),
    tp: tensor,
    pp: pipeline,
    ep: expert,
    dp: data,
    ...(copies === 0 ? {} : { redundantExperts: copies }),
    ...(eplb ? { eplb } : {}),
    ...(kernels === undefined ? {} : { cp: kernels.context_parallel }),
    ...(moeKernel === null ? {} : { moeKernel }),
  };
}

/** vLLM counts CUDA graphs inside its share of memory from 0.20 on, and takes 0.92 from 0.22 on. */
const VLLM_GRAPHS_MINOR = 20;
const VLLM_WIDER_MINOR = 22;
const VLLM_WIDER_FRACTION = 0.92;

/** What the version of the engine changes in its memory rule. */
function versionRules({ backend, backend_version: version }: Scenario["engine"]) {
  const [, major = "0", minor = "0"] = /^v?(\d+)\.(\d+)/.exec(version ?? "") ?? [];
  if (backend !== "vllm") return {};
  const at = Number(major) > 0 ? Infinity : Number(minor);
  return {
    graphsInBudget: at >= VLLM_GRAPHS_MINOR,
    ...(at >= VLLM_WIDER_MINOR ? { fraction: VLLM_WIDER_FRACTION } : {}),
  };
}

/**
 * SGLang keeps memory back for each token of a chunk. Assumption: no more than for the largest chunk of published launch
 * scripts (InferenceX: 32768); with its default fraction a longer one would leave nothing.
 */
const SGLANG_CHUNK_MOST = 32_768;

/** Slots of adapters as memory and kernels take them. */
export function adapterSlots({ lora }: Scenario["engine"]): { readonly adapters?: AdapterSlots } {
  return lora === null ? {} : { adapters: { rank: lora.max_lora_rank, slots: lora.max_loras } };
}

function memorySettings(scenario: Scenario, layout: KernelsLayout): MemorySettings {
  const { engine } = scenario;
  const fraction = engine.gpu_memory_utilization;
  return {
    // Transformers has no pool: it takes what is free as it goes, which TensorRT-LLM's rule is
    // nearest to (assumption: fragmentation costs the tenth that the rule leaves).
    engine: engine.backend === "hf" ? "trtllm" : engine.backend,
    ...layout,
    ...versionRules(engine),
    ...(fraction === null ? {} : { fraction }),
    blockSize: engine.block_size,
    maxNumSeqs: engine.max_num_seqs,
    maxBatchedTokens:
      engine.backend === "sglang"
        ? Math.min(engine.chunked_prefill_size, SGLANG_CHUNK_MOST)
        : engine.max_num_batched_tokens,
    prefixCaching: engine.enable_prefix_caching,
    ...(engine.encoder_cache_tokens === null
      ? {}
      : { encoderCacheTokens: engine.encoder_cache_tokens }),
    mtp: engine.speculation?.kind === "mtp",
    eagle: engine.speculation?.kind === "eagle",
    ...adapterSlots(engine),
  };
}

/** The model's card, where the scenario names one. Errors: an unknown name, with the nearest. */
export function modelOf({ model }: Scenario, deck: CardDeck): Result<ModelEntry | undefined> {
  if (model === null) return ok(undefined);
  const found = findModel(deck, model);
  return found.ok ? found : fail({ ...found.problem, where: "model" });
}

/** The GPU's card, where the scenario names one. Errors: an unknown name, with the nearest. */
export function gpuOf({ gpu }: Scenario, deck: CardDeck): Result<GpuCard | undefined> {
  if (gpu === null) return ok(undefined);
  const found = findGpu(deck, gpu);
  return found.ok ? found : fail({ ...found.problem, where: "gpu" });
}

/**
 * Lays the model out on the GPU. Errors: a format that the GPU lacks, a parallelism that does not
 * divide the model, a model that does not fit, with what would.
 */
export function machineOf(
  scenario: Scenario,
  deck: CardDeck,
  entry: ModelEntry,
  gpu: GpuCard,
  site?: PoolSite,
): Result<Machine> {
  const { card } = entry;
  const layout = layoutOf(scenario);
  if (scenario.engine.speculation?.kind === "mtp" && card.mtpLayers === 0) {
    return fail({
      what: `${card.name} has no layers that predict further tokens`,
      where: "engine.speculation.kind",
      expected: "eagle or ngram, or a model with such layers (DeepSeek-V3, GLM-5, Qwen3.5)",
    });
  }
  if (scenario.traffic.images !== null && card.encoder === undefined) {
    return fail({
      what: `${card.name} has no vision encoder`,
      where: "traffic.images",
      expected: "a model that sees images, for example llama-4-scout or qwen3.5-397b-a17b",
    });
  }
  const precision = checkPrecision(gpu, layout.dtype ?? card.dtype, layout.kvDtype);
  if (!precision.ok) return fail(placed(precision.problem));
  const settings = memorySettings(scenario, layout);
  const budget = memoryBudget(card, gpu.visibleBytes, settings);
  if (!budget.ok) return fail(placed(budget.problem));
  if (!budget.value.fits) return fail(misfit(budget.value, deck, card, gpu));
  const node = site?.node ?? deck.nodes.find(({ id }) => id === gpu.node);
  const together = site === undefined ? {} : { ranksTogether: site.ranksTogether };
  return ok({ entry, gpu, node, layout, budget: budget.value, ...together });
}

/** Where a scenario says what memory depends on. */
const KEY_OF: Readonly<Record<keyof MemoryChange, string>> = {
  gpu: "gpu",
  dtype: "engine.dtype",
  tp: "cluster.parallelism.tensor",
  pp: "cluster.parallelism.pipeline",
};

function misfit(budget: MemoryBudget, deck: CardDeck, card: ModelCard, gpu: GpuCard): Problem {
  const [short = "", ...more] = memoryVerdict(budget);
  const choices = memoryAlternatives(deck, card, gpu, budget.settings).map(({ change, nodes }) => {
    const keys = Object.entries(change).map(
      ([name, value]) => `${KEY_OF[name as keyof MemoryChange]}=${value}`,
    );
    return keys.join(" with ") + (nodes > 1 ? ` (${nodes} nodes)` : "");
  });
  return {
    what: `${card.name} on ${gpu.name} ${short}`,
    where: "model",
    expected: ["a model that fits", ...more].join("; "),
    remedy: choices.length === 0 ? "nothing tried would fit" : `one of ${choices.join(", ")}`,
  };
}
