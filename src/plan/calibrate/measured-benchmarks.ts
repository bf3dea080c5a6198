/** A user's own benchmark results: one run a row, closed or open loop, with the medians its client saw. */

import { fail, ok, type Result } from "../../core/index.ts";
import type { KernelsLayout, MemoryEngine } from "../../hardware/index.ts";
import { defaultSetup } from "../accuracy/engine-setup.ts";
import type { Lengths, MeasuredRun, Metrics, Workload } from "../accuracy/measured-run.ts";
import { parseTable, type Table } from "./table.ts";

const NEEDED = ["input_tokens", "output_tokens"];
const MEDIANS = ["ttft_ms", "tpot_ms"];
const RANKS = ["tp", "pp", "ep", "dp"] as const;

/** The names that `vllm bench serve` gives the same things in its results. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  max_concurrency: "concurrency",
  request_rate: "rate_per_s",
  num_prompts: "requests",
  median_ttft_ms: "ttft_ms",
  median_tpot_ms: "tpot_ms",
};

/** Requests for each client where the table does not say: what the usual scripts send (InferenceX: 10). */
const REQUESTS_PER_CLIENT = 10;
/** Requests of an open loop where the table does not say: the default of `vllm bench serve`. */
const REQUESTS_OPEN = 1000;
/** Lengths that were drawn are drawn again under another seed: whose it was is not known. */
const LENGTH_SEED = 1;

export type BenchmarkQuery = {
  readonly model: string;
  readonly gpu: string;
  readonly engine: MemoryEngine;
  /** Version of the engine; "" when unknown. */
  readonly version: string;
};

/** One row, read field by field. */
class BenchmarkRow {
  private readonly table: Table;
  private readonly row: number;

  constructor(table: Table, row: number) {
    this.table = table;
    this.row = row;
  }

  get id(): string {
    return `${this.table.name}, line ${this.row + 2}`;
  }

  /** "" where there is no such column, or nothing in it. */
  text(column: string): string {
    return this.table.text(column)[this.row] ?? "";
  }

  where(column: string): string {
    return `${this.id}: ${column}`;
  }

  /** A whole number ≥ 1, or the fallback where the table has no such column. */
  count(column: string, fallback?: number): Result<number> {
    if (!this.table.has(column) && fallback !== undefined) return ok(fallback);
    const text = this.text(column);
    const value = Number(text);
    if (text !== "" && Number.isSafeInteger(value) && value >= 1) return ok(value);
    const what = `${JSON.stringify(text)} is no count`;
    return fail({ what, where: this.where(column), expected: "a number ≥ 1" });
  }

  /** A number within bounds; `undefined`: the field is empty, or there is no such column. */
  number(
    column: string,
    expected: string,
    holds: (value: number) => boolean,
  ): Result<number | undefined> {
    const text = this.text(column);
    if (text === "") return ok(undefined);
    // As Python writes it.
    const value = text === "inf" ? Infinity : Number(text);
    if (holds(value)) return ok(value);
    return fail({
      what: `${JSON.stringify(text)} does not do`,
      where: this.where(column),
      expected,
    });
  }
}

function mediansOf(row: BenchmarkRow): Result<Metrics> {
  const found: { ttftP50?: number; tpotP50?: number } = {};
  for (const column of MEDIANS) {
    const expected = "milliseconds > 0, or an empty field";
    const value = row.number(column, expected, (ms) => ms > 0 && ms < Infinity);
    if (!value.ok) return value;
    if (value.value === undefined) continue;
    found[column === "ttft_ms" ? "ttftP50" : "tpotP50"] = value.value;
  }
  return ok(found);
}

/** All equal, uniform from a share of the longest, or normal. */
function lengthsOf(row: BenchmarkRow): Result<Lengths> {
  const input = row.count("input_tokens");
  if (!input.ok) return input;
  const output = row.count("output_tokens");
  if (!output.ok) return output;
  const ratio = row.number("range_ratio", "a number from 0 to 1", (x) => x >= 0 && x <= 1);
  if (!ratio.ok) return ratio;
  const deviations: number[] = [];
  for (const column of ["input_stddev", "output_stddev"]) {
    const value = row.number(column, "tokens ≥ 0", (x) => x >= 0 && x < Infinity);
    if (!value.ok) return value;
    deviations.push(value.value ?? 0);
  }
  const means = { input: input.value, output: output.value };
  const [inputDeviation = 0, outputDeviation = 0] = deviations;
  const isNormal = inputDeviation + outputDeviation > 0;
  if (ratio.value !== undefined && ratio.value < 1) {
    if (!isNormal) return ok({ kind: "drawn", ...means, ratio: ratio.value, seed: LENGTH_SEED });
    return fail({
      what: "lengths are said to be both uniform and normal",
      where: row.where("range_ratio"),
      expected: "either range_ratio, or input_stddev and output_stddev",
    });
  }
  if (isNormal) return ok({ kind: "normal", ...means, inputDeviation, outputDeviation });
  return ok({ kind: "fixed", ...means });
}

/** Closed loop where there are clients, open loop where there is a rate; an infinite rate with clients is a closed loop. */
function loadOf(row: BenchmarkRow, lengths: Lengths): Result<Workload> {
  const rate = row.number("rate_per_s", "requests per second > 0, or inf", (x) => x > 0);
  if (!rate.ok) return rate;
  const hasClients = row.text("concurrency") !== "";
  if (rate.value === undefined || (hasClients && rate.value === Infinity)) {
    const clients = row.count("concurrency");
    if (!clients.ok) return clients;
    const requests = row.count("requests", REQUESTS_PER_CLIENT * clients.value);
    if (!requests.ok) return requests;
    const counts = { concurrency: clients.value, requests: requests.value };
    return ok({ kind: "closed", ...counts, lengths });
  }
  if (hasClients) {
    return fail({
      what: "the row has both a rate and a number of clients",
      where: row.where("rate_per_s"),
      expected: "one of them: concurrency for a closed loop, rate_per_s for an open one",
      remedy: "leave the other field empty; a rate of inf goes with concurrency",
    });
  }
  const requests = row.count("requests", REQUESTS_OPEN);
  if (!requests.ok) return requests;
  return ok({ kind: "rate", requests: requests.value, ratePerS: rate.value, lengths });
}

/**
 * Reads `input_tokens, output_tokens`, one of `concurrency` (closed loop) and `rate_per_s` (Poisson arrivals; inf: all at
 * once), and at least one of `ttft_ms, tpot_ms` (medians that the client saw). Optional: `range_ratio` (lengths uniform from
 * that share of the longest, which the two columns then name), `input_stddev, output_stddev` (normal lengths), `tp, pp,
 * ep, dp` (1 each) and `requests` (10 a client, 1000 in an open loop). Engine settings are the engine's defaults without
 * prefix caching. Problems name file, line and column.
 */
export function parseBenchmarks(
  name: string,
  text: string,
  query: BenchmarkQuery,
): Result<MeasuredRun[]> {
  const parsed = parseTable(name, text, NEEDED, OTHER_NAMES);
  if (!parsed.ok) return parsed;
  const table = parsed.value;
  if (!table.has("concurrency") && !table.has("rate_per_s")) {
    return fail({
      what: "the table does not say how requests came",
      where: `${name}, line 1`,
      expected: "a column concurrency (closed loop) or rate_per_s (open loop)",
    });
  }
  if (!MEDIANS.some((column) => table.has(column))) {
    return fail({
      what: "there is nothing measured in the table",
      where: `${name}, line 1`,
      expected: `a column ${MEDIANS.join(" or ")}, medians in milliseconds`,
    });
  }
  const runs: MeasuredRun[] = [];
  for (let row = 0; row < table.rows; row++) {
    const run = runAt(name, new BenchmarkRow(table, row), query);
    if (!run.ok) return run;
    runs.push(run.value);
  }
  return ok(runs);
}

function runAt(group: string, row: BenchmarkRow, query: BenchmarkQuery): Result<MeasuredRun> {
  const lengths = lengthsOf(row);
  if (!lengths.ok) return lengths;
  const workload = loadOf(row, lengths.value);
  if (!workload.ok) return workload;
  const ranks: number[] = [];
  for (const key of RANKS) {
    const count = row.count(key, 1);
    if (!count.ok) return count;
    ranks.push(count.value);
  }
  const [tp = 1, pp = 1, ep = 1, dp = 1] = ranks;
  const measured = mediansOf(row);
  if (!measured.ok) return measured;
  const { input, output } = lengths.value;
  const { inputDeviation } = { inputDeviation: 0, ...lengths.value };
  const { value: load } = workload;
  const concurrency = load.kind === "closed" ? load.concurrency : 1;
  const { knobs } = defaultSetup({
    ...query,
    // Steps must hold the longest prompt; of normal ones next to none is longer than this.
    input: input + Math.ceil(4 * inputDeviation),
    output,
    concurrency,
    tp,
    dp,
    precision: "",
    month: "",
  });
  const layout: KernelsLayout = { tp, pp, ep, dp };
  return ok({
    id: row.id,
    family: "vllm-e2e",
    group,
    ...query,
    layout,
    gpus: tp * pp * dp,
    shape: `${input}/${output}`,
    knobs,
    workload: load,
    windows: [{ name: "run", fromS: 0, toS: Infinity, measured: measured.value }],
    flags: [],
  });
}
