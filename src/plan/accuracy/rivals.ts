/** What other simulators predicted for the same runs, where the data holds their numbers. */

import type { Result } from "../../core/index.ts";
import { ok } from "../../core/index.ts";
import type { AccuracyRow, ErrorSummary } from "./compare-runs.ts";
import { errorOf, summaryOf } from "./compare-runs.ts";
import type { Metric } from "./measured-run.ts";
import { parseRecords } from "./record.ts";

export type RivalPrediction = {
  readonly simulator: string;
  readonly run: string;
  readonly metric: Metric;
  readonly predicted: number;
  readonly measured: number;
};

/** A rival and this simulator on the very same numbers. */
export type RivalComparison = {
  readonly simulator: string;
  readonly metric: Metric;
  readonly theirs: ErrorSummary;
  readonly ours: ErrorSummary;
};

const METRIC_OF: ReadonlyMap<string, Metric> = new Map([
  ["ttft_mean", "ttftMean"],
  ["ttft_p90", "ttftP90"],
  ["ttft_p99", "ttftP99"],
  ["itl_mean", "itlMean"],
  ["e2e_mean", "e2eMean"],
  ["e2e_p90", "e2eP90"],
  ["e2e_p99", "e2eP99"],
]);
const WHOLE_RUN = "-1";

/**
 * Reads `other_simulators_predictions.csv`: whole runs only. Their error is against the number that
 * the file gives as measured. Problems: a missing column, a damaged row.
 */
export function loadRivals(name: string, text: string): Result<RivalPrediction[]> {
  const rows = parseRecords(name, text, ["simulator", "exp", "stage", "metric", "predicted_ms"]);
  if (!rows.ok) return rows;
  return ok(
    rows.value.flatMap((row) => {
      const metric = METRIC_OF.get(row.text("metric"));
      const [predicted, measured] = [row.number("predicted_ms"), row.number("actual_ms")];
      const usable = predicted > 0 && measured > 0 && row.text("stage") === WHOLE_RUN;
      if (metric === undefined || !usable) return [];
      const [simulator, run] = [row.text("simulator"), row.text("exp")];
      return [{ simulator, run, metric, predicted, measured }];
    }),
  );
}

/** Their errors and ours over the numbers that both predicted. */
export function compareRivals(
  rivals: readonly RivalPrediction[],
  rows: readonly AccuracyRow[],
): RivalComparison[] {
  const own = new Map(
    rows
      .filter((row) => row.window === "run")
      .map((row) => [`${row.run} ${row.metric}`, errorOf(row)]),
  );
  const pairs = new Map<string, { first: RivalPrediction; theirs: number[]; ours: number[] }>();
  for (const rival of rivals) {
    const error = own.get(`${rival.run} ${rival.metric}`);
    if (error === undefined) continue;
    const key = `${rival.simulator} ${rival.metric}`;
    const pair = pairs.get(key) ?? { first: rival, theirs: [], ours: [] };
    pairs.set(key, pair);
    pair.theirs.push(rival.predicted / rival.measured - 1);
    pair.ours.push(error);
  }
  return [...pairs.values()].map(({ first, theirs, ours }) => ({
    simulator: first.simulator,
    metric: first.metric,
    theirs: summaryOf(theirs),
    ours: summaryOf(ours),
  }));
}
