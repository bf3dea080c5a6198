/** A user's own benchmark results: one closed-loop run a row, with the medians its client saw. */

import { fail, ok, type Result } from "../../core/index.ts";
import type { KernelsLayout, MemoryEngine } from "../../hardware/index.ts";
import { defaultSetup } from "../accuracy/engine-setup.ts";
import type { MeasuredRun, Metrics } from "../accuracy/measured-run.ts";
import { parseTable, type Table } from "./table.ts";

export const BENCHMARK_COLUMNS = ["concurrency", "input_tokens", "output_tokens"];
export const BENCHMARK_MEDIANS = ["ttft_ms", "tpot_ms"];
/** Optional columns: ranks, and requests of the run. */
const RANKS = ["tp", "pp", "ep", "dp"] as const;

/** Requests for each client where the table does not say: what the usual scripts send (InferenceX: 10). */
const REQUESTS_PER_CLIENT = 10;

export type BenchmarkQuery = {
  readonly model: string;
  readonly gpu: string;
  readonly engine: MemoryEngine;
  /** Version of the engine; "" when unknown. */
  readonly version: string;
};

/** A whole number ≥ 1 of a row, or the fallback where the table has no such column. */
function countAt(table: Table, column: string, row: number, fallback?: number): Result<number> {
  if (!table.has(column) && fallback !== undefined) return ok(fallback);
  const text = table.text(column)[row] ?? "";
  const value = Number(text);
  if (text !== "" && Number.isSafeInteger(value) && value >= 1) return ok(value);
  const where = `${table.name}, line ${row + 2}: ${column}`;
  return fail({ what: `${JSON.stringify(text)} is no count`, where, expected: "a number ≥ 1" });
}

function mediansAt(table: Table, row: number): Result<Metrics> {
  const found: { ttftP50?: number; tpotP50?: number } = {};
  for (const column of BENCHMARK_MEDIANS) {
    const text = table.text(column)[row] ?? "";
    if (text === "") continue;
    const value = Number(text);
    if (!(value > 0 && value < Infinity)) {
      const where = `${table.name}, line ${row + 2}: ${column}`;
      const expected = "milliseconds > 0, or an empty field";
      return fail({ what: `${JSON.stringify(text)} is no time`, where, expected });
    }
    found[column === "ttft_ms" ? "ttftP50" : "tpotP50"] = value;
  }
  return ok(found);
}

/**
 * Reads `concurrency, input_tokens, output_tokens` and at least one of `ttft_ms, tpot_ms` (medians that the client saw),
 * optionally `tp, pp, ep, dp` (1 each) and `requests` (10 a client). Lengths are taken as equal within a run, engine settings
 * as the engine's defaults without prefix caching. Problems name file, line and column.
 */
export function parseBenchmarks(
  name: string,
  text: string,
  query: BenchmarkQuery,
): Result<MeasuredRun[]> {
  const parsed = parseTable(name, text, BENCHMARK_COLUMNS);
  if (!parsed.ok) return parsed;
  const table = parsed.value;
  if (!BENCHMARK_MEDIANS.some((column) => table.has(column))) {
    return fail({
      what: "there is nothing measured in the table",
      where: `${name}, line 1`,
      expected: `a column ${BENCHMARK_MEDIANS.join(" or ")}, medians in milliseconds`,
    });
  }
  const runs: MeasuredRun[] = [];
  for (let row = 0; row < table.rows; row++) {
    const run = runAt(table, row, query);
    if (!run.ok) return run;
    runs.push(run.value);
  }
  return ok(runs);
}

function runAt(table: Table, row: number, query: BenchmarkQuery): Result<MeasuredRun> {
  const counts: number[] = [];
  for (const column of BENCHMARK_COLUMNS) {
    const count = countAt(table, column, row);
    if (!count.ok) return count;
    counts.push(count.value);
  }
  const [concurrency = 1, input = 1, output = 1] = counts;
  const ranks: number[] = [];
  for (const key of RANKS) {
    const count = countAt(table, key, row, 1);
    if (!count.ok) return count;
    ranks.push(count.value);
  }
  const [tp = 1, pp = 1, ep = 1, dp = 1] = ranks;
  const requests = countAt(table, "requests", row, REQUESTS_PER_CLIENT * concurrency);
  if (!requests.ok) return requests;
  const measured = mediansAt(table, row);
  if (!measured.ok) return measured;
  const { model, gpu, engine, version } = query;
  const about = { engine, gpu, model, input, output, concurrency, dp, precision: "", month: "" };
  const { knobs } = defaultSetup(about);
  const layout: KernelsLayout = { tp, pp, ep, dp };
  return ok({
    id: `${table.name}, line ${row + 2}`,
    family: "vllm-e2e",
    group: table.name,
    model,
    gpu,
    engine,
    version,
    layout,
    gpus: tp * pp * dp,
    shape: `${input}/${output}`,
    knobs,
    workload: {
      kind: "closed",
      requests: requests.value,
      concurrency,
      lengths: { kind: "fixed", input, output },
    },
    windows: [{ name: "run", fromS: 0, toS: Infinity, measured: measured.value }],
    flags: [],
  });
}
