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
import type { RowRecord } from "./record.ts";
import { parseRecords } from "./record.ts";

export type SplitRole = "prefill" | "decode";

/** Limits of one kind of worker, in the engine's own meaning: TensorRT-LLM's hold for a rank, SGLang's for the worker. */
export type RecipeLimits = {
  readonly maxBatch?: number;
  /** TensorRT-LLM: max_num_tokens; SGLang: chunked_prefill_size. */
  readonly maxTokens?: number;
};

const NEEDED = ["hardware", "framework", "precision", "isl", "osl", "conc", "decode_workers"];

/** Columns by which a row of results and its recipe agree, as text. */
const SHARED = ["framework", "precision", "isl", "osl"];
/** … and as numbers. */
const LAYOUT = ["prefill_workers", "prefill_tp", "decode_workers", "decode_tp"];

function isPlain(row: RowRecord): boolean {
  return row.text("spec") === "none" || row.text("spec") === "";
}

function isTrue(row: RowRecord, column: string): boolean {
  return row.text(column).toLowerCase() === "true";
}

function isOf(recipe: RowRecord, row: RowRecord): boolean {
  const hardware = recipe.text("hardware").replace("-multinode", "");
  return (
    hardware === row.text("hardware") &&
    SHARED.every((column) => recipe.text(column) === row.text(column)) &&
    LAYOUT.every((column) => recipe.number(column) === row.number(column)) &&
    ["prefill_dp_attn", "decode_dp_attn"].every(
      (column) => isTrue(recipe, column) === isTrue(row, column),
    )
  );
}

/** Whether a recipe asks for that many clients, of the deployment or of each decode worker. */
function asksFor(recipe: RowRecord, clients: number): boolean {
  const workers = recipe.number("decode_workers");
  const asked = recipe.text("conc").split(" ").map(Number);
  return asked.some((each) => each === clients || each * workers === clients);
}

/** Reads limits by row of results. */
export class SplitRecipes {
  private readonly recipes: readonly RowRecord[];

  constructor(recipes: readonly RowRecord[] = []) {
    this.recipes = recipes;
  }

  /** Limits of the recipe that made a row; undefined: none is recorded. */
  limitsOf(row: RowRecord, role: SplitRole): RecipeLimits | undefined {
    const clients = row.number("conc");
    const own = this.recipes.find((recipe) => isOf(recipe, row) && asksFor(recipe, clients));
    if (own === undefined) return undefined;
    const maxBatch = own.number(`r_${role}_max_batch`);
    const maxTokens = own.number(`r_${role}_max_tokens`);
    return { ...(maxBatch > 0 ? { maxBatch } : {}), ...(maxTokens > 0 ? { maxTokens } : {}) };
  }
}

/** Reads the table. Problems: a missing column, a damaged row. */
export function loadSplitRecipes(name: string, text: string): Result<SplitRecipes> {
  const rows = parseRecords(name, text, NEEDED);
  return rows.ok ? ok(new SplitRecipes(rows.value.filter(isPlain))) : rows;
}
