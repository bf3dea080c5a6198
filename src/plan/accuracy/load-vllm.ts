/**
 * Open-loop runs of real vLLM 0.15.1 under inference-perf: per-stage summaries (`vllm_e2e`) and
 * requests one by one (`vllm_requests`). Prompts are few and repeat, prefix caching is on.
 *
 * The published time between tokens of some models divides by output lengths that the client
 * counted
 * by tokenising the text again (Llama 2: 140 … 250 for runs of 247 tokens with end-of-sequence
 * ignored).
 * Here it is (e2e − TTFT) / (output − 1) with the output length that was asked for.
 */

import type { Result } from "../../core/index.ts";
import { fail, ok } from "../../core/index.ts";
import type { WeightDtype } from "../../hardware/index.ts";
import type { Loaded, MeasuredRun, ReplayRows, Stage, Window } from "./measured-run.ts";
import { metricsOf, SkipCount } from "./measured-run.ts";
import type { RowRecord } from "./record.ts";
import { parseRecords } from "./record.ts";
import { statisticsOf } from "./run-statistics.ts";
import { gpuName, modelName } from "./run-names.ts";

const VERSION = "0.15.1";
const US_PER_S = 1e6;

/** "8@600;20@600" → stages. */
export function parseStages(text: string): Stage[] {
  return text.split(";").flatMap((part) => {
    const [rate, seconds] = part.split("@").map(Number);
    return rate !== undefined && seconds !== undefined && rate > 0 && seconds > 0
      ? [{ ratePerS: rate, seconds }]
      : [];
  });
}

/** When each stage begins and ends, and the whole run. */
function spansOf(stages: readonly Stage[]): { fromS: number; toS: number }[] {
  let atS = 0;
  return stages.map(({ seconds }) => {
    const span = { fromS: atS, toS: atS + seconds };
    atS += seconds;
    return span;
  });
}

function commonOf(row: RowRecord, gpu: string) {
  const tp = row.number("tp");
  const precision = row.text("precision").toUpperCase();
  const model = modelName(row.text("model"));
  const plain: { dtype: WeightDtype } | object =
    precision === "FP8" && !model.endsWith("fp8") ? { dtype: "fp8" } : {};
  const fraction = row.number("gpu_mem_util");
  return {
    model,
    gpu: gpuName(gpu),
    engine: "vllm",
    version: VERSION,
    layout: { tp, dp: row.numberOr("dp", 1), kvDtype: "bf16", ...plain },
    gpus: tp * row.numberOr("dp", 1),
    knobs: {
      ...(Number.isNaN(fraction) ? {} : { fraction }),
      maxNumSeqs: row.number("max_num_seqs"),
      maxBatchedTokens: row.number("max_num_batched_tokens"),
      chunkedPrefill: true,
      prefixCaching: true,
      maxModelLen: row.numberOr("max_model_len", 4096),
    },
  } as const;
}

function sharedOf(row: RowRecord) {
  return {
    groups: row.number("num_unique_system_prompts"),
    users: row.number("num_users_per_system_prompt"),
    systemTokens: row.number("system_prompt_len"),
  };
}

function windowOf(actual: RowRecord, stages: readonly Stage[], output: number): Window {
  const stage = actual.number("stage");
  const span = spansOf(stages)[stage] ?? { fromS: 0, toS: Infinity };
  const e2e = actual.number("e2e_mean");
  const ttft = actual.number("ttft_mean");
  const measured = metricsOf({
    ttftMean: ttft,
    ttftP90: actual.number("ttft_p90"),
    ttftP99: actual.number("ttft_p99"),
    itlMean: (e2e - ttft) / (output - 1),
    e2eMean: e2e,
    e2eP90: actual.number("e2e_p90"),
    e2eP99: actual.number("e2e_p99"),
  });
  return { name: stage < 0 ? "run" : `stage ${stage}`, ...span, measured };
}

/** `experiments.csv` and `actuals.csv` of `vllm_e2e`. */
export function loadVllmE2e(experiments: string, actuals: string): Result<Loaded> {
  const rows = parseRecords("vllm_e2e/experiments.csv", experiments, ["exp", "model", "stages"]);
  if (!rows.ok) return rows;
  const found = parseRecords("vllm_e2e/actuals.csv", actuals, ["exp", "stage", "e2e_mean"]);
  if (!found.ok) return found;
  const skips = new SkipCount();
  const runs = rows.value.flatMap((row): MeasuredRun[] => {
    const exp = row.text("exp");
    const stages = parseStages(row.text("stages"));
    const output = row.number("output_len");
    const windows = found.value
      .filter((actual) => actual.text("exp") === exp)
      .map((actual) => windowOf(actual, stages, output));
    const input = row.number("system_prompt_len") + row.number("question_len");
    if (stages.length === 0 || windows.length === 0 || !(input > 0)) {
      skips.add("no stages, no lengths or nothing measured");
      return [];
    }
    const common = commonOf(row, row.text("hardware"));
    return [
      {
        ...common,
        id: exp,
        family: "vllm-e2e",
        group: `vLLM open loop ${common.gpu}`,
        shape: row.text("workload"),
        workload: {
          kind: "stages",
          stages,
          lengths: { kind: "fixed", input, output },
          shared: sharedOf(row),
        },
        windows,
        flags: row.text("cpu_offload") === "" ? [] : ["with CPU offload, which is not simulated"],
      },
    ];
  });
  return ok({ runs, skipped: skips.list() });
}

/** The rows of one run: recorded arrivals and prompts, the output length that was asked for. */
function replayOf(rows: readonly RowRecord[], output: number): ReplayRows {
  return {
    arrivalUs: Float64Array.from(rows, (row) => Math.round(row.number("arrival_us"))),
    inputTokens: Uint32Array.from(rows, (row) => row.number("input_tokens")),
    outputTokens: new Uint32Array(rows.length).fill(output),
  };
}

function replayWindows(
  rows: readonly RowRecord[],
  stages: readonly Stage[],
  output: number,
): Window[] {
  const spans = [{ name: "run", fromS: 0, toS: Infinity }];
  if (stages.length > 1) {
    spansOf(stages).forEach((span, i) => spans.push({ name: `stage ${i}`, ...span }));
  }
  return spans.map(({ name, fromS, toS }) => {
    const own = rows.filter((row) => {
      const atS = row.number("arrival_us") / US_PER_S;
      return row.text("err") === "0" && atS >= fromS && atS < toS;
    });
    const ttftMs = Float64Array.from(own, (row) => row.number("ttft_ms"));
    const e2eMs = Float64Array.from(own, (row) => row.number("e2e_ms"));
    const tpotMs = e2eMs.map((e2e, i) => (e2e - ttftMs[i]!) / (output - 1));
    const { tpotMean, ...latency } = statisticsOf({ ttftMs, tpotMs, e2eMs });
    return { name, fromS, toS, measured: metricsOf({ ...latency, itlMean: tpotMean ?? NaN }) };
  });
}

/** `experiments.csv` of `vllm_requests` and, by experiment, the text of its requests. */
export function loadVllmRequests(
  experiments: string,
  requestsOf: (exp: string) => string | undefined,
): Result<Loaded> {
  const name = "vllm_requests/experiments.csv";
  const rows = parseRecords(name, experiments, ["exp", "model", "stages", "n_err"]);
  if (!rows.ok) return rows;
  const skips = new SkipCount();
  const runs: MeasuredRun[] = [];
  for (const row of rows.value) {
    const exp = row.text("exp");
    const text = requestsOf(exp);
    if (text === undefined) {
      skips.add("no file of requests");
      continue;
    }
    if (row.number("n_err") > 0) {
      skips.add("overload with client timeouts: cancellation is not simulated");
      continue;
    }
    const requests = parseRecords(`vllm_requests/${exp}.csv`, text, ["arrival_us", "ttft_ms"]);
    if (!requests.ok) return requests;
    if (requests.value.length === 0) return fail({ what: "the run has no requests", where: exp });
    const output = row.number("output_len");
    const common = commonOf(row, "h100");
    runs.push({
      ...common,
      id: `requests of ${exp}`,
      family: "vllm-requests",
      group: `vLLM open loop, by request, ${common.gpu}`,
      shape: row.text("profile"),
      workload: {
        kind: "replay",
        rows: replayOf(requests.value, output),
        shared: sharedOf(row),
      },
      windows: replayWindows(requests.value, parseStages(row.text("stages")), output),
      flags: [],
    });
  }
  return ok({ runs, skipped: skips.list() });
}
