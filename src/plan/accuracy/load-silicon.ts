/**
 * AIConfigurator's sample of measured services (`e2e_silicon_sample.csv`): mean TTFT and TPOT at a
 * concurrency. Rows exported from InferenceX have its drawn lengths; the others have equal ones and ten
 * requests for each place of the closed loop (ai-dynamo/aiconfigurator, eval/benchmarks/genai_perf_runner.py).
 */

import type { Result } from "../../core/index.ts";
import { ok } from "../../core/index.ts";
import type { KernelsLayout } from "../../hardware/index.ts";
import {
  INFERENCEX_RATIO,
  PROMPTS_PER_PLACE,
  generatedSetup,
  inferencexSetup,
  versionIn,
} from "./engine-setup.ts";
import { siliconSplitObstacle, siliconSplitRun } from "./load-silicon-split.ts";
import type { Lengths, Loaded, MeasuredRun } from "./measured-run.ts";
import { configurationName, metricsOf, SkipCount, unmeasured } from "./measured-run.ts";
import type { RowRecord } from "./record.ts";
import { parseRecords } from "./record.ts";
import { isExported, precisionOf, siliconEngine } from "./silicon-columns.ts";
import { SplitRecipes } from "./split-recipes.ts";
import { contradiction, slowerWithFewer } from "./suspect-records.ts";
import { checkpointFormat } from "./run-dtype.ts";
import { gpuName, modelName } from "./run-names.ts";

const NEEDED = ["model", "system", "backend", "mode", "isl", "osl", "concurrency", "tp", "tpot_ms"];
/** One worker of an aggregated run in the sample spans a node at most (assumption). */
const RANKS_MAX = 8;

type Ranks = { readonly tp: number; readonly dp: number; readonly ep: number };

/** Columns that share a scale of block fp8: experts cannot be split into narrower parts … */
const BLOCK = 128;
/**
 * … but over ranks, as InferenceX's script for MiniMax-M2.5 does on eight GPUs (SemiAnalysisAI/InferenceX#869) although its
 * exports say otherwise. Width of an expert by model.
 */
const BLOCK_EXPERTS: Readonly<Record<string, number>> = { "minimax-m2.5": 1536 };

/**
 * tp and adp split attention, mtp and mep the experts. Exports of InferenceX recorded tp × ep in
 * place
 * of tp when both exceed 1; a missing adp follows from the experts' ranks.
 */
function ranksOf(row: RowRecord, isExport: boolean): Ranks {
  const tp = row.number("tp");
  const mtp = Math.max(1, row.numberOr("mtp", 1));
  const ep = Math.max(1, row.numberOr("mep", 1));
  const adp = row.numberOr("adp", 0);
  const batch = row.numberOr("bs", NaN);
  const width = BLOCK_EXPERTS[modelName(row.text("model"))] ?? 0;
  if (isExport && (width / tp) % BLOCK !== 0) return { tp, dp: 1, ep: tp };
  // NVIDIA's own rows leave adp blank; a batch of 1/tp of the clients is that of an attention rank.
  if (!isExport && row.text("adp") === "" && tp > 1 && batch * tp === row.number("concurrency")) {
    return { tp: 1, dp: tp, ep };
  }
  if (isExport && mtp > 1 && ep > 1) return { tp: adp > 1 ? 1 : mtp, dp: adp > 1 ? mtp : 1, ep };
  const dp = adp > 0 ? adp : Math.max(1, Math.floor((mtp * ep) / tp));
  return { tp, dp, ep };
}

/**
 * From January 2026 InferenceX ran DeepSeek-R1 on B200 with and without multi-token prediction on
 * the
 * same days; its exports in the sample lost the column that tells them apart.
 */
function maySpeculate(row: RowRecord): boolean {
  const isR1 =
    modelName(row.text("model")) === "deepseek-r1" && gpuName(row.text("system")) === "b200";
  return isR1 && isExported(row.text("source")) && row.text("measured") >= "2026";
}

function obstacle(row: RowRecord): string | undefined {
  if (siliconEngine(row) === undefined) return "engine not known";
  if (!(row.number("concurrency") > 0)) return "no concurrency";
  if (maySpeculate(row))
    return "InferenceX ran it with and without MTP, the sample does not say which";
  const { tp, dp } = ranksOf(row, isExported(row.text("source")));
  if (!(tp * dp <= RANKS_MAX)) return "layout not credible: one worker of more than 8 ranks";
  return undefined;
}

function layoutOf(ranks: Ranks, kvDtype: KernelsLayout["kvDtype"] & string): KernelsLayout {
  return { kvDtype, tp: ranks.tp, dp: ranks.dp, ep: ranks.ep };
}

function runOf(name: string, row: RowRecord, conc = row.number("concurrency")): MeasuredRun {
  const isExport = isExported(row.text("source"));
  const engine = siliconEngine(row) ?? "vllm";
  const ranks = ranksOf(row, isExport);
  const model = modelName(row.text("model"));
  const gpu = gpuName(row.text("system"));
  const [isl, osl] = [row.number("isl"), row.number("osl")];
  const precision = precisionOf(row);
  const query = {
    engine,
    gpu,
    model,
    input: isl,
    output: osl,
    concurrency: conc,
    tp: ranks.tp,
    dp: ranks.dp,
    precision: precision === "nvfp4" ? "fp4" : precision,
    month: row.text("measured").slice(0, 7),
  };
  const version = row.text("backend_version") || versionIn(engine, query.month);
  const setup = isExport ? inferencexSetup(query) : generatedSetup(query, version);
  const format = checkpointFormat(model, precision);
  const lengths: Lengths = isExport
    ? { kind: "drawn", input: isl, output: osl, ratio: INFERENCEX_RATIO, seed: 0 }
    : { kind: "fixed", input: isl, output: osl };
  const [ttftMs, tpotMs] = [row.number("ttft_ms"), row.number("tpot_ms")];
  const suspect = contradiction({
    model,
    source: row.text("source"),
    concurrency: row.number("concurrency"),
    batch: row.numberOr("bs", NaN),
    dp: ranks.dp,
    maxNumSeqs: setup.knobs.maxNumSeqs,
    output: osl,
    ttftMs,
    tpotMs,
  });
  const measured = metricsOf({ ttftMean: ttftMs, tpotMean: tpotMs });
  return {
    id: `${name}:${row.line}`,
    family: "silicon",
    group: `${modelName(row.text("model"))} ${gpu} ${engine} ${precision || "own format"}`,
    model,
    gpu,
    engine,
    version,
    layout: {
      ...layoutOf(ranks, setup.kvDtype),
      ...(setup.moeKernel === undefined ? {} : { moeKernel: setup.moeKernel }),
      ...(format.dtype === undefined ? {} : { dtype: format.dtype }),
    },
    ...(format.quantizedParts === undefined ? {} : { quantizedParts: format.quantizedParts }),
    ...(setup.unfusedAllReduce === true ? { unfusedAllReduce: true } : {}),
    ...(setup.asyncScheduling === true ? { asyncScheduling: true } : {}),
    gpus: ranks.tp * ranks.dp,
    shape: `${isl}/${osl}`,
    knobs: setup.knobs,
    workload: {
      kind: "closed",
      requests: conc * (setup.promptsPerPlace ?? PROMPTS_PER_PLACE),
      concurrency: conc,
      lengths,
    },
    windows: [{ name: "run", fromS: 0, toS: Infinity, measured }],
    atConcurrency: (concurrency) => unmeasured(runOf(name, row, concurrency)),
    flags: isExport ? [] : ["settings of the generator, lengths taken as equal"],
    ...(suspect === undefined ? {} : { suspect }),
  };
}

/** Marks runs that were slower than the same configuration with more clients. */
function withDisturbed(runs: readonly MeasuredRun[]): MeasuredRun[] {
  const configurations = new Map<string, MeasuredRun[]>();
  for (const run of runs) {
    if (run.suspect !== undefined) continue;
    const key = JSON.stringify([run.model, run.shape, configurationName(run)]);
    const own = configurations.get(key);
    if (own === undefined) configurations.set(key, [run]);
    else own.push(run);
  }
  const disturbed = new Set<MeasuredRun>();
  for (const own of configurations.values()) {
    const points = own.map(({ workload, windows }) => ({
      clients: workload.kind === "closed" ? workload.concurrency : NaN,
      tpotMs: windows[0]?.measured.tpotMean ?? NaN,
    }));
    const marks = slowerWithFewer(points);
    own.forEach((run, i) => marks[i] === true && disturbed.add(run));
  }
  const suspect = "slower than the same configuration with more clients";
  return runs.map((run) => (disturbed.has(run) ? { ...run, suspect } : run));
}

/**
 * Reads the table; disaggregated rows get the limits of InferenceX's recipes. Problems: a missing column,
 * a damaged row.
 */
export function loadSilicon(
  name: string,
  text: string,
  recipes = new SplitRecipes(),
): Result<Loaded> {
  const rows = parseRecords(name, text, NEEDED);
  if (!rows.ok) return rows;
  const skips = new SkipCount();
  const runs = rows.value.flatMap((row) => {
    const isSplit = row.text("mode") !== "agg";
    const why = isSplit ? siliconSplitObstacle(row) : obstacle(row);
    if (why === undefined)
      return [isSplit ? siliconSplitRun(name, row, recipes) : runOf(name, row)];
    skips.add(why);
    return [];
  });
  return ok({ runs: withDisturbed(runs), skipped: skips.list() });
}
