/** What the page shows of a trace, and the parts of one that a user cuts out. */

import { fail, ok, stream } from "../../src/core/index.ts";
import type { Result } from "../../src/core/index.ts";
import { inspectTrace } from "../../src/trace/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import type { TraceCut, TracePreview } from "./protocol.ts";

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

/** Rows that arrive in [from, to) and that the draw keeps, times from the new start. */
export function cutTrace(trace: Trace, cut: TraceCut, as: string): Result<Trace> {
  if (trace.sessions !== undefined) {
    return fail({
      what: "this trace has conversations, and a cut would tear them",
      where: cut.name,
      remedy: "replay a part of it instead: traffic.start_s and traffic.end_s of the scenario",
    });
  }
  const kept = keptRows(trace, cut);
  if (kept.length === 0) {
    return fail({
      what: "no request is left",
      where: `${String(cut.fromS)} s to ${String(cut.toS)} s`,
      remedy: "widen the window or keep a larger share",
    });
  }
  const firstUs = trace.arrivalUs[kept[0]!]!;
  const transform = `cut ${String(cut.fromS)} s … ${String(cut.toS)} s, share ${String(cut.share)}`;
  const { header, hashes, labels, priority, ...rest } = trace;
  return ok({
    ...rest,
    header: { ...header, name: as, transforms: [...header.transforms, transform] },
    rows: kept.length,
    arrivalUs: Float64Array.from(kept, (row) => trace.arrivalUs[row]! - firstUs),
    inputTokens: Uint32Array.from(kept, (row) => trace.inputTokens[row]!),
    outputTokens: Uint32Array.from(kept, (row) => trace.outputTokens[row]!),
    ...(hashes === undefined ? {} : { hashes: cutHashes(hashes, kept) }),
    ...(labels === undefined ? {} : { labels: cutLabels(labels, kept) }),
    ...(priority === undefined ? {} : { priority: Int16Array.from(kept, (row) => priority[row]!) }),
  });
}

function keptRows(trace: Trace, { fromS, toS, share, seed }: TraceCut): Uint32Array {
  const draws = stream(seed, "trace/cut");
  const rows = new Uint32Array(trace.rows);
  let count = 0;
  for (let row = 0; row < trace.rows; row++) {
    const s = trace.arrivalUs[row]! / US_PER_S;
    // Drawn for every row, so that a wider window keeps the same rows of the narrower.
    const isDrawn = share >= 1 || draws.next() < share;
    if (isDrawn && s >= fromS && s < toS) rows[count++] = row;
  }
  return rows.slice(0, count);
}

function cutHashes(
  hashes: NonNullable<Trace["hashes"]>,
  kept: Uint32Array,
): NonNullable<Trace["hashes"]> {
  const rowStart = new Uint32Array(kept.length + 1);
  kept.forEach((row, i) => {
    rowStart[i + 1] = rowStart[i]! + hashes.rowStart[row + 1]! - hashes.rowStart[row]!;
  });
  const runs = rowStart[kept.length]!;
  const start = new Uint32Array(runs);
  const length = new Uint32Array(runs);
  kept.forEach((row, i) => {
    const from = hashes.rowStart[row]!;
    const to = hashes.rowStart[row + 1]!;
    start.set(hashes.start.subarray(from, to), rowStart[i]!);
    length.set(hashes.length.subarray(from, to), rowStart[i]!);
  });
  return { rowStart, start, length, idCount: hashes.idCount };
}

function cutLabels(
  labels: NonNullable<Trace["labels"]>,
  kept: Uint32Array,
): NonNullable<Trace["labels"]> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, { values, codes }]) => [
      name,
      { values, codes: Uint16Array.from(kept, (row) => codes[row]!) },
    ]),
  );
}
