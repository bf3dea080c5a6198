/** Workers of a disaggregated deployment: layout and limits from what a row and its recipe record of them. */

import type { KernelsLayout } from "../../hardware/index.ts";
import type { SetupQuery } from "./engine-setup.ts";
import { inferencexSetup } from "./engine-setup.ts";
import type { RunKnobs, WorkerGroup } from "./measured-run.ts";
import type { RecipeLimits, RecordedWorkers, SplitRole } from "./split-recipes.ts";

/**
 * Tokens of a TensorRT-LLM prefill step on one rank: two long prompts or sixteen of 1k (`recipes.csv`,
 * r_prefill_max_tokens: 16384 and 16640 most often).
 */
const TRTLLM_PREFILL_TOKENS = 16_384;
/** SGLang's chunk on one prefill rank without data parallelism, and with (`recipes.csv`). */
const SGLANG_CHUNK = 32_768;

/** Graphs are captured up to the decode batch in all recipes, and up to 512 by default. */
const GRAPH_ROWS = 512;

/**
 * Requests that a rank of a TensorRT-LLM decode worker takes: the recipes fit it to the load, as the
 * largest of 1, 2, 3, 4, 6, 8, 12, 16 … that is not above the clients of a rank (`recipes.csv`:
 * r_decode_max_batch 512 for 4300 clients of 8 ranks, 768 for 6144 of 8, 128 for 5152 of 40).
 */
export function decodeBatch(clientsOfRank: number): number {
  let batch = 1;
  for (let power = 1; power <= clientsOfRank; power *= 2) {
    batch = power;
    if (power >= 2 && power * 1.5 <= clientsOfRank) batch = power * 1.5;
  }
  return batch;
}

function sglangKnobs(knobs: RunKnobs, dp: number, limits: RecipeLimits): RunKnobs {
  const { maxBatch, maxTokens = SGLANG_CHUNK * dp } = limits;
  const running = maxBatch === undefined ? {} : { maxNumSeqs: Math.max(maxBatch, dp) };
  return { ...knobs, ...running, maxBatchedTokens: maxTokens };
}

/** Limits are the recipe's where one is recorded, else what recipes have most often. */
function knobsOf(
  query: SetupQuery,
  role: SplitRole,
  clientsOfWorker: number,
  limits: RecipeLimits = {},
): RunKnobs {
  const { engine, input, dp } = query;
  const { recvInterval: _recv, ...usual } = inferencexSetup(query).knobs;
  const { fraction } = limits;
  const knobs = fraction === undefined ? usual : { ...usual, fraction };
  if (engine === "sglang") return sglangKnobs(knobs, dp, limits);
  if (role === "prefill") {
    // Whole prompts only.
    const { maxBatch, maxTokens = Math.max(TRTLLM_PREFILL_TOKENS, 2 * input) } = limits;
    const running = maxBatch === undefined ? {} : { maxNumSeqs: maxBatch * dp };
    return { ...knobs, ...running, rankWaitSteps: 0, maxBatchedTokens: maxTokens * dp };
  }
  const batch = limits.maxBatch ?? decodeBatch(clientsOfWorker / dp);
  return { ...knobs, maxNumSeqs: batch * dp, graphRowsMax: Math.max(GRAPH_ROWS, batch) };
}

/**
 * Expert kernel where the recipes differ from the aggregated scripts (`recipes.csv`, r_decode_moe and
 * r_prefill_moe): in fp8 with attention data parallelism on Blackwell DeepGEMM, for SGLang behind DeepEP.
 */
function expertsOf({ precision, dp, gpu }: SetupQuery): string | undefined {
  const isBlackwell = /^g?b[23]00/.test(gpu);
  return precision === "fp8" && dp > 1 && isBlackwell ? "deepgemm" : undefined;
}

/**
 * Copies of experts in SGLang's recipes for GB200 and GB300 (`recipes.csv`, r_decode_slots and r_prefill_slots): 32 wherever
 * DeepEP serves ranks of attention data parallelism, in fp8 for prefill too. The recipes name neither statistics nor
 * enable-eplb (srt-slurm, gb200-fp4/1k1k/max-tpt.yaml and gb200-fp8/1k1k/mid-curve.yaml), so the copies are of the first
 * experts. Taken from the recipes because 256 experts alone do not divide over 48 ranks.
 */
const SGLANG_COPIES = 32;

function copiesOf({ engine, precision, dp, gpu }: SetupQuery, role: SplitRole): number {
  const isRecipe = engine === "sglang" && dp > 1 && /^gb[23]00/.test(gpu);
  return isRecipe && (role === "decode" || precision === "fp8") ? SGLANG_COPIES : 0;
}

/** What a deployment's settings depend on, ranks aside. */
export type SplitQuery = Omit<SetupQuery, "tp" | "dp">;

/** One kind of worker of a deployment; `dtype` as in the checkpoint, the model card's when undefined. */
export function splitGroup(
  role: SplitRole,
  recorded: RecordedWorkers,
  query: SplitQuery,
  dtype: KernelsLayout["dtype"],
  limits: RecipeLimits | undefined,
): WorkerGroup {
  const { workers, ranks, dp, ep } = recorded;
  const whole = { ...query, tp: ranks / dp, dp };
  const setup = inferencexSetup(whole);
  const { kvDtype } = setup;
  const moeKernel = expertsOf(whole) ?? setup.moeKernel;
  const copies = ep === 1 ? 0 : copiesOf(whole, role);
  const layout = {
    ...(dtype === undefined ? {} : { dtype }),
    kvDtype,
    ...(moeKernel === undefined ? {} : { moeKernel }),
    tp: ranks / dp,
    dp,
    ep,
    ...(copies === 0 ? {} : { redundantExperts: copies }),
  };
  return {
    role,
    workers,
    layout,
    knobs: knobsOf(whole, role, query.concurrency / workers, limits),
  };
}
