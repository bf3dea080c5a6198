/** TensorRT-LLM's documented measurements: maximum load, and throughput at given request rates. */

import type { Result } from "../../core/index.ts";
import { ok } from "../../core/index.ts";
import type { Loaded, MeasuredRun } from "./measured-run.ts";
import { metricsOf, SkipCount } from "./measured-run.ts";
import type { RowRecord } from "./record.ts";
import { parseRecords } from "./record.ts";
import { checkpointFormat } from "./run-dtype.ts";
import { gpuName, modelName } from "./run-names.ts";

const MAX_NEEDED = ["gpu", "model", "quant", "tp", "isl", "osl", "num_requests", "n_gpu"];
const QPS_NEEDED = ["gpu", "model", "quant", "tp", "isl_mean", "osl_mean", "num_requests", "qps"];

/** trtllm-bench: most tokens and requests of a step when nothing is tuned (TensorRT-LLM 1.x). */
const BENCH_TOKENS = 8192;
const BENCH_BATCH = 2048;
/** kv_cache_free_gpu_mem_fraction of the documented runs. */
const BENCH_FRACTION = 0.95;
/**
 * cuda_graph_config of the documented runs: batches are padded to the next of these sizes. What lies
 * above the largest batch is replaced by it.
 */
const BENCH_GRAPHS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 384, 512, 1024, 2048, 4096, 8192];
/** moe_config.backend when nothing is said, up to TensorRT-LLM 1.1. */
const BENCH_EXPERTS = "cutlass";
/** Models that the documentation of 1.0 ran with attention data parallelism although it says TP. */
const EXPERT_MODELS = /^(llama-4|qwen3-30b|qwen3-235b|deepseek|gpt-oss)/;
/** Default fraction of TensorRT-LLM's server. */
const SERVER_FRACTION = 0.9;

type Split = { readonly tp: number; readonly dp: number; readonly ep: number; readonly pp: number };

type Facts = {
  readonly row: RowRecord;
  readonly id: string;
  readonly input: number;
  readonly output: number;
  readonly gpus: number;
  readonly split: Split;
};

/**
 * How a row's GPUs split a model. The documentation's DEPn is attention data parallelism and expert parallelism over n GPUs
 * (1.1 and later), TEPn tensor parallelism with expert parallelism, TPn of a model with experts in 1.0 data parallelism too.
 */
function splitOf(row: RowRecord, gpus: number, isExpert: boolean): Split {
  const [, kind = "", width = ""] = /^(DEP|TEP)(\d+)/i.exec(row.text("parallel")) ?? [];
  const isDp =
    kind.toUpperCase() === "DEP" ||
    row.text("attention_dp").toLowerCase() === "true" ||
    (isExpert && row.text("version").startsWith("1.0"));
  const pp = row.numberOr("pp", 1);
  const ranks = gpus / pp;
  const ep = row.numberOr("ep", kind === "" ? 1 : Number(width));
  return isDp ? { tp: 1, dp: ranks, ep, pp } : { tp: ranks, dp: 1, ep, pp };
}

/**
 * Format of the cache: that of the checkpoint, which quantised ones of NVIDIA have in fp8. Of Llama 4 that is taken of the fp4 one alone:
 * TensorRT-LLM's list of checkpoints under test (tests/integration/defs/accuracy/references/mmlu.yaml at 000a01d) has
 * Scout's fp8 one without and its fp4 one with a quantised cache. Maverick's is not in it, and Llama 3.3 70B's is in it without, though
 * its runs are as with an fp8 cache. So this is inferred from the runs (assumption): eight H100s, which have a third of the
 * H200s' memory left, gave a quarter of their tokens. With an fp8 cache Maverick's rows are 29 to 80 % too quick.
 */
function cacheOf(model: string, quant: string): "bf16" | "fp8" {
  if (quant === "bf16" || quant === "fp16") return "bf16";
  return isCacheInferred(model, quant) ? "bf16" : "fp8";
}

function isCacheInferred(model: string, quant: string): boolean {
  return quant === "fp8" && model.startsWith("llama-4");
}

/** What both tables have in common. */
function baseRun({ row, id, input, output, gpus, split }: Facts) {
  const model = modelName(row.text("model"));
  const quant = row.text("quant").toLowerCase();
  const format = checkpointFormat(model, quant);
  const kvDtype = cacheOf(model, quant);
  const { dp } = split;
  return {
    id,
    model,
    gpu: gpuName(row.text("gpu")),
    engine: "trtllm",
    version: row.text("version"),
    layout: {
      ...(format.dtype === undefined ? {} : { dtype: format.dtype }),
      kvDtype,
      ...split,
    },
    ...(format.quantizedParts === undefined ? {} : { quantizedParts: format.quantizedParts }),
    gpus,
    shape: `${input}/${output}`,
    knobs: {
      maxNumSeqs: BENCH_BATCH * dp,
      // A prompt must fit a step beside the decodes of a full batch.
      maxBatchedTokens: Math.max(BENCH_TOKENS, input + BENCH_BATCH) * dp,
      chunkedPrefill: false,
      prefixCaching: false,
      fraction: SERVER_FRACTION,
    },
  } as const;
}

function maxLoadRun(name: string, row: RowRecord): MeasuredRun {
  const gpus = row.number("n_gpu");
  const isExpert = EXPERT_MODELS.test(modelName(row.text("model")));
  const [input, output] = [row.number("isl"), row.number("osl")];
  const split = splitOf(row, gpus, isExpert);
  const facts = { row, id: `${name}:${row.line}`, input, output, gpus, split };
  const run = baseRun(facts);
  const measured = metricsOf({ outputThroughput: row.number("output_tokens_per_s_per_gpu") });
  const layout = isExpert ? { ...run.layout, moeKernel: BENCH_EXPERTS } : run.layout;
  return {
    ...run,
    layout,
    family: "trtllm-max",
    group: `TensorRT-LLM ${run.version} ${run.model} ${run.gpu} ${row.text("quant")}`,
    knobs: { ...run.knobs, fraction: BENCH_FRACTION, graphSizes: BENCH_GRAPHS, benchLimits: true },
    workload: {
      kind: "rate",
      requests: row.number("num_requests"),
      ratePerS: Infinity,
      lengths: { kind: "fixed", input, output },
    },
    windows: [{ name: "run", fromS: 0, toS: Infinity, measured }],
    flags: isCacheInferred(run.model, row.text("quant").toLowerCase())
      ? ["cache taken as bf16"]
      : [],
  };
}

/** Maximum load: all requests at once, equal lengths. */
export function loadTrtllmMax(name: string, text: string): Result<Loaded> {
  const rows = parseRecords(name, text, MAX_NEEDED);
  if (!rows.ok) return rows;
  const skips = new SkipCount();
  const runs = rows.value.flatMap((row) => {
    if (row.number("output_tokens_per_s_per_gpu") > 0 && row.number("num_requests") > 0) {
      return [maxLoadRun(name, row)];
    }
    skips.add("no throughput or no number of requests");
    return [];
  });
  return ok({ runs, skipped: skips.list() });
}

function onlineRun(name: string, row: RowRecord): MeasuredRun {
  const [input, output] = [row.number("isl_mean"), row.number("osl_mean")];
  const gpus = row.number("tp");
  const split = { tp: gpus, dp: 1, ep: 1, pp: 1 };
  const facts = { row, id: `${name}:${row.line}`, input, output, gpus, split };
  const run = baseRun(facts);
  const rate = row.text("qps");
  const measured = metricsOf({
    ttftMean: row.number("mean_ttft_ms"),
    itlMean: row.number("mean_itl_ms"),
    throughput: row.number("total_tokens_per_s") / facts.gpus,
    outputThroughput: row.number("output_tokens_per_s") / facts.gpus,
  });
  return {
    ...run,
    family: "trtllm-online",
    group: `TensorRT-LLM ${run.version} online ${run.model} ${run.gpu}`,
    workload: {
      kind: "rate",
      requests: row.number("num_requests"),
      ratePerS: rate === "inf" ? Infinity : Number(rate),
      lengths: { kind: "fixed", input, output },
    },
    windows: [{ name: "run", fromS: 0, toS: Infinity, measured }],
    flags: ["lengths are the means of an unnamed data set"],
  };
}

/** Open loop at a rate; of the lengths only the means are known. */
export function loadTrtllmOnline(name: string, text: string): Result<Loaded> {
  const rows = parseRecords(name, text, QPS_NEEDED);
  if (!rows.ok) return rows;
  return ok({ runs: rows.value.map((row) => onlineRun(name, row)), skipped: [] });
}
