/** Columns → CSV text in pieces: no object per row, and no text longer than one write. */

import { REQUEST_STATUS_NAMES } from "./report.ts";
import type { RequestColumns } from "./report.ts";
import type { SeriesColumns } from "./series-columns.ts";
import type { AsideColumns } from "./time-parts.ts";

const US_PER_S = 1e6;
const US_PER_MS = 1e3;

/** Rows joined into one piece (assumption: some hundred KB a write). */
const ROWS_PER_PIECE = 4096;

/** A time that never came is an empty field. */
function timeField(us: number | undefined): string {
  return us === undefined || Number.isNaN(us) ? "" : String(us);
}

function numberField(value: number): string {
  return Number.isNaN(value) ? "" : String(value);
}

function msField(us: number): string {
  return Number.isNaN(us) ? "" : String(us / US_PER_MS);
}

/** Of a request that was admitted. */
function asideFields(asides: AsideColumns | undefined, row: number): string {
  if (asides === undefined) return "0,0,0";
  const { onboardUs, transferUs, redoFirstUs, redoUs } = asides;
  const redo = redoFirstUs[row]! + redoUs[row]!;
  return `${msField(onboardUs[row]!)},${msField(transferUs[row]!)},${msField(redo)}`;
}

export const REQUESTS_HEADER =
  "row,worker,status,arrival_us,admitted_us,first_token_us,finish_us," +
  "input_tokens,output_tokens,cached_tokens,preemptions,queue_ms,ttft_ms,tpot_ms,e2e_ms," +
  "onboard_ms,transfer_ms,preempted_ms";

/**
 * One line per request, in arrival order. Units are in the header's names. Times of day are the engine's; TTFT and end to end
 * are the client's, as in the report.
 *
 * A class is its place in the report's `slo.classes`.
 *
 * @param clientPathMs what a client waits beside the engine (`engine.clientPathMs` of the report)
 */
export function writeRequestsCsv(
  columns: RequestColumns,
  clientPathMs: number,
  write: (text: string) => void,
): void {
  const { session, asides, sloClass } = columns;
  const more = `${session === undefined ? "" : ",session"}${sloClass === undefined ? "" : ",slo_class"}`;
  write(`${REQUESTS_HEADER}${more}\n`);
  const pathUs = clientPathMs * US_PER_MS;
  writeRows(columns.rows, write, (i) => {
    const arrival = columns.arrivalUs[i] ?? Number.NaN;
    const admitted = columns.admittedUs[i] ?? Number.NaN;
    const first = columns.firstTokenUs[i] ?? Number.NaN;
    const finish = columns.finishUs[i] ?? Number.NaN;
    const output = columns.outputTokens[i] ?? 0;
    const tpot = output > 1 ? (finish - first) / (output - 1) : Number.NaN;
    return (
      `${String(columns.row[i])},${String(columns.worker[i])},` +
      `${REQUEST_STATUS_NAMES[columns.status[i] ?? 0] ?? ""},` +
      `${timeField(arrival)},${timeField(admitted)},${timeField(first)},${timeField(finish)},` +
      `${String(columns.inputTokens[i])},${String(output)},${String(columns.cachedTokens[i])},` +
      `${String(columns.preemptions[i])},` +
      `${msField(admitted - arrival)},${msField(first - arrival + pathUs)},` +
      `${Number.isNaN(tpot) ? "" : String(Math.round(tpot) / US_PER_MS)},` +
      `${msField(finish - arrival + (Number.isNaN(admitted) ? 0 : pathUs))},` +
      (Number.isNaN(admitted) ? ",," : asideFields(asides, i)) +
      `${session === undefined ? "" : `,${String(session[i])}`}` +
      `${sloClass === undefined ? "" : `,${String(sloClass[i])}`}\n`
    );
  });
}

const SERIES = [
  ["queued", "queued"],
  ["running", "running"],
  ["kv_blocks_used", "kvBlocksUsed"],
  ["kv_blocks_cached", "kvBlocksCached"],
  ["arrivals_total", "arrivals"],
  ["completions_total", "completions"],
  ["output_tokens_total", "outputTokens"],
  ["prefill_tokens_total", "prefillTokens"],
  ["admitted_tokens_total", "admittedTokens"],
  ["cached_tokens_total", "cachedTokens"],
  ["preemptions_total", "preemptions"],
] as const;

type NamedColumn = readonly [name: string, values: Float64Array];

/** A name as the header has it: words parted by underscores. */
function headerName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]+/g, "_");
}

/** Mean power since the sample before; the first has none. */
function meanPowerW(timeUs: Float64Array, energyJ: Float64Array): Float64Array {
  return energyJ.map((joules, i) => {
    const seconds = i === 0 ? NaN : (timeUs[i]! - timeUs[i - 1]!) / US_PER_S;
    return seconds > 0 ? (joules - energyJ[i - 1]!) / seconds : NaN;
  });
}

/** What only some scenarios have. */
function extraColumns(columns: SeriesColumns): readonly NamedColumn[] {
  const { tiers = {}, peerBytes, handoffs, links, workersUp, energyJ } = columns;
  const found: NamedColumn[] = [];
  if (energyJ !== undefined) {
    found.push(["energy_j_total", energyJ], ["power_w", meanPowerW(columns.timeUs, energyJ)]);
  }
  if (workersUp !== undefined) found.push(["workers_up", workersUp]);
  for (const [level, { blocksUsed, bytesIn, bytesOut }] of Object.entries(tiers)) {
    found.push([`${level}_blocks_used`, blocksUsed]);
    found.push([`${level}_in_bytes_total`, bytesIn], [`${level}_out_bytes_total`, bytesOut]);
  }
  if (peerBytes !== undefined) found.push(["peer_bytes_total", peerBytes]);
  if (handoffs !== undefined) {
    found.push(["handoffs_total", handoffs.landed], ["handoff_bytes_total", handoffs.bytes]);
  }
  if (links !== undefined) {
    found.push(["transfers", links.transfers]);
    for (const { name, bytes } of links.links) {
      found.push([`link_${headerName(name)}_bytes_total`, bytes]);
    }
  }
  return found;
}

/** One line per sample; columns that end in `_total` are cumulative. */
export function writeSeriesCsv(columns: SeriesColumns, write: (text: string) => void): void {
  const all: readonly NamedColumn[] = [
    ...SERIES.map(([name, key]): NamedColumn => [name, columns[key]]),
    ...extraColumns(columns),
  ];
  write(`time_s,${all.map(([name]) => name).join(",")}\n`);
  writeRows(columns.rows, write, (i) => {
    const time = (columns.timeUs[i] ?? 0) / US_PER_S;
    return `${String(time)},${all.map(([, values]) => numberField(values[i]!)).join(",")}\n`;
  });
}

function writeRows(
  rows: number,
  write: (text: string) => void,
  line: (row: number) => string,
): void {
  let piece = "";
  for (let i = 0; i < rows; i++) {
    piece += line(i);
    if (i % ROWS_PER_PIECE !== ROWS_PER_PIECE - 1) continue;
    write(piece);
    piece = "";
  }
  if (piece !== "") write(piece);
}
