/**
 * Disaggregated rows of InferenceX (`inferencex.csv`): prefill and decode workers of recorded layouts
 * behind NVIDIA Dynamo. Lengths and closed loop are those of the aggregated rows.
 */

import { INFERENCEX_RATIO, PROMPTS_PER_PLACE, versionIn } from "./engine-setup.ts";
import type { MeasuredRun, WorkerGroup } from "./measured-run.ts";
import { metricsOf, unmeasured } from "./measured-run.ts";
import type { RowRecord } from "./record.ts";
import { checkpointFormat } from "./run-dtype.ts";
import { gpuName, modelName } from "./run-names.ts";
import { splitGroup } from "./split-groups.ts";
import { SPLIT_ENGINES } from "./split-recipes.ts";
import type { RecordedWorkers, SplitRecipes, SplitRole } from "./split-recipes.ts";

const MS_PER_S = 1000;

function workersOf(row: RowRecord, role: SplitRole): RecordedWorkers {
  const ranks = row.number(`${role}_tp`);
  return {
    workers: row.number(`${role}_workers`),
    ranks,
    dp: row.text(`${role}_dp_attn`) === "true" ? ranks : 1,
    ep: Math.max(1, row.numberOr(`${role}_ep`, 1)),
  };
}

/** Why a disaggregated row cannot be laid down again; undefined when it can. */
export function disaggObstacle(row: RowRecord): string | undefined {
  if (row.text("spec") !== "none" && row.text("spec") !== "") {
    return "disaggregated, speculative decoding, acceptance not published";
  }
  if (!SPLIT_ENGINES.has(row.text("framework"))) return `engine ${row.text("framework")}`;
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

/** The run of a row that `disaggObstacle` has nothing against, with so many clients. */
export function disaggRun(
  name: string,
  row: RowRecord,
  recipes: SplitRecipes,
  conc: number,
): MeasuredRun {
  const engine = SPLIT_ENGINES.get(row.text("framework")) ?? "trtllm";
  const [isl, osl] = [row.number("isl"), row.number("osl")];
  const model = modelName(row.text("model"));
  const gpu = gpuName(row.text("hardware"));
  const precision = row.text("precision");
  const month = row.text("date").slice(0, 7);
  const query = { engine, gpu, precision, model, input: isl, output: osl, month };
  const format = checkpointFormat(model, precision);
  const [prefill, decode] = [workersOf(row, "prefill"), workersOf(row, "decode")];
  const load = { ...query, concurrency: conc };
  const group = (role: SplitRole, recorded: RecordedWorkers): WorkerGroup => {
    const limits = recipes.limitsOf({ ...load, prefill, decode }, role);
    return splitGroup(role, recorded, load, format.dtype, limits);
  };
  const groups = [group("prefill", prefill), group("decode", decode)] as const;
  const { layout, knobs } = groups[1];
  return {
    id: `${name}:${row.line}`,
    family: "inferencex-disagg",
    group: `InferenceX ${row.text("model")} ${row.text("hardware")} ${engine} ${precision} split`,
    model,
    gpu,
    engine,
    // Dynamo's own image names Dynamo's version, not the engine's.
    version: /sglang:v?(\d[\w.]*)/.exec(row.text("image"))?.[1] ?? versionIn(engine, month),
    layout,
    ...(format.quantizedParts === undefined ? {} : { quantizedParts: format.quantizedParts }),
    gpus: row.number("n_gpu_total"),
    shape: `${isl}/${osl}`,
    knobs,
    groups,
    workload: {
      kind: "closed",
      requests: conc * row.numberOr("prompts_per_conc", PROMPTS_PER_PLACE),
      concurrency: conc,
      lengths: { kind: "drawn", input: isl, output: osl, ratio: INFERENCEX_RATIO, seed: 0 },
    },
    windows: [{ name: "run", fromS: 0, toS: Infinity, measured: measuredOf(row) }],
    atConcurrency: (concurrency) => unmeasured(disaggRun(name, row, recipes, concurrency)),
    flags: [],
  };
}
