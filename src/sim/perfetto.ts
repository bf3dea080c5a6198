/**
 * Recorded slices and time series → Chrome trace-event JSON, which ui.perfetto.dev and
 * chrome://tracing open: one process per worker, one complete event per mixed step or decode run,
 * counter tracks of the whole cluster. Times are in µs from the start of the run.
 */

import { SLICE_MIXED } from "./report.ts";
import type { SliceColumns } from "./report.ts";
import type { SeriesColumns } from "./series-columns.ts";

export type PerfettoInput = {
  /** Shown as the trace's name. */
  readonly name: string;
  readonly slices: SliceColumns;
  readonly series?: SeriesColumns;
};

/** Process ids: the counters first, then worker w at WORKER_PID + w (0 is the idle process). */
const CLUSTER_PID = 1;
const WORKER_PID = 2;

const US_PER_S = 1e6;

const BYTES_PER_GB_US = 1e3;

/** About this many characters are handed over at a time (assumption: a good size for one write). */
const CHUNK_CHARS = 1 << 16;

/** Writes the document piece by piece to `write`; the pieces joined are one JSON text. */
export function writePerfetto(input: PerfettoInput, write: (text: string) => void): void {
  let pending = `{"displayTimeUnit":"ms","otherData":{"name":${JSON.stringify(input.name)},`;
  pending += `"truncated":${String(input.slices.truncated)}},"traceEvents":[\n`;
  pending += nameEvent(CLUSTER_PID, "process_name", "cluster", 0);
  const emit = (event: string): void => {
    pending += `,\n${event}`;
    if (pending.length < CHUNK_CHARS) return;
    write(pending);
    pending = "";
  };
  emitNames(input.slices, emit);
  emitSlices(input.slices, emit);
  if (input.series !== undefined) emitCounters(input.series, emit);
  write(`${pending}\n]}\n`);
}

function nameEvent(pid: number, kind: string, name: string, tid: number): string {
  return `{"ph":"M","pid":${String(pid)},"tid":${String(tid)},"name":"${kind}","args":{"name":${JSON.stringify(name)}}}`;
}

function emitNames(slices: SliceColumns, emit: (event: string) => void): void {
  let workers = 0;
  for (let i = 0; i < slices.rows; i++) workers = Math.max(workers, (slices.worker[i] ?? 0) + 1);
  const seen = new Uint8Array(workers);
  for (let i = 0; i < slices.rows; i++) seen[slices.worker[i] ?? 0] = 1;
  for (let worker = 0; worker < workers; worker++) {
    if (seen[worker] === 0) continue;
    const pid = WORKER_PID + worker;
    emit(nameEvent(pid, "process_name", `worker ${String(worker)}`, 0));
    emit(nameEvent(pid, "thread_name", "steps", 1));
    emit(
      `{"ph":"M","pid":${String(pid)},"tid":0,"name":"process_sort_index","args":{"sort_index":${String(pid)}}}`,
    );
  }
}

function emitSlices(slices: SliceColumns, emit: (event: string) => void): void {
  for (let i = 0; i < slices.rows; i++) {
    const start = slices.startUs[i] ?? 0;
    const duration = (slices.endUs[i] ?? start) - start;
    const name = slices.kind[i] === SLICE_MIXED ? "mixed step" : "decode run";
    const pid = WORKER_PID + (slices.worker[i] ?? 0);
    emit(
      `{"ph":"X","pid":${String(pid)},"tid":1,"ts":${String(start)},"dur":${String(duration)},"name":"${name}",` +
        `"args":{"steps":${String(slices.steps[i] ?? 0)},` +
        `"prefill_tokens":${String(slices.prefillTokens[i] ?? 0)},` +
        `"prefill_requests":${String(slices.prefillRequests[i] ?? 0)},` +
        `"decode_requests":${String(slices.decodeRequests[i] ?? 0)}}}`,
    );
  }
}

function emitCounters(series: SeriesColumns, emit: (event: string) => void): void {
  const counter = (time: number, name: string, args: string): void => {
    emit(
      `{"ph":"C","pid":${String(CLUSTER_PID)},"tid":0,"ts":${String(time)},"name":"${name}","args":{${args}}}`,
    );
  };
  for (let i = 0; i < series.rows; i++) {
    const time = series.timeUs[i] ?? 0;
    counter(time, "queued", `"requests":${String(series.queued[i] ?? 0)}`);
    counter(time, "running", `"requests":${String(series.running[i] ?? 0)}`);
    counter(
      time,
      "kv blocks",
      `"used":${String(series.kvBlocksUsed[i] ?? 0)},"cached":${String(series.kvBlocksCached[i] ?? 0)}`,
    );
    counter(time, "preemptions", `"total":${String(series.preemptions[i] ?? 0)}`);
    if (series.energyJ !== undefined && i > 0) {
      const from = series.timeUs[i - 1]!;
      const joules = series.energyJ[i]! - series.energyJ[i - 1]!;
      // A counter stands until its next value, so the power of an interval belongs to its beginning.
      if (time > from) counter(from, "power", `"W":${String((joules * US_PER_S) / (time - from))}`);
    }
    if (series.workersUp !== undefined) {
      counter(time, "workers up", `"workers":${String(series.workersUp[i] ?? 0)}`);
    }
    for (const [level, { blocksUsed }] of Object.entries(series.tiers ?? {})) {
      counter(time, `${level} blocks`, `"used":${String(blocksUsed[i] ?? 0)}`);
    }
    for (const { name, bytes } of series.links?.links ?? []) {
      const us = time - (series.timeUs[i - 1] ?? NaN);
      const moved = bytes[i]! - (bytes[i - 1] ?? 0);
      const rate = us > 0 ? moved / us / BYTES_PER_GB_US : 0;
      counter(time, `link ${name}`, `"GB/s":${String(rate)}`);
    }
  }
}
