/**
 * Settings of published benchmarks, where the rows do not carry them: flags of the scripts that made the
 * rows, else the engine's defaults. Sources: InferenceX launch scripts (SemiAnalysisAI/InferenceX, benchmarks/*,
 * Apache-2.0, as cited in the data's notes on method); defaults of vLLM 0.11–0.18, SGLang 0.5 and TensorRT-LLM 1.x.
 */

import { isBelow, type KvDtype, type MemoryEngine } from "../../hardware/index.ts";
import type { RunKnobs } from "./measured-run.ts";

/** What the settings depend on. */
export type SetupQuery = {
  readonly engine: MemoryEngine;
  readonly gpu: string;
  /** Weights as the row names them: "fp4", "fp8", "bf16", "int4". */
  readonly precision: string;
  readonly model: string;
  readonly input: number;
  readonly output: number;
  readonly concurrency: number;
  /** Tensor parallel ranks. */
  readonly tp: number;
  /** Attention data parallel ranks: limits hold for each. */
  readonly dp: number;
  /** Year and month of the run, "2025-12"; empty when unknown. */
  readonly month: string;
};

export type Setup = {
  readonly knobs: RunKnobs;
  readonly kvDtype: KvDtype;
  /** All-reduce and norm are two kernels: the version's default, or the launch script's flags. */
  readonly unfusedAllReduce?: boolean;
  /** Expert kernel that the launch script asked for, by its name in the tables. */
  readonly moeKernel?: string;
  /** The launch script asked for asynchronous scheduling, whatever the version's default. */
  readonly asyncScheduling?: boolean;
  /** Requests for each place of the closed loop, where they are not ten. */
  readonly promptsPerPlace?: number;
};

/** Lengths are whole numbers from 0.8 L to L (random_range_ratio of the benchmark). */
export const INFERENCEX_RATIO = 0.8;
/** Requests for each place of the closed loop where a row does not say: 10 · conc (`num_prompts`, the data's notes on method). */
export const PROMPTS_PER_PLACE = 10;
/** Most requests a TensorRT-LLM server takes by default (max_batch_size of TensorRT-LLM 1.x). */
const TRTLLM_BATCH = 2048;
/** Default of vLLM's and TensorRT-LLM's servers on GPUs of 70 GB and more. */
const BATCHED_TOKENS = 8192;
/** SGLang's max_running_requests without a setting: bounded by memory only (assumption: 4096). */
const SGLANG_RUNNING = 4096;

function isBlackwell(gpu: string): boolean {
  return /^g?b[23]00/.test(gpu);
}

function ceil64(tokens: number): number {
  return Math.ceil(tokens / 64) * 64;
}

/** scheduler-recv-interval of InferenceX's scripts for B200: this many steps, fewer below 16 clients. */
const RECV_INTERVAL = { few: 10, many: 30, manyFrom: 16 } as const;

function recvInterval(concurrency: number): number {
  return concurrency < RECV_INTERVAL.manyFrom ? RECV_INTERVAL.few : RECV_INTERVAL.many;
}

/** Versions of the images that InferenceX ran, by month, where a row does not name one. */
const VERSIONS: Readonly<
  Record<MemoryEngine, readonly (readonly [from: string, version: string])[]>
> = {
  // 0.10.2 until SemiAnalysisAI/InferenceX#102 was taken up; 0.14 in January 2026, 0.18 in March 2026.
  vllm: [
    ["2025-10", "0.10.2"],
    ["2025-11", "0.11"],
    ["2026-02", "0.14"],
    ["2026-04", "0.18"],
  ],
  sglang: [["2025-10", "0.5"]],
  // Images of rows that name them: 1.1.0rc2 to December 2025, 1.2.0rc6 in January 2026.
  trtllm: [
    ["2025-10", "1.1"],
    ["2026-01", "1.2"],
    ["2026-04", "1.3"],
  ],
};

/** The version an engine had in a month; "" when the month is unknown. */
export function versionIn(engine: MemoryEngine, month: string): string {
  if (month === "") return "";
  const list = VERSIONS[engine];
  return list.findLast(([from]) => from <= month)?.[1] ?? list[0]![1];
}

/** InferenceX's scripts for single models on SGLang (benchmarks/single_node/glm5_fp8_h200.sh, qwen3.5_fp8_h200.sh). */
const SGLANG_SCRIPTS: Readonly<Record<string, Setup>> = {
  // Memory is all that it sets: chunks and steps are SGLang's defaults.
  "glm-5": {
    knobs: {
      fraction: 0.85,
      maxNumSeqs: SGLANG_RUNNING,
      maxBatchedTokens: BATCHED_TOKENS,
      maxPrefillTokens: 2 * BATCHED_TOKENS,
      chunkedPrefill: true,
      prefixCaching: false,
    },
    kvDtype: "bf16",
    promptsPerPlace: 5,
  },
  "qwen3.5-397b-a17b": {
    knobs: {
      fraction: 0.8,
      maxNumSeqs: 128,
      maxBatchedTokens: 16384,
      chunkedPrefill: true,
      prefixCaching: false,
    },
    kvDtype: "fp8",
  },
};

/**
 * A model whose script was not read: SGLang's defaults for GPUs of 60 GB and more and for those of 160 GB and more
 * (server_args.py of 0.5), without the radix cache as in all scripts of InferenceX, and their fp8 cache on Blackwell.
 */
function sglangDefaults({ gpu, dp }: SetupQuery): Setup {
  const blackwell = isBlackwell(gpu);
  const chunk = blackwell ? 2 * BATCHED_TOKENS : BATCHED_TOKENS;
  return {
    knobs: {
      fraction: 0.85,
      maxNumSeqs: SGLANG_RUNNING * dp,
      maxBatchedTokens: chunk * dp,
      maxPrefillTokens: 2 * BATCHED_TOKENS * dp,
      chunkedPrefill: true,
      prefixCaching: false,
    },
    kvDtype: blackwell ? "fp8" : "bf16",
  };
}

/** InferenceX, SGLang, scripts for DeepSeek: radix cache off, chunk = max prefill tokens. */
function sglangSetup(query: SetupQuery): Setup {
  const { gpu, precision, input, output, dp, concurrency } = query;
  const own = dp === 1 ? SGLANG_SCRIPTS[query.model] : undefined;
  if (own !== undefined) return own;
  if (!query.model.startsWith("deepseek")) return sglangDefaults(query);
  const short = input + output <= 2048;
  const blackwell = isBlackwell(gpu);
  const fp4 = precision === "fp4";
  let running = short ? 512 : 256;
  if (blackwell) running = fp4 ? 256 : 128;
  const chunk = fp4 ? (dp > 1 ? 32768 : 16384) : 32768;
  return {
    knobs: {
      fraction: fp4 ? 0.85 : 0.82,
      maxNumSeqs: running * dp,
      maxBatchedTokens: chunk * dp,
      chunkedPrefill: true,
      prefixCaching: false,
      // The receive skipper knows no attention data parallelism before SGLang 0.5.4.
      recvInterval: blackwell && dp === 1 ? recvInterval(concurrency) : 1,
    },
    kvDtype: blackwell ? "fp8" : "bf16",
  };
}

/**
 * Expert kernel of the scripts for DeepSeek-R1 (notes on method, §1): CUTLASS on Hopper; on Blackwell
 * in fp8 DeepGEMM over masked groups, TensorRT-LLM's own from 2026 on; in fp4 its own, CUTLASS for large batches and
 * with attention data parallelism.
 */
function trtllmExperts(query: SetupQuery): string | undefined {
  const { gpu, model, precision, input, concurrency, dp, month } = query;
  if (!model.startsWith("deepseek")) return undefined;
  if (!isBlackwell(gpu)) return "cutlass";
  if (precision !== "fp4") return month < "2026" ? "deepgemm-masked" : "trtllm-gen";
  const many = concurrency >= 256 || (input > 1024 && concurrency > 32);
  return many || dp > 1 ? "cutlass" : "trtllm-gen";
}

/** timeout_iters of the attention_dp_config of InferenceX's scripts, which balance ranks. */
const RANK_WAIT_STEPS = 60;

/**
 * InferenceX's scripts for Llama-70B: max_num_tokens, and for 1k/1k on fewer than eight GPUs
 * batch_wait_timeout_iters and batch_wait_max_tokens_ratio (70b_fp8_h200_trt_slurm.sh at a267b4b,
 * 70b_fp8_b200_trt_slurm.sh, 70b_fp4_b200_trt_docker.sh; stored versions before had the length of a
 * sequence as max_num_tokens). Looked up after measured first tokens came 200 ms later there than elsewhere.
 */
const LLAMA_TOKENS = 16384;
const LLAMA_BATCH_WAIT = { steps: 20, tokensRatio: 0.9 };

/** InferenceX, TensorRT-LLM's PyTorch backend: no chunked prefill, no block reuse, fp8 cache. */
function trtllmSetup(query: SetupQuery): Setup {
  const { gpu, model, input, output, concurrency, tp, dp, month } = query;
  const isLlama = model.startsWith("llama");
  const wide = isLlama ? LLAMA_TOKENS : ceil64(concurrency + input + 64);
  const tokens = month >= "2026" ? Math.max(8192, wide) : wide;
  const moeKernel = trtllmExperts(query);
  return {
    knobs: {
      fraction: isLlama ? 0.9 : isBlackwell(gpu) ? 0.8 : 0.75,
      maxNumSeqs: TRTLLM_BATCH * dp,
      maxBatchedTokens: tokens * dp,
      chunkedPrefill: false,
      prefixCaching: false,
      ...(dp > 1 ? { rankWaitSteps: RANK_WAIT_STEPS } : {}),
      ...(isLlama && input + output <= 2048 && tp < 8 ? { batchWait: LLAMA_BATCH_WAIT } : {}),
    },
    kvDtype: "fp8",
    ...(moeKernel === undefined ? {} : { moeKernel }),
  };
}

/**
 * InferenceX, vLLM: fp8 cache on Blackwell, prefix caching off. Its scripts of 2025 asked for the fused
 * all-reduce on Blackwell only (70b_fp8_b200_docker.sh, 70b_fp8_h100_slurm.sh); all of them ask for
 * asynchronous scheduling. Of the scripts for Llama on H100 one asks for an fp8 cache (slurm), one does
 * not (docker). The runs queue as with bf16: two GPUs ran 28 requests of 8,000 tokens at once (64
 * clients waited 59 s, 32 clients 6.5 s), as many as a bf16 pool holds, where an fp8 one holds 56.
 */
function vllmSetup({ gpu, model, concurrency, dp, month }: SetupQuery): Setup {
  const blackwell = isBlackwell(gpu);
  return {
    knobs: {
      fraction: 0.9,
      maxNumSeqs: (blackwell ? 512 : Math.max(1, concurrency)) * dp,
      maxBatchedTokens: BATCHED_TOKENS * dp,
      chunkedPrefill: true,
      prefixCaching: false,
    },
    kvDtype: blackwell ? "fp8" : "bf16",
    unfusedAllReduce: !blackwell && month < "2026",
    asyncScheduling: true,
    // VLLM_USE_FLASHINFER_MOE_MXFP4_MXFP8=1 on Blackwell (the tables have it under TensorRT-LLM's name) and
    // VLLM_MXFP4_USE_MARLIN=1 on Hopper (gptoss_fp4_b200.sh, gptoss_fp4_h100.sh; the tables have Marlin with
    // int4 weights). The latter was looked up after measured prompts had taken twice the predicted time.
    ...(model.startsWith("gpt-oss") ? { moeKernel: blackwell ? "torch-flow" : "marlin" } : {}),
  };
}

/** Settings of an InferenceX run. */
export function inferencexSetup(query: SetupQuery): Setup {
  if (query.engine === "sglang") return sglangSetup(query);
  return query.engine === "trtllm" ? trtllmSetup(query) : vllmSetup(query);
}

/** SGLang's version from which AIConfigurator's generator sets enable_mixed_chunk. */
const MIXED_FROM = "0.5.3";

/** What AIConfigurator's generator adds to a prompt's length, for the chat template's tokens among others. */
const PROMPT_SLACK_TOKENS = 1500;

/**
 * NVIDIA's own runs, for whose engines AIConfigurator wrote the settings: a place for each client, and
 * steps that hold a token of each, one prompt and a slack, so that prompts enter one or two at a time
 * instead of in convoys; SGLang begins a step with one prompt and the slack at most, and from 0.5.3 on
 * adds the decodes to it (its files for older versions look for a flag of another name, which is never set).
 *
 * Source: ai-dynamo/aiconfigurator (Apache-2.0), generator/rule_plugin/benchmark/*.rule: max_num_tokens =
 * max_batch_size + isl + 1500, max_prefill_tokens = isl + 1500, enable_mixed_chunk = true (and
 * backend_templates/sglang/cli_args.*.j2 of 0.5.1.post1 against 0.5.3.post2 and 0.5.6.post2), prefix caching
 * off. Looked up after rows of Llama-3.1-8B on TensorRT-LLM showed some 36 requests a second whatever their
 * length or ranks, one per eager step, and on SGLang 0.5.6 a third of the TTFT of convoys; nothing was
 * fitted. TensorRT-LLM keeps the cache of a quantised checkpoint in fp8 (its checkpoints say so), the others
 * in bf16.
 */
export function generatedSetup(query: SetupQuery, version: string): Setup {
  const { engine, input, precision, dp, concurrency } = query;
  const places = Math.ceil(concurrency / dp);
  const tokens = (places + input + PROMPT_SLACK_TOKENS) * dp;
  const base = { prefixCaching: false, maxNumSeqs: places * dp };
  if (engine === "vllm") {
    const knobs = { ...base, maxBatchedTokens: tokens, chunkedPrefill: true };
    return { knobs, kvDtype: "bf16" };
  }
  if (engine === "sglang") {
    const knobs = {
      ...base,
      maxBatchedTokens: BATCHED_TOKENS * dp,
      maxPrefillTokens: (input + PROMPT_SLACK_TOKENS) * dp,
      chunkedPrefill: true,
      mixedChunk: !isBelow(version, MIXED_FROM),
    };
    return { knobs, kvDtype: "bf16" };
  }
  const knobs = { ...base, maxBatchedTokens: tokens, chunkedPrefill: false };
  return { knobs, kvDtype: precision === "bf16" || precision === "" ? "bf16" : "fp8" };
}

/**
 * The engine's own defaults, prefix caching without effect (random prompts). TensorRT-LLM keeps the
 * cache
 * of a quantised checkpoint in fp8 (its checkpoints say so), the others in bf16.
 */
export function defaultSetup(query: SetupQuery): Setup {
  const { engine, input, precision, dp } = query;
  const base = { prefixCaching: false, maxBatchedTokens: BATCHED_TOKENS * dp };
  if (engine === "vllm") {
    const knobs = { ...base, maxNumSeqs: 1024 * dp, chunkedPrefill: true };
    return { knobs, kvDtype: "bf16" };
  }
  if (engine === "sglang") {
    const knobs = { ...base, maxNumSeqs: SGLANG_RUNNING * dp, chunkedPrefill: true };
    return { knobs, kvDtype: "bf16" };
  }
  const knobs = {
    maxNumSeqs: TRTLLM_BATCH * dp,
    // A prompt must fit a step beside the decodes of a full batch.
    maxBatchedTokens: Math.max(BATCHED_TOKENS, input + TRTLLM_BATCH) * dp,
    chunkedPrefill: false,
    prefixCaching: false,
  };
  return { knobs, kvDtype: precision === "bf16" || precision === "" ? "bf16" : "fp8" };
}
