/** Steps that a real engine measured: forward-pass metrics as CSV. */
import { fail, ok, type Result } from "../../core/index.ts";
import type { StepShape } from "../../hardware/index.ts";
import { parseTable } from "./table.ts";

export type StepRegime = "decode" | "context" | "mixed";

export type MeasuredStep = {
  /** Run the step belongs to; "" in a file of one run. */
  readonly run: string;
  readonly regime: StepRegime;
  readonly shape: StepShape;
  readonly measuredUs: number;
  /** Steps that the row is the median of. */
  readonly count: number;
};

export const STEP_COLUMNS = [
  "ctx_reqs",
  "ctx_tokens",
  "ctx_kv_tokens",
  "dec_reqs",
  "dec_kv_tokens",
  "latency_ms",
];

/** The first columns count requests and tokens. */
const COUNTS = 5;

const US_PER_MS = 1000;

function shapeOf(cells: readonly number[]): StepShape {
  const [prompts = 0, tokens = 0, past = 0, decodes = 0, context = 0] = cells;
  return {
    prefillRequests: prompts,
    prefillTokens: tokens,
    prefillPastTokens: past,
    // Lengths of the prompts are not recorded: equal parts.
    prefillPairs: prompts > 0 ? (tokens * (past + tokens / 2)) / prompts : 0,
    decodeRequests: decodes,
    decodeContextTokens: context,
  };
}

/**
 * Reads forward-pass metrics: `ctx_reqs, ctx_tokens, ctx_kv_tokens, dec_reqs, dec_kv_tokens,
 * latency_ms`, and optionally `run_id` and `n` (steps behind a row). Problems: a missing column, a
 * negative or missing number; they name file and line. Rows without any request are left out.
 */
export function parseSteps(name: string, text: string): Result<MeasuredStep[]> {
  const parsed = parseTable(name, text, STEP_COLUMNS);
  if (!parsed.ok) return parsed;
  const table = parsed.value;
  const columns = STEP_COLUMNS.map((column) => table.numbers(column));
  const runs = table.text("run_id");
  const counts = table.has("n") ? table.numbers("n") : undefined;
  const steps: MeasuredStep[] = [];
  for (let i = 0; i < table.rows; i++) {
    const cells = columns.map((column) => column[i]!);
    const bad = cells.findIndex(
      (cell, c) => !(cell >= 0 && cell < Infinity) || (c < COUNTS && !Number.isInteger(cell)),
    );
    if (bad >= 0) {
      return fail({
        what: `${STEP_COLUMNS[bad]} is no ${bad < COUNTS ? "whole " : ""}number ≥ 0`,
        where: `${name}, line ${i + 2}`,
      });
    }
    const shape = shapeOf(cells);
    const prompts = shape.prefillTokens > 0;
    const decodes = shape.decodeRequests > 0;
    const measuredUs = cells[5]! * US_PER_MS;
    if (measuredUs === 0 || (!prompts && !decodes)) continue;
    const regime = prompts ? (decodes ? "mixed" : "context") : "decode";
    steps.push({ run: runs[i] ?? "", regime, shape, measuredUs, count: counts?.[i] ?? 1 });
  }
  return ok(steps);
}
