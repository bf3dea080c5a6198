/**
 * Limits that `trtllm-bench` gives an engine when the user gives none: from the memory that it thinks
 * is left for the cache, the model and the lengths of the data set (TensorRT-LLM 0.17 to 1.2,
 * tensorrt_llm/bench/build/tuning.py and bench/benchmark/utils/general.py). Looked up after the runs on
 * eight ranks came out too quick; nothing was fitted.
 */

import type { Result } from "../../core/index.ts";
import { ok } from "../../core/index.ts";
import type { KernelsLayout, ModelCard } from "../../hardware/index.ts";
import { KV_BYTES, modelFacts, WEIGHT_BYTES } from "../../hardware/index.ts";

export type BenchLimits = {
  /** Requests and tokens of a step; with attention data parallelism of a rank's step. */
  readonly batch: number;
  readonly tokens: number;
};

type BenchRun = {
  readonly layout: KernelsLayout;
  /** Memory of one GPU as CUDA reports it. */
  readonly visibleBytes: number;
  readonly input: number;
  readonly output: number;
  /** Share of the free memory for the cache. */
  readonly fraction: number;
};

const BATCH_MAX = 4096;
const TOKENS_MAX = 32_768;
const BATCH_MIN = 64;
/** "To ensure Ctx/Gen overlap efficiency", as its source says. */
const TOKENS_MIN = 2048;

function upTo(value: number, unit: number): number {
  return unit * Math.ceil(value / unit);
}

/** Rounds generously, so that the limits do not bind before the cache does. */
function roundedBatch(raw: number): number {
  if (raw < 256) return Math.max(BATCH_MIN, upTo(raw, 32));
  return upTo(raw, raw < 1024 ? 128 : 256);
}

function roundedTokens(raw: number): number {
  if (raw < 4096) return Math.max(TOKENS_MIN, upTo(raw, 256));
  return upTo(raw, raw < 8192 ? 512 : 1024);
}

/**
 * Cache bytes of a token on all GPUs as the tool counts them: full attention in every layer, a head on
 * every rank at least, latent attention as if it kept every head.
 */
function tokenBytes(card: ModelCard, { kvDtype = "bf16" }: KernelsLayout, gpus: number): number {
  let elements = 0;
  for (const { layers, attention } of card.groups) {
    if (attention.kind === "gqa") {
      elements += 2 * layers * Math.max(gpus, attention.kvHeads) * attention.headDim;
    } else if (attention.kind === "mla") {
      elements += 2 * layers * card.hidden;
    }
  }
  return elements * KV_BYTES[kvDtype];
}

/** The limits for a run. Problems: those of `modelFacts`. */
export function benchLimits(card: ModelCard, run: BenchRun): Result<BenchLimits> {
  const { layout, visibleBytes, input, output, fraction } = run;
  const { dtype = card.dtype, tp = 1, dp = 1, pp = 1 } = layout;
  const facts = modelFacts(card, { dtype });
  if (!facts.ok) return facts;
  const gpus = tp * dp * pp;
  // Scales of quantised weights are not counted.
  const weights = facts.value.paramsTotal * (Math.floor(2 * WEIGHT_BYTES[dtype]) / 2);
  const free = visibleBytes * gpus - weights;
  const requests = (free * fraction) / (tokenBytes(card, layout, gpus / pp) * (input + output));
  const raw = Math.min(requests, BATCH_MAX) / pp;
  const batch = roundedBatch(raw);
  const tokens = roundedTokens(Math.min(raw * (1 + input / output), TOKENS_MAX));
  // Prompts are not cut, so that one must fit beside a full batch.
  return ok({ batch, tokens: Math.max(tokens, input + batch) });
}
