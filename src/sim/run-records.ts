/** What a run keeps beside its sums: rows of requests, samples and slices, each only when asked for. */

import type { Sessions } from "../trace/index.ts";
import { SliceLog } from "./recorder.ts";
import { RequestLog } from "./request-log.ts";
import type { SimulationResult } from "./report.ts";
import { SeriesLog } from "./series-log.ts";
import type { SimulationOptions } from "./simulation-inputs.ts";
import type { SloClasses } from "./slo-classes.ts";
import { Witness } from "./witness.ts";

export type RunRecords = {
  readonly log: RequestLog | undefined;
  readonly series: SeriesLog | undefined;
  readonly slices: SliceLog | undefined;
  readonly witness: Witness | undefined;
};

/** The records that the options ask for; `total`: requests to come, Infinity when unknown. */
export function recordsOf(options: SimulationOptions, total: number): RunRecords {
  const { requests, seriesIntervalUs: interval, slices = 0 } = options;
  const rows = Number.isFinite(total) ? total : 0;
  return {
    log: requests === true ? new RequestLog(rows) : undefined,
    series: interval === undefined ? undefined : new SeriesLog(interval),
    slices: slices > 0 ? new SliceLog(slices) : undefined,
    witness: options.witness === undefined ? undefined : new Witness(options.witness),
  };
}

/** The records as columns. */
export function recordColumns(
  { log, series, slices, witness }: RunRecords,
  sessions: Sessions | undefined,
  slo: SloClasses,
): Pick<SimulationResult, "requests" | "series" | "slices" | "decisions"> {
  const requests = log?.columns();
  const session =
    sessions === undefined || requests === undefined
      ? {}
      : { session: Int32Array.from(requests.row, (row) => sessions.session[row]!) };
  const sloClass =
    requests === undefined || !slo.areSeveral
      ? {}
      : { sloClass: Uint8Array.from(requests.row, (row) => slo.of(row)) };
  return {
    ...(requests === undefined ? {} : { requests: { ...requests, ...session, ...sloClass } }),
    ...(series === undefined ? {} : { series: series.columns() }),
    ...(slices === undefined ? {} : { slices: slices.columns() }),
    ...(witness === undefined ? {} : { decisions: witness.decisions }),
  };
}
