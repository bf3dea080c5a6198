/** The first times of a generic file, raw, to guess their unit from. */

import { bomLength, LF, textOf } from "./bytes.ts";
import { CsvRows } from "./scan-csv.ts";
import { scanDecimal } from "./scan-number.ts";
import { looksIso } from "./scan-time.ts";

/** Rows looked at (assumption: enough for a rate within a factor of two). */
const SAMPLE_ROWS = 1000;

export type TimeSample = {
  /** Whether the first time is a calendar time. */
  readonly iso: boolean;
  readonly times: readonly number[];
};

export function sampleCsvTimes(
  bytes: Uint8Array,
  columns: number,
  delimiter: number,
  column: number,
): TimeSample {
  const rows = new CsvRows(bytes, columns, delimiter);
  rows.next();
  const times: number[] = [];
  for (let row = 0; row < SAMPLE_ROWS && rows.next(); row++) {
    if (rows.fields <= column) continue;
    const from = rows.from[column]!;
    const to = rows.to[column]!;
    if (times.length === 0 && looksIso(bytes, from, to)) return { iso: true, times };
    const time = scanDecimal(bytes, from, to, 0);
    if (time === time) times.push(time);
  }
  return { iso: false, times };
}

export function sampleJsonTimes(bytes: Uint8Array, key: string): TimeSample {
  const times: number[] = [];
  let from = bomLength(bytes);
  for (let row = 0; row < SAMPLE_ROWS && from < bytes.length; row++) {
    const found = bytes.indexOf(LF, from);
    const to = found < 0 ? bytes.length : found;
    const time = jsonValue(textOf(bytes, from, to), key);
    if (typeof time === "string" && times.length === 0) return { iso: true, times };
    if (typeof time === "number") times.push(time);
    from = to + 1;
  }
  return { iso: false, times };
}

function jsonValue(line: string, key: string): unknown {
  try {
    const row: unknown = JSON.parse(line);
    return typeof row === "object" && row !== null
      ? (row as Readonly<Record<string, unknown>>)[key]
      : undefined;
  } catch {
    return undefined;
  }
}
