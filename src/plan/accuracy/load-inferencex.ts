/**
 * InferenceX rows (`inferencex.csv`): closed loop, request lengths drawn with seed 0, as the data's
 * notes on method say. Rows without speculative decoding are runs, disaggregated ones when their layout is
 * recorded; the rest is counted.
 */

import type { Result } from "../../core/index.ts";
import { ok } from "../../core/index.ts";
import type { MemoryEngine } from "../../hardware/index.ts";
import { INFERENCEX_RATIO, PROMPTS_PER_PLACE, inferencexSetup, versionIn } from "./engine-setup.ts";
import { disaggObstacle, disaggRun } from "./load-disagg.ts";
import type { Loaded, MeasuredRun } from "./measured-run.ts";
import { metricsOf, SkipCount, unmeasured } from "./measured-run.ts";
import type { RowRecord } from "./record.ts";
import { parseRecords } from "./record.ts";
import { stalledAmong } from "./suspect-records.ts";
import { checkpointFormat } from "./run-dtype.ts";
import { gpuName, modelName } from "./run-names.ts";
import { SplitRecipes } from "./split-recipes.ts";

const NEEDED = ["hardware", "framework", "model", "precision", "isl", "osl", "conc", "n_gpu_total"];
const MS_PER_S = 1000;

const ENGINES: ReadonlyMap<string, MemoryEngine> = new Map([
  ["vllm", "vllm"],
  ["sglang", "sglang"],
  ["trt", "trtllm"],
]);

/** Why a row is no run that can be simulated; undefined when it is one. */
function obstacle(row: RowRecord): string | undefined {
  if (row.text("spec") !== "none" && row.text("spec") !== "") {
    return "speculative decoding, acceptance not published";
  }
  if (!ENGINES.has(row.text("framework"))) return `engine ${row.text("framework")}`;
  const { conc, isl, osl } = counts(row);
  return conc > 0 && isl > 0 && osl > 0 ? undefined : "no lengths or concurrency";
}

function counts(row: RowRecord): { conc: number; isl: number; osl: number } {
  return { conc: row.number("conc"), isl: row.number("isl"), osl: row.number("osl") };
}

/** Image → version: "lmsysorg/sglang:v0.5.9-cu130" → "0.5.9". */
function versionOf(image: string): string {
  return /:v?(\d[\w.]*)/.exec(image)?.[1] ?? "";
}

function measuredOf(row: RowRecord, stalled: boolean) {
  const ms = (column: string): number => row.number(column) * MS_PER_S;
  const medians = { ttftP50: ms("median_ttft_s"), tpotP50: ms("median_tpot_s") };
  if (stalled) return metricsOf(medians);
  return metricsOf({
    ...medians,
    ttftMean: ms("mean_ttft_s"),
    ttftP90: ms("p90_ttft_s"),
    ttftP99: ms("p99_ttft_s"),
    tpotMean: ms("mean_tpot_s"),
    tpotP90: ms("p90_tpot_s"),
    tpotP99: ms("p99_tpot_s"),
    e2eMean: ms("mean_e2el_s"),
    e2eP50: ms("median_e2el_s"),
    e2eP99: ms("p99_e2el_s"),
    throughput: row.number("tput_per_gpu"),
    outputThroughput: row.number("output_tput_per_gpu"),
  });
}

function runOf(name: string, row: RowRecord, conc: number): MeasuredRun {
  const engine = ENGINES.get(row.text("framework")) ?? "vllm";
  const { isl, osl } = counts(row);
  const model = modelName(row.text("model"));
  const gpu = gpuName(row.text("hardware"));
  const ranks = row.numberOr("prefill_tp", row.number("n_gpu_total"));
  const isDp = row.text("prefill_dp_attn") === "true";
  const dp = isDp ? ranks : 1;
  const precision = row.text("precision");
  const query = { engine, gpu, precision, model, input: isl, output: osl };
  const month = row.text("date").slice(0, 7);
  const setup = inferencexSetup({ ...query, concurrency: conc, tp: ranks / dp, dp, month });
  const format = checkpointFormat(model, precision);
  const ep = row.numberOr("prefill_ep", 1);
  const stalled = row.text("flags").includes("cold_start_stall");
  const measured = measuredOf(row, stalled);
  return {
    id: `${name}:${row.line}`,
    family: "inferencex",
    group: `InferenceX ${row.text("model")} ${row.text("hardware")} ${engine} ${precision}`,
    model,
    gpu,
    engine,
    version: versionOf(row.text("image")) || versionIn(engine, month),
    layout: {
      ...(format.dtype === undefined ? {} : { dtype: format.dtype }),
      kvDtype: setup.kvDtype,
      ...(setup.moeKernel === undefined ? {} : { moeKernel: setup.moeKernel }),
      tp: isDp ? 1 : ranks,
      dp,
      ep: Math.max(1, ep),
    },
    ...(format.quantizedParts === undefined ? {} : { quantizedParts: format.quantizedParts }),
    gpus: row.number("n_gpu_total"),
    shape: `${isl}/${osl}`,
    knobs: setup.knobs,
    workload: {
      kind: "closed",
      requests: conc * row.numberOr("prompts_per_conc", PROMPTS_PER_PLACE),
      concurrency: conc,
      lengths: { kind: "drawn", input: isl, output: osl, ratio: INFERENCEX_RATIO, seed: 0 },
    },
    windows: [{ name: "run", fromS: 0, toS: Infinity, measured }],
    atConcurrency: (concurrency) => unmeasured(runOf(name, row, concurrency)),
    flags: stalled ? ["cold start stall"] : [],
  };
}

/** Marks runs that took many times what the same configuration takes on other days. */
function withStalls(runs: readonly MeasuredRun[]): MeasuredRun[] {
  const repeats = new Map<string, MeasuredRun[]>();
  for (const run of runs) {
    const { engine, gpu, model, layout, workload } = run;
    const key = JSON.stringify([engine, gpu, model, layout, workload]);
    const own = repeats.get(key);
    if (own === undefined) repeats.set(key, [run]);
    else own.push(run);
  }
  const stalled = new Set<MeasuredRun>();
  for (const own of repeats.values()) {
    const marks = stalledAmong(own.map((run) => run.windows[0]?.measured.ttftP50 ?? NaN));
    own.forEach((run, i) => marks[i] === true && stalled.add(run));
  }
  const suspect = "several times slower than the same configuration on other days";
  return runs.map((run) => (stalled.has(run) ? { ...run, suspect } : run));
}

/**
 * Reads the table; disaggregated rows get the limits of their recipes. Problems: a missing column, a
 * damaged row.
 */
export function loadInferencex(
  name: string,
  text: string,
  recipes = new SplitRecipes(),
): Result<Loaded> {
  const rows = parseRecords(name, text, NEEDED);
  if (!rows.ok) return rows;
  const skips = new SkipCount();
  const runs = rows.value.flatMap((row) => {
    const isSplit = row.text("disagg") === "true";
    const why = isSplit ? disaggObstacle(row) : obstacle(row);
    const { conc } = counts(row);
    if (why === undefined) {
      return [isSplit ? disaggRun(name, row, recipes, conc) : runOf(name, row, conc)];
    }
    skips.add(why);
    return [];
  });
  return ok({ runs: withStalls(runs), skipped: skips.list() });
}
