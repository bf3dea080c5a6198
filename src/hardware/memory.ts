import { type AdapterSlots, adapterBytes } from "./kernels/adapters.ts";
import type { Result } from "../core/index.ts";
import { fail, ok } from "../core/index.ts";
import type { ModelFacts, ModelLayout } from "./model-card-facts.ts";
import { modelFacts } from "./model-card-facts.ts";
import type { ModelCard } from "./model-card.ts";
import { draftBytes, encoderCacheBytes, encoderPeakBytes } from "./memory-extras.ts";
import { layerCount } from "./model-card.ts";

const MIB = 1048576;
const GIB = 1073741824;

/** Engines whose way of sizing the KV pool is known. */
export const MEMORY_ENGINES = ["vllm", "sglang", "trtllm"] as const;

export type MemoryEngine = (typeof MEMORY_ENGINES)[number];

/** Engine settings that the size of the KV pool depends on; usual names, engine defaults. */
export type MemorySettings = ModelLayout & {
  readonly engine: MemoryEngine;
  /** vLLM's gpu_memory_utilization, SGLang's mem_fraction_static, TensorRT-LLM's free fraction. */
  readonly fraction?: number;
  readonly blockSize?: number;
  readonly maxNumSeqs?: number;
  /** vLLM max_num_batched_tokens, SGLang chunked_prefill_size, TensorRT-LLM max_num_tokens. */
  readonly maxBatchedTokens?: number;
  /** Count CUDA graph memory inside the fraction, as vLLM does from 0.20 on. */
  readonly graphsInBudget?: boolean;
  /** Finished prompts stay cached: SGLang then keeps more states of linear attention for a request. */
  readonly prefixCaching?: boolean;
  /** Image tokens whose encoded form is kept; as many as a step may hold by default. */
  readonly encoderCacheTokens?: number;
  /** Load the extra prediction layers for speculative decoding. */
  readonly mtp?: boolean;
  /** Slots of LoRA adapters on the GPU, and their rank. */
  readonly adapters?: AdapterSlots;
  /** Load a draft layer of its own beside the model. */
  readonly eagle?: boolean;
};

/** Where the memory of the fullest GPU of a worker goes, bytes. */
export type MemoryBudget = {
  readonly engine: MemoryEngine;
  readonly model: string;
  readonly settings: MemorySettings;
  readonly facts: ModelFacts;
  readonly totalBytes: number;
  /** What the engine's fraction leaves unused. */
  readonly reservedBytes: number;
  readonly weightBytes: number;
  /** Rotary tables, which vLLM builds for the longest position the model knows. */
  readonly ropeBytes: number;
  readonly activationBytes: number;
  readonly samplerBytes: number;
  /** Encoded images, for prompts with the same one. */
  readonly encoderCacheBytes: number;
  readonly communicationBytes: number;
  readonly graphBytes: number;
  readonly contextBytes: number;
  /** Slots of LoRA adapters. */
  readonly adapterBytes: number;
  /** States of linear-attention layers, a fixed number of them for every running request. */
  readonly stateBytes: number;
  /** Most running requests that have their states; `null` without such layers: no bound. */
  readonly stateSequences: number | null;
  /** Left for KV cache; negative when the model does not fit. */
  readonly kvBytes: number;
  readonly blockSize: number;
  readonly blockBytes: number;
  readonly kvBlocks: number;
  /** Tokens of full-length sequences the pool holds. */
  readonly kvTokens: number;
  readonly fits: boolean;
};

type Use = Pick<
  MemoryBudget,
  | "ropeBytes"
  | "activationBytes"
  | "samplerBytes"
  | "encoderCacheBytes"
  | "communicationBytes"
  | "graphBytes"
  | "contextBytes"
>;

/**
 * Activations of a forward pass, bytes: 2 · tokens · hidden · c, with c 10 for dense models and 22
 * with experts, times 0.6 under tensor parallelism (kernel notes §3.7: AIConfigurator's
 * coefficients 10/6/5/5 and 22/13/10/10 at tp 1/2/4/8).
 */
function activationBytes(card: ModelCard, tokens: number, tp: number): number {
  const coefficient = card.groups.some((group) => group.ffn.kind === "moe") ? 22 : 10;
  return 2 * tokens * card.hidden * coefficient * (tp > 1 ? 0.6 : 1);
}

/** NCCL and all-reduce buffers: 342 MB for two ranks, 392 MB beyond (kernel notes §2). */
function communicationBytes(ranks: number): number {
  if (ranks <= 1) return 0;
  return (ranks === 2 ? 342 : 392) * MIB;
}

/**
 * Live bytes per logit while the sampler is profiled: bf16 logits 2, float32 copy 4, sorted values
 * 4, sorted indices 8, sort scratch 12, probabilities 4, cumulative sum 4, mask 1, scatter 4, and
 * the rounding of allocations. assumption: counted from the tensors a native top-k/top-p sampler
 * creates; independent of the counts it is tested on, a log with 256 sequences and 128,256 tokens
 * (vllm-project/vllm pull request 10511: 1.26 GiB activation peak) allows about 40.
 */
const SAMPLER_BYTES_PER_LOGIT = 44;

/** CUDA graphs: 256 KiB per layer and size. assumption: vLLM logs 0.5–0.6 GiB at 32 × 67. */
const GRAPH_BYTES_PER_LAYER_SIZE = 262144;

/** CUDA context and driver, outside PyTorch. assumption: 0.5 GiB, as nvidia-smi shows when idle. */
const CONTEXT_BYTES = 0.5 * GIB;

/** Sizes captured up to a batch: 1, 2, 4, then every eighth (kernel notes, appendix B). */
function capturedSizes(maxBatch: number): number {
  return 3 + Math.ceil(Math.min(maxBatch, 512) / 8);
}

function graphBytes(card: ModelCard, maxBatch: number, pp: number): number {
  const layers = Math.ceil(layerCount(card) / pp);
  return layers * capturedSizes(maxBatch) * GRAPH_BYTES_PER_LAYER_SIZE;
}

/**
 * vLLM V1: KV = fraction · total − weights − profiled peak (kernel notes, appendix B). The peak is
 * that of the forward pass at max_num_batched_tokens and the sampler at max_num_seqs. NCCL and the
 * CUDA graphs count as said in the settings. Rotary tables span max_position_embeddings in bf16
 * whatever max_model_len is (vllm-project/vllm pull request 44738).
 */
function vllmUse(card: ModelCard, settings: MemorySettings): Use {
  const seqs = settings.maxNumSeqs ?? 256;
  const tp = settings.tp ?? 1;
  const stepTokens = settings.maxBatchedTokens ?? VLLM_STEP_TOKENS;
  const graphs = settings.graphsInBudget === true;
  return {
    ropeBytes: card.maxPositions * card.ropeDim * 2,
    activationBytes: activationBytes(card, stepTokens, tp) + encoderPeakBytes(card),
    samplerBytes: seqs * card.vocab * SAMPLER_BYTES_PER_LOGIT,
    encoderCacheBytes: encoderCacheBytes(card, settings.encoderCacheTokens ?? stepTokens),
    communicationBytes: communicationBytes(tp * (settings.dp ?? 1)),
    graphBytes: graphs ? graphBytes(card, Math.min(2 * seqs, 512), settings.pp ?? 1) : 0,
    contextBytes: 0,
  };
}

/** SGLang's chunk size and largest captured batch by memory size (kernel notes, appendix B). */
function sglangTier(totalBytes: number, tp: number): { chunk: number; graphBatch: number } {
  const gib = totalBytes / GIB;
  if (gib < 20) return { chunk: 2048, graphBatch: 8 };
  if (gib < 35) return { chunk: 2048, graphBatch: tp < 4 ? 24 : 80 };
  if (gib < 60) return { chunk: 4096, graphBatch: tp < 4 ? 32 : 160 };
  if (gib < 160) return { chunk: 8192, graphBatch: tp < 4 ? 256 : 512 };
  return { chunk: 16384, graphBatch: 512 };
}

/**
 * SGLang's default mem_fraction_static: one minus the reserve, MB = 512 + 1.5 · chunk +
 * 1024 · tp · pp ÷ 8 + 2 · graph batch (+ 3 · batch · dp, + 1.5 · batch · dp above 300, with
 * attention data parallelism), at least 10 GiB on GPUs above 60 GB (kernel notes, appendix B).
 */
export function sglangFraction(totalBytes: number, settings: MemorySettings): number {
  const tp = settings.tp ?? 1;
  const dp = settings.dp ?? 1;
  const tier = sglangTier(totalBytes, tp * dp);
  const chunk = settings.maxBatchedTokens ?? tier.chunk;
  let reserveMib = 512 + 1.5 * chunk + (1024 * tp * dp * (settings.pp ?? 1)) / 8;
  reserveMib += 2 * tier.graphBatch;
  if (dp > 1) reserveMib += (tier.graphBatch > 300 ? 4.5 : 3) * tier.graphBatch * dp;
  if (totalBytes > 60e9) reserveMib = Math.max(reserveMib, 10240);
  return Math.max(0, Math.floor((1 - (reserveMib * MIB) / totalBytes) * 1000) / 1000);
}

/**
 * SGLang: KV = free after loading − (1 − mem_fraction_static) · free before loading; activations
 * and graphs come out of the reserve. NCCL and the CUDA context are gone before the first measurement.
 */
function sglangUse(settings: MemorySettings): Use {
  return {
    ropeBytes: 0,
    activationBytes: 0,
    samplerBytes: 0,
    encoderCacheBytes: 0,
    communicationBytes: communicationBytes((settings.tp ?? 1) * (settings.dp ?? 1)),
    graphBytes: 0,
    contextBytes: CONTEXT_BYTES,
  };
}

/**
 * TensorRT-LLM: KV = free_gpu_memory_fraction of what is free after loading and a warm-up pass at
 * max_num_tokens (default 8192; fraction 0.9; kernel notes, appendix B).
 */
function trtllmUse(card: ModelCard, settings: MemorySettings): Use {
  const tp = settings.tp ?? 1;
  return {
    ropeBytes: card.maxPositions * card.ropeDim * 4,
    activationBytes: activationBytes(card, settings.maxBatchedTokens ?? 8192, tp),
    samplerBytes: 0,
    encoderCacheBytes: 0,
    communicationBytes: communicationBytes(tp * (settings.dp ?? 1)),
    graphBytes: 0,
    contextBytes: CONTEXT_BYTES,
  };
}

/** vLLM's default of max_num_batched_tokens. */
const VLLM_STEP_TOKENS = 2048;

/** Default KV block: 16 tokens (vLLM), 1 (SGLang page), 32 (TensorRT-LLM, PyTorch backend). */
const BLOCK_SIZE: Readonly<Record<MemoryEngine, number>> = { vllm: 16, sglang: 1, trtllm: 32 };

/** vLLM 0.14–0.19: 0.90 of total (0.92 from 0.22 on); TensorRT-LLM: 0.90 of free. */
const DEFAULT_FRACTION = 0.9;

/** Every engine's own order of subtracting; returns what it keeps back and what is left for KV. */
function poolOf(
  settings: MemorySettings,
  totalBytes: number,
  usedBytes: number,
  use: Use,
): { reservedBytes: number; kvBytes: number } {
  if (settings.engine === "sglang") {
    const fraction = settings.fraction ?? sglangFraction(totalBytes, settings);
    const before = totalBytes - use.contextBytes - use.communicationBytes;
    const reservedBytes = (1 - fraction) * before;
    return { reservedBytes, kvBytes: totalBytes - usedBytes - reservedBytes };
  }
  const fraction = settings.fraction ?? DEFAULT_FRACTION;
  if (settings.engine === "vllm") {
    const reservedBytes = (1 - fraction) * totalBytes;
    return { reservedBytes, kvBytes: totalBytes - reservedBytes - usedBytes };
  }
  const free = totalBytes - usedBytes;
  const reservedBytes = (1 - fraction) * Math.max(0, free);
  return { reservedBytes, kvBytes: free - reservedBytes };
}

/**
 * Part of the pool that states may take: SGLang's mamba_full_memory_ratio of 0.9 to 1 (docs.sglang.io, server arguments).
 * The other engines set states aside for a full batch (assumption: at most the same part, then the batch is smaller;
 * vLLM takes them from one pool as requests come).
 */
const STATE_SHARE = 0.9 / 1.9;

/** State slots of a running request in SGLang with its radix cache (extra_buffer, docs.sglang.io, hybrid models). */
const SGLANG_STATE_SLOTS = 5;

type States = Pick<MemoryBudget, "stateBytes" | "stateSequences">;

/** States of linear-attention layers out of a pool of `poolBytes`. */
function statesOf(settings: MemorySettings, facts: ModelFacts, poolBytes: number): States {
  const isSglang = settings.engine === "sglang";
  const slots = isSglang && settings.prefixCaching !== false ? SGLANG_STATE_SLOTS : 1;
  const perSequence = facts.stateBytesPerSequencePerGpu * slots;
  if (perSequence === 0) return { stateBytes: 0, stateSequences: null };
  const most = Math.max(0, poolBytes) * STATE_SHARE;
  const wanted = isSglang ? Infinity : (settings.maxNumSeqs ?? 256) * perSequence;
  const stateBytes = Math.min(wanted, most);
  return { stateBytes, stateSequences: Math.floor(stateBytes / perSequence) };
}

type BlockShape = { blockBytes: number; groupsPerToken: number };

/**
 * Bytes of one block. vLLM with interleaved sliding windows shares one pool: a block serves as many
 * layers as the smallest kind has, and a full-length sequence takes one block per full-attention
 * group of that many layers. Chunked local attention is treated as full attention by default.
 */
function blockShape(engine: MemoryEngine, facts: ModelFacts, blockSize: number): BlockShape {
  const groups = facts.kvGroups;
  const isHybrid =
    engine === "vllm" &&
    groups.some((group) => group.windowTokens !== undefined && !group.chunked) &&
    groups.some((group) => group.windowTokens === undefined);
  if (!isHybrid) {
    return { blockBytes: facts.kvBytesPerTokenAllLayers * blockSize, groupsPerToken: 1 };
  }
  let layers = Infinity;
  let bytes = 0;
  let full = 0;
  for (const group of groups) {
    layers = Math.min(layers, group.layers);
    bytes = Math.max(bytes, group.bytesPerTokenLayer);
  }
  for (const group of groups) {
    if (group.windowTokens === undefined) full += Math.ceil(group.layers / layers);
  }
  return { blockBytes: layers * bytes * blockSize, groupsPerToken: full };
}

/** Settings that count something, and the least of each. */
const COUNTS = [
  ["blockSize", 1],
  ["maxNumSeqs", 1],
  ["maxBatchedTokens", 1],
  ["encoderCacheTokens", 0],
] as const;

/** Largest of them that the scenario's schema takes. */
const COUNT_MOST = 1 << 30;

function checkSettings(settings: MemorySettings, totalBytes: number): Result<MemorySettings> {
  const fraction = settings.fraction;
  if (fraction !== undefined && !(fraction > 0 && fraction <= 1)) {
    return fail({ what: `fraction is ${fraction}`, where: "fraction", expected: "0 < x ≤ 1" });
  }
  for (const [key, least] of COUNTS) {
    const value = settings[key];
    if (value === undefined) continue;
    if (Number.isSafeInteger(value) && value >= least && value <= COUNT_MOST) continue;
    const expected = `a whole number from ${least} to ${COUNT_MOST}`;
    return fail({ what: `${key} is ${value}`, where: key, expected });
  }
  const { adapters } = settings;
  if (adapters !== undefined && adapters.slots > 0 && !(adapters.rank >= 1)) {
    const expected = "a whole number ≥ 1";
    return fail({ what: `adapters of rank ${adapters.rank}`, where: "maxLoraRank", expected });
  }
  if (!(totalBytes > 0)) return fail({ what: "the GPU has no memory", where: "gpu" });
  return ok(settings);
}

/**
 * Sizes the KV pool of the fullest GPU as the engine itself does.
 *
 * @param totalBytes memory as CUDA reports it (`GpuCard.visibleBytes`).
 * Fails on a split that does not divide; a model that does not fit is a result with `fits` false.
 */
export function memoryBudget(
  card: ModelCard,
  totalBytes: number,
  settings: MemorySettings,
): Result<MemoryBudget> {
  const checked = checkSettings(settings, totalBytes);
  if (!checked.ok) return checked;
  const counted = modelFacts(card, settings);
  if (!counted.ok) return counted;
  const facts = counted.value;
  const use =
    settings.engine === "vllm"
      ? vllmUse(card, settings)
      : settings.engine === "sglang"
        ? sglangUse(settings)
        : trtllmUse(card, settings);
  const weightBytes = facts.weightBytesPerGpu + draftBytes(card, settings, facts.mtpBytesPerGpu);
  const { adapters, tp = 1 } = settings;
  const slotBytes = adapters === undefined ? 0 : adapterBytes(card, adapters.rank) / tp;
  const adapterSlotBytes = slotBytes * (adapters?.slots ?? 0);
  let usedBytes = weightBytes + adapterSlotBytes;
  for (const bytes of Object.values(use)) usedBytes += bytes;
  const { reservedBytes, kvBytes: poolBytes } = poolOf(settings, totalBytes, usedBytes, use);
  const states = statesOf(settings, facts, poolBytes);
  const kvBytes = poolBytes - states.stateBytes;
  const blockSize = settings.blockSize ?? BLOCK_SIZE[settings.engine];
  const shape = blockShape(settings.engine, facts, blockSize);
  const { groupsPerToken } = shape;
  // A draft layer caches keys and values like one more layer of the model.
  const drafts = settings.mtp === true || settings.eagle === true;
  const blockBytes = shape.blockBytes * (drafts ? 1 + 1 / layerCount(card) : 1);
  const kvBlocks = blockBytes > 0 ? Math.max(0, Math.floor(kvBytes / blockBytes)) : 0;
  return ok({
    engine: settings.engine,
    model: card.name,
    settings,
    facts,
    totalBytes,
    reservedBytes,
    weightBytes,
    ...use,
    adapterBytes: adapterSlotBytes,
    ...states,
    kvBytes,
    blockSize,
    blockBytes,
    kvBlocks,
    kvTokens: Math.floor(kvBlocks / groupsPerToken) * blockSize,
    fits: kvBlocks > 0 && states.stateSequences !== 0,
  });
}
