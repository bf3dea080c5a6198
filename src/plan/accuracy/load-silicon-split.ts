/**
 * Disaggregated rows of AIConfigurator's sample (`e2e_silicon_sample.csv`) whose workers are recorded. They were looked at by
 * nobody before the simulator was compared with them: a further check, in a family of its own that no target is judged by.
 */

import { INFERENCEX_RATIO, PROMPTS_PER_PLACE, versionIn } from "./engine-setup.ts";
import type { Lengths, MeasuredRun, WorkerGroup } from "./measured-run.ts";
import { metricsOf, unmeasured } from "./measured-run.ts";
import type { RowRecord } from "./record.ts";
import { checkpointFormat } from "./run-dtype.ts";
import { gpuName, modelName } from "./run-names.ts";
import { isExported, precisionOf, siliconEngine } from "./silicon-columns.ts";
import { splitGroup } from "./split-groups.ts";
import type { RecordedWorkers, SplitRecipes, SplitRole } from "./split-recipes.ts";

const PREFIXES = { prefill: "p", decode: "d" } as const;

/**
 * The dump of InferenceX's database names DeepSeek-R1 by the architecture it shares with V3: its rows
 * are those of `inferencex.csv` where these overlap.
 */
function modelOf(row: RowRecord): string {
  const name = modelName(row.text("model"));
  return name === "deepseek-v3" && isExported(row.text("source")) ? "deepseek-r1" : name;
}

/** tp and adp split attention, mep the experts. */
function workersOf(row: RowRecord, role: SplitRole): RecordedWorkers {
  const prefix = PREFIXES[role];
  const cell = (name: string): number => Math.max(1, row.numberOr(`${prefix}_${name}`, 1));
  return {
    workers: row.number(`${prefix}_workers`),
    ranks: cell("tp") * cell("adp"),
    dp: cell("adp"),
    ep: cell("mep"),
  };
}

/**
 * InferenceX's runs of Dynamo with SGLang in 2025 recorded no layout (data's notes on method, §1): what the
 * dump says of them was filled in.
 */
function isGuessed(row: RowRecord): boolean {
  const isDump = isExported(row.text("source")) && row.text("measured") < "2026";
  return isDump && siliconEngine(row) === "sglang";
}

/** Why a disaggregated row cannot be laid down again; undefined when it can. */
export function siliconSplitObstacle(row: RowRecord): string | undefined {
  if (siliconEngine(row) === undefined) return "engine not known";
  if (!(row.number("p_workers") > 0 && row.number("d_workers") > 0)) {
    return "disaggregated, number of workers not recorded";
  }
  if (isGuessed(row)) return "disaggregated, layout not recorded";
  return row.number("concurrency") > 0 ? undefined : "no concurrency";
}

/** The run of a row that `siliconSplitObstacle` has nothing against, with so many clients. */
export function siliconSplitRun(
  name: string,
  row: RowRecord,
  recipes: SplitRecipes,
  conc = row.number("concurrency"),
): MeasuredRun {
  const engine = siliconEngine(row) ?? "trtllm";
  const model = modelOf(row);
  const gpu = gpuName(row.text("system"));
  const [isl, osl] = [row.number("isl"), row.number("osl")];
  const format = checkpointFormat(model, precisionOf(row));
  const month = row.text("measured").slice(0, 7);
  const query = { engine, gpu, model, input: isl, output: osl, concurrency: conc, month };
  const load = { ...query, precision: row.text("precision") };
  const [prefill, decode] = [workersOf(row, "prefill"), workersOf(row, "decode")];
  const group = (role: SplitRole, recorded: RecordedWorkers): WorkerGroup => {
    const limits = recipes.limitsOf({ ...load, prefill, decode }, role);
    return splitGroup(role, recorded, load, format.dtype, limits);
  };
  const groups = [group("prefill", prefill), group("decode", decode)] as const;
  const { layout, knobs } = groups[1];
  const lengths: Lengths = isExported(row.text("source"))
    ? { kind: "drawn", input: isl, output: osl, ratio: INFERENCEX_RATIO, seed: 0 }
    : { kind: "fixed", input: isl, output: osl };
  return {
    id: `${name}:${row.line}`,
    family: "silicon-split",
    group: `${model} ${gpu} ${engine} ${row.text("precision")} split`,
    model,
    gpu,
    engine,
    // The column names Dynamo's version where it serves TensorRT-LLM.
    version: engine === "trtllm" ? versionIn(engine, month) : row.text("backend_version"),
    layout,
    ...(format.quantizedParts === undefined ? {} : { quantizedParts: format.quantizedParts }),
    gpus: prefill.workers * prefill.ranks + decode.workers * decode.ranks,
    shape: `${isl}/${osl}`,
    knobs,
    groups,
    workload: {
      kind: "closed",
      requests: conc * PROMPTS_PER_PLACE,
      concurrency: conc,
      lengths,
    },
    windows: [
      {
        name: "run",
        fromS: 0,
        toS: Infinity,
        measured: metricsOf({ ttftMean: row.number("ttft_ms"), tpotMean: row.number("tpot_ms") }),
      },
    ],
    atConcurrency: (concurrency) => unmeasured(siliconSplitRun(name, row, recipes, concurrency)),
    flags: [],
  };
}
