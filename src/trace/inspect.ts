import { inspectArrivals, type ArrivalStatistics } from "./inspect-arrivals.ts";
import { inspectLengths, type LengthStatistics } from "./inspect-lengths.ts";
import { inspectPrefixes, type PrefixStatistics } from "./inspect-prefixes.ts";
import { inspectQuality, type QualityReport } from "./inspect-quality.ts";
import { orNull, spearman } from "./inspect-sample.ts";
import { inspectSessions, type SessionStatistics } from "./inspect-sessions.ts";
import type { Trace } from "./trace.ts";

/** What `headworks trace inspect` reports: plain data, safe to print as JSON. */
export type TraceStatistics = {
  readonly v: 1;
  readonly name: string;
  readonly format: string;
  readonly rows: number;
  readonly arrivals: ArrivalStatistics;
  readonly input: LengthStatistics;
  readonly output: LengthStatistics;
  /** Spearman's rank correlation of input and output lengths. */
  readonly inputOutputSpearman: number | null;
  /** Absent without block ids. */
  readonly prefixes?: PrefixStatistics;
  /** Absent without sessions. */
  readonly sessions?: SessionStatistics;
  readonly quality: QualityReport;
};

export type InspectOptions = {
  /** Whether to measure prefix sharing where the trace has block ids; true unless told. */
  readonly prefixes?: boolean;
};

/**
 * Measures a trace: arrivals, lengths, prefix sharing, sessions and quality. O(rows log rows) plus
 * O(runs log runs) for block ids.
 */
export function inspectTrace(trace: Trace, options: InspectOptions = {}): TraceStatistics {
  const arrivals = inspectArrivals(trace);
  const input = inspectLengths(trace.inputTokens);
  const output = inspectLengths(trace.outputTokens);
  const prefixes =
    trace.hashes === undefined || options.prefixes === false
      ? undefined
      : inspectPrefixes(trace, trace.hashes);
  return {
    v: 1,
    name: trace.header.name,
    format: trace.header.format,
    rows: trace.rows,
    arrivals,
    input,
    output,
    inputOutputSpearman: orNull(spearman(trace.inputTokens, trace.outputTokens)),
    ...(prefixes === undefined ? {} : { prefixes }),
    ...(trace.sessions === undefined
      ? {}
      : { sessions: inspectSessions(trace.sessions, trace.graph) }),
    quality: inspectQuality(trace, { arrivals, input, output, prefixes }),
  };
}
