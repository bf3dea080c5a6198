/** The report's `breakdown`: the parts of TTFT and end-to-end time. */

import type { Outcomes } from "./recorder.ts";
import { REQUEST_COMPLETED } from "./report.ts";
import type { Report, RequestColumns } from "./report.ts";
import { timeGroups } from "./time-parts.ts";

/** `columns`: of the requests, where they were kept; `pathUs`: what each waits between client and engine. */
export function breakdownOf(
  outcomes: Outcomes,
  columns: RequestColumns | undefined,
  pathUs: number,
): Report["breakdown"] {
  const { ttftParts, e2eParts, warmupUs } = outcomes;
  const rows = columns === undefined ? undefined : measuredRows(columns, warmupUs);
  const part = (sums: typeof ttftParts, by: "ttft" | "e2e") => ({
    requests: sums.count,
    meanMs: sums.meanMs(pathUs),
    groups:
      columns === undefined || rows === undefined ? [] : timeGroups(columns, rows, by, pathUs),
  });
  return { ttft: part(ttftParts, "ttft"), e2e: part(e2eParts, "e2e") };
}

/** Completed requests that arrived after the warm-up, in order of arrival. */
function measuredRows({ rows, status, arrivalUs }: RequestColumns, warmupUs: number): Uint32Array {
  const measured = new Uint32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    if (status[row] !== REQUEST_COMPLETED || arrivalUs[row]! < warmupUs) continue;
    measured[count++] = row;
  }
  return measured.subarray(0, count);
}
