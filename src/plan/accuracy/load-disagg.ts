/**
 * Disaggregated rows of InferenceX (`inferencex.csv`): prefill and decode workers of recorded layouts
 * behind NVIDIA Dynamo. Lengths and closed loop are those of the aggregated rows.
 */

import type { KernelsLayout, MemoryEngine } from "../../hardware/index.ts";
import type { SetupQuery } from "./engine-setup.ts";
import { inferencexSetup, versionIn } from "./engine-setup.ts";
import type { MeasuredRun, RunKnobs, WorkerGroup } from "./measured-run.ts";
import { metricsOf } from "./measured-run.ts";
import type { RowRecord } from "./record.ts";
import { checkpointFormat } from "./run-dtype.ts";
import { gpuName, modelName } from "./run-names.ts";
import type { RecipeLimits, SplitRecipes, SplitRole } from "./split-recipes.ts";

const ENGINES: ReadonlyMap<string, MemoryEngine> = new Map([
  ["dynamo-sglang", "sglang"],
  ["dynamo-trt", "trtllm"],
]);

const MS_PER_S = 1000;
const INFERENCEX_RATIO = 0.8;
const PROMPTS_PER_PLACE = 10;

/**
 * Tokens of a TensorRT-LLM prefill step on one rank: two long prompts or sixteen of 1k (`recipes.csv`,
 * r_prefill_max_tokens: 16384 and 16640 most often).
 */
const TRTLLM_PREFILL_TOKENS = 16_384;
/** SGLang's chunk on one prefill rank without data parallelism, and with (`recipes.csv`). */
const SGLANG_CHUNK = 32_768;

/** Graphs are captured up to the decode batch in all recipes, and up to 512 by default. */
const GRAPH_ROWS = 512;

function isDp(row: RowRecord, role: SplitRole): boolean {
  return row.text(`${role}_dp_attn`) === "true";
}

/** Why a disaggregated row cannot be laid down again; undefined when it can. */
export function disaggObstacle(row: RowRecord): string | undefined {
  if (row.text("spec") !== "none" && row.text("spec") !== "") {
    return "disaggregated, speculative decoding, acceptance not published";
  }
  if (!ENGINES.has(row.text("framework"))) return `engine ${row.text("framework")}`;
  for (const role of ["prefill", "decode"] as const) {
    const ranks = row.number(`${role}_tp`);
    const workers = row.number(`${role}_workers`);
    const gpus = row.number(`n_${role}_gpu_fixed`);
    if (!(workers > 0) || ranks * workers !== gpus || row.text("flags").includes("not_recorded")) {
      return "disaggregated, layout not recorded";
    }
  }
  if (row.text("flags").includes("stall")) return "disaggregated, stalled or drained";
  return undefined;
}

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
  const { recvInterval: _recv, ...knobs } = inferencexSetup(query).knobs;
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

function groupOf(
  row: RowRecord,
  role: SplitRole,
  query: Omit<SetupQuery, "tp" | "dp">,
  dtype: KernelsLayout["dtype"],
  limits: RecipeLimits | undefined,
): WorkerGroup {
  const ranks = row.number(`${role}_tp`);
  const dp = isDp(row, role) ? ranks : 1;
  const workers = row.number(`${role}_workers`);
  const whole = { ...query, tp: ranks / dp, dp };
  const setup = inferencexSetup(whole);
  const { kvDtype } = setup;
  const moeKernel = expertsOf(whole) ?? setup.moeKernel;
  const ep = Math.max(1, row.numberOr(`${role}_ep`, 1));
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

function measuredOf(row: RowRecord) {
  const ms = (column: string): number => row.number(column) * MS_PER_S;
  return metricsOf({
    ttftP50: ms("median_ttft_s"),
    ttftMean: ms("mean_ttft_s"),
    ttftP99: ms("p99_ttft_s"),
    tpotP50: ms("median_tpot_s"),
    tpotMean: ms("mean_tpot_s"),
    tpotP99: ms("p99_tpot_s"),
    e2eMean: ms("mean_e2el_s"),
    e2eP50: ms("median_e2el_s"),
    throughput: row.number("tput_per_gpu"),
  });
}

/** The run of a row that `disaggObstacle` has nothing against. */
export function disaggRun(name: string, row: RowRecord, recipes: SplitRecipes): MeasuredRun {
  const engine = ENGINES.get(row.text("framework")) ?? "trtllm";
  const [conc, isl, osl] = [row.number("conc"), row.number("isl"), row.number("osl")];
  const model = modelName(row.text("model"));
  const gpu = gpuName(row.text("hardware"));
  const precision = row.text("precision");
  const month = row.text("date").slice(0, 7);
  const query = { engine, gpu, precision, model, input: isl, output: osl, month };
  const format = checkpointFormat(model, precision);
  const group = (role: SplitRole): WorkerGroup =>
    groupOf(row, role, { ...query, concurrency: conc }, format.dtype, recipes.limitsOf(row, role));
  const groups = [group("prefill"), group("decode")] as const;
  const [, decode] = groups;
  return {
    id: `${name}:${row.line}`,
    family: "inferencex-disagg",
    group: `InferenceX ${row.text("model")} ${row.text("hardware")} ${engine} ${precision} split`,
    model,
    gpu,
    engine,
    // Dynamo's own image names Dynamo's version, not the engine's.
    version: /sglang:v?(\d[\w.]*)/.exec(row.text("image"))?.[1] ?? versionIn(engine, month),
    layout: decode.layout,
    ...(format.quantizedParts === undefined ? {} : { quantizedParts: format.quantizedParts }),
    gpus: row.number("n_gpu_total"),
    shape: `${isl}/${osl}`,
    knobs: decode.knobs,
    groups,
    workload: {
      kind: "closed",
      requests: conc * row.numberOr("prompts_per_conc", PROMPTS_PER_PLACE),
      concurrency: conc,
      lengths: { kind: "drawn", input: isl, output: osl, ratio: INFERENCEX_RATIO, seed: 0 },
    },
    windows: [{ name: "run", fromS: 0, toS: Infinity, measured: measuredOf(row) }],
    flags: [],
  };
}
