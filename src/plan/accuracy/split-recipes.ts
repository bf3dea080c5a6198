/**
 * Recipes of InferenceX's disaggregated runs (`recipes.csv`): the limits that its launch scripts gave prefill and decode
 * workers. A decode worker that may run one request keeps the others waiting, whatever its GPU could do.
 *
 * A row of results belongs to a recipe when hardware, engine, precision, lengths, layout and load are the same. The load of
 * some recipes is told for one decode worker (NVIDIA/srt-slurm, recipes/trtllm/h200: c16_ctx1_gen3 asks for 48 clients).
 * Looked up after first tokens of H100's two-node runs were seen to come a whole decode late; nothing was fitted.
 */

import type { Result } from "../../core/index.ts";
import { ok } from "../../core/index.ts";
import type { MemoryEngine } from "../../hardware/index.ts";
import type { RowRecord } from "./record.ts";
import { parseRecords } from "./record.ts";
import { gpuName, modelName } from "./run-names.ts";

export type SplitRole = "prefill" | "decode";

/** Limits of one kind of worker, in the engine's own meaning: TensorRT-LLM's hold for a rank, SGLang's for the worker. */
export type RecipeLimits = {
  readonly maxBatch?: number;
  /** TensorRT-LLM: max_num_tokens; SGLang: chunked_prefill_size. */
  readonly maxTokens?: number;
  /** Share of memory, in the engine's own meaning. */
  readonly fraction?: number;
};

const NEEDED = ["hardware", "framework", "precision", "isl", "osl", "conc", "decode_workers"];

/** Workers of one kind, as a row of results records them. */
export type RecordedWorkers = {
  readonly workers: number;
  /** GPUs of a worker. */
  readonly ranks: number;
  /** Attention data parallel ranks. */
  readonly dp: number;
  readonly ep: number;
};

/** What a recipe is found by. */
export type SplitDeployment = {
  /** Card ids. */
  readonly gpu: string;
  readonly model: string;
  readonly engine: MemoryEngine;
  readonly precision: string;
  readonly input: number;
  readonly output: number;
  readonly concurrency: number;
  readonly prefill: RecordedWorkers;
  readonly decode: RecordedWorkers;
};

/** Engines of disaggregated rows, by the names of their frameworks. */
export const SPLIT_ENGINES: ReadonlyMap<string, MemoryEngine> = new Map([
  ["dynamo-sglang", "sglang"],
  ["dynamo-trt", "trtllm"],
]);

function isPlain(row: RowRecord): boolean {
  return row.text("spec") === "none" || row.text("spec") === "";
}

function holds(recipe: RowRecord, role: SplitRole, { workers, ranks, dp }: RecordedWorkers) {
  const isDp = recipe.text(`${role}_dp_attn`).toLowerCase() === "true";
  return (
    recipe.number(`${role}_workers`) === workers &&
    recipe.number(`${role}_tp`) === ranks &&
    isDp === dp > 1
  );
}

function isOf(recipe: RowRecord, at: SplitDeployment): boolean {
  return (
    gpuName(recipe.text("hardware").replace("-multinode", "")) === at.gpu.replace("-sxm", "") &&
    modelName(recipe.text("model")) === at.model &&
    SPLIT_ENGINES.get(recipe.text("framework")) === at.engine &&
    recipe.text("precision") === at.precision &&
    recipe.number("isl") === at.input &&
    recipe.number("osl") === at.output &&
    holds(recipe, "prefill", at.prefill) &&
    holds(recipe, "decode", at.decode)
  );
}

/** Whether a recipe asks for that many clients, of the deployment or of each decode worker. */
function asksFor(recipe: RowRecord, clients: number): boolean {
  const workers = recipe.number("decode_workers");
  const asked = recipe.text("conc").split(" ").map(Number);
  return asked.some((each) => each === clients || each * workers === clients);
}

/** The recipes that are recorded. */
export class SplitRecipes {
  private readonly recipes: readonly RowRecord[];

  constructor(recipes: readonly RowRecord[] = []) {
    this.recipes = recipes;
  }

  /** Limits of the recipe that made a deployment; undefined: none is recorded. */
  limitsOf(at: SplitDeployment, role: SplitRole): RecipeLimits | undefined {
    const own = this.recipes.find((recipe) => isOf(recipe, at) && asksFor(recipe, at.concurrency));
    if (own === undefined) return undefined;
    const maxBatch = own.number(`r_${role}_max_batch`);
    const maxTokens = own.number(`r_${role}_max_tokens`);
    const fraction = own.number(`r_${role}_mem_frac`);
    return {
      ...(maxBatch > 0 ? { maxBatch } : {}),
      ...(maxTokens > 0 ? { maxTokens } : {}),
      ...(fraction > 0 ? { fraction } : {}),
    };
  }
}

/** Reads the table. Problems: a missing column, a damaged row. */
export function loadSplitRecipes(name: string, text: string): Result<SplitRecipes> {
  const rows = parseRecords(name, text, NEEDED);
  return rows.ok ? ok(new SplitRecipes(rows.value.filter(isPlain))) : rows;
}
