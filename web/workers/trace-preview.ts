/** What the page shows of a trace. */

import { inspectTrace } from "../../src/trace/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import type { TracePreview } from "./protocol.ts";

const HEAD_ROWS = 20;
const RATE_BINS = 240;
const US_PER_S = 1e6;

/** First rows, arrival rate and statistics. */
export function previewOf(name: string, trace: Trace): TracePreview {
  const rows = Math.min(HEAD_ROWS, trace.rows);
  return {
    name,
    format: trace.header.format,
    rows: trace.rows,
    head: Array.from({ length: rows }, (_, row) => ({
      arrivalS: trace.arrivalUs[row]! / US_PER_S,
      input: trace.inputTokens[row]!,
      output: trace.outputTokens[row]!,
    })),
    rate: arrivalRate(trace),
    statistics: inspectTrace(trace),
  };
}

function arrivalRate({ arrivalUs }: Trace): TracePreview["rate"] {
  let endUs = 0;
  for (const us of arrivalUs) if (us > endUs) endUs = us;
  const binUs = Math.max(1, endUs / RATE_BINS);
  const counts = new Float64Array(RATE_BINS);
  for (const us of arrivalUs) {
    if (!Number.isNaN(us)) counts[Math.min(RATE_BINS - 1, Math.floor(us / binUs))]!++;
  }
  return {
    timeS: counts.map((_, i) => ((i + 0.5) * binUs) / US_PER_S),
    perS: counts.map((count) => (count / binUs) * US_PER_S),
  };
}
