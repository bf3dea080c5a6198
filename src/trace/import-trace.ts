/** Bytes of any supported trace file to a trace. */

import { decodeTrace } from "./columns-trace.ts";
import { fail, ok, type Problem, type Result } from "../core/index.ts";
import { COMMA, LF, QUOTE } from "./bytes.ts";
import { readCsv, readGeneralCsv } from "./csv-reader.ts";
import { bindKnownCsv, type CsvShape } from "./csv-shape.ts";
import { Draft } from "./draft.ts";
import { finishTrace } from "./finish.ts";
import { bindColumns, guessUnit, splitUnit, type UnitGuess } from "./guess.ts";
import {
  CALL_FORMATS,
  DEFAULT_NAME,
  FORMATS,
  MOONCAKE_BLOCK_SIZE,
  type FormatName,
  type ImportOptions,
  type Role,
  type TimeUnit,
} from "./import-options.ts";
import { importCalls } from "./import-calls.ts";
import { readJsonLines } from "./json-reader.ts";
import { MOONCAKE_SHAPE, type JsonKey, type JsonShape } from "./json-shape.ts";
import { expandDeltas } from "./mooncake-delta.ts";
import { RowFaults } from "./row-faults.ts";
import { headerProblem, sniffFormat, type Sniffed } from "./sniff.ts";
import { sampleCsvTimes, sampleJsonTimes, type TimeSample } from "./time-sample.ts";
import type { Trace } from "./trace.ts";

/** Bytes looked at to estimate the number of rows (assumption). */
const SAMPLE_BYTES = 1 << 16;

/**
 * Reads a trace file (decompressed) into columns. The format is sniffed unless given. Every dropped or
 * repaired row is counted in the header's import log.
 *
 * Errors: an empty, foreign or truncated file, a header without the columns, more bad rows than
 * `maxBadRows`, no row left, impossible options. Each names line, column and remedy.
 */
export function importTrace(bytes: Uint8Array, options: ImportOptions = {}): Result<Trace> {
  const wrong = optionsProblem(options);
  if (wrong !== undefined) return fail(wrong);
  const name = options.name ?? DEFAULT_NAME;
  const sniffed = sniffFormat(bytes, name);
  if (!sniffed.ok) return sniffed;
  const format = options.format ?? sniffed.value.format;
  if (format === "columns") return decodeTrace(bytes, options);
  const calls = CALL_FORMATS.find((one) => one === format);
  if (calls !== undefined) return importCalls(bytes, calls, options);
  return isJson(format)
    ? importJson(bytes, format, sniffed.value, options)
    : importCsv(bytes, format, sniffed.value, options);
}

function isJson(format: FormatName): boolean {
  return format === "mooncake" || format === "mooncake_delta" || format === "jsonl";
}

function optionsProblem(options: ImportOptions): Problem | undefined {
  const whole = (value: number | undefined, least: number): boolean =>
    value === undefined || (Number.isSafeInteger(value) && value >= least);
  if (options.format !== undefined && !FORMATS.includes(options.format)) {
    const expected = FORMATS.join(", ");
    return { what: `unknown trace format "${String(options.format)}"`, where: "format", expected };
  }
  if (!whole(options.blockSize, 1)) {
    return {
      what: `block size ${options.blockSize} is impossible`,
      where: "blockSize",
      expected: "a whole number of tokens, at least 1",
    };
  }
  if (!whole(options.maxBadRows, 0)) {
    return {
      what: `${options.maxBadRows} bad rows cannot be allowed`,
      where: "maxBadRows",
      expected: "a whole number, at least 0",
    };
  }
  if (!whole(options.limit, 1)) {
    return {
      what: `a limit of ${options.limit} rows is impossible`,
      where: "limit",
      expected: "a whole number, at least 1",
    };
  }
  const { window } = options;
  if (window !== undefined && !(window.fromUs >= 0 && window.toUs > window.fromUs)) {
    return {
      what: `the window from ${window.fromUs} to ${window.toUs} us is empty`,
      where: "window",
      expected: "0 ≤ from < to",
    };
  }
  return undefined;
}

/** Rows in a file, estimated from its first lines, with some to spare. */
function expectedRows(bytes: Uint8Array, limit: number): number {
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  let lines = 1;
  for (let at = sample.indexOf(LF); at >= 0; at = sample.indexOf(LF, at + 1)) lines++;
  return Math.min(limit, Math.ceil((1.1 * lines * bytes.length) / (sample.length + 1)));
}

function newDraft(bytes: Uint8Array, options: ImportOptions, dropZeroOutput: boolean): Draft {
  const faults = new RowFaults(options.name ?? DEFAULT_NAME, options.maxBadRows ?? 0);
  const rowLimit = options.window === undefined ? (options.limit ?? Infinity) : Infinity;
  return new Draft(
    {
      blockSize: options.blockSize ?? MOONCAKE_BLOCK_SIZE,
      dropZeroOutput:
        options.zeroOutput === undefined ? dropZeroOutput : options.zeroOutput === "drop",
      rowLimit,
      rowsExpected: expectedRows(bytes, rowLimit),
    },
    faults,
  );
}

function finish(
  draft: Draft,
  complete: boolean,
  format: FormatName,
  remarks: readonly string[],
  options: ImportOptions,
): Result<Trace> {
  if (!complete) return draft.faults.failure();
  for (const remark of remarks) draft.faults.note(remark, undefined, draft.rows);
  return finishTrace(draft, { format, options, transforms: [] });
}

function importCsv(
  bytes: Uint8Array,
  format: FormatName,
  sniffed: Sniffed,
  options: ImportOptions,
): Result<Trace> {
  const bound =
    format === "csv"
      ? bindGenericCsv(bytes, sniffed, options)
      : bindKnown(format, sniffed, options.name ?? DEFAULT_NAME);
  if (!bound.ok) return bound;
  const shape = bound.value;
  const draft = newDraft(bytes, options, shape.dropZeroOutput);
  // Known formats never span lines; anything else with quotes is left to a general parser.
  const general = shape.format === "csv" && bytes.indexOf(QUOTE) >= 0;
  const complete = general ? readGeneralCsv(bytes, shape, draft) : readCsv(bytes, shape, draft);
  return finish(draft, complete, shape.format, shape.remarks, options);
}

function bindKnown(format: FormatName, sniffed: Sniffed, name: string): Result<CsvShape> {
  const shape = sniffed.delimiter === COMMA ? bindKnownCsv(sniffed.names, format) : undefined;
  if (shape !== undefined) return ok(shape);
  const { missing } = bindColumns(sniffed.names, {});
  return fail(
    headerProblem(name, format, sniffed.names, missing.length > 0 ? missing : ["arrival"], []),
  );
}

function bindGenericCsv(
  bytes: Uint8Array,
  sniffed: Sniffed,
  options: ImportOptions,
): Result<CsvShape> {
  const { names, delimiter } = sniffed;
  const { columns, missing, unknown } = bindColumns(names, options.columns ?? {});
  if (missing.length > 0 || unknown.length > 0) {
    const name = options.name ?? DEFAULT_NAME;
    return fail(headerProblem(name, "csv", names, missing, unknown));
  }
  const sample = sampleCsvTimes(bytes, names.length, delimiter, columns.arrival!);
  const time = chooseUnit(names[columns.arrival!]!, sample, options.timeUnit);
  const other = (index: number | undefined): Exclude<TimeUnit, "iso"> =>
    (index === undefined ? undefined : splitUnit(names[index]!).unit) ??
    (time.unit === "iso" ? "s" : time.unit);
  return ok({
    format: "csv",
    names,
    delimiter,
    columns,
    timeUnit: time.unit,
    delayUnit: other(columns.delay),
    elapsedUnit: other(columns.elapsed),
    dropZeroOutput: false,
    remarks: time.remarks,
  });
}

/** The unit of a generic time column: as told, by the column's suffix, or guessed from a sample. */
function chooseUnit(
  name: string,
  sample: TimeSample,
  told: TimeUnit | undefined,
): { unit: TimeUnit; remarks: readonly string[] } {
  if (told !== undefined) return { unit: told, remarks: [] };
  if (sample.iso) return { unit: "iso", remarks: [] };
  const { unit } = splitUnit(name);
  if (unit !== undefined)
    return { unit, remarks: [`noted: times are ${unit}, by the column's name`] };
  const guess: UnitGuess = guessUnit(sample.times);
  return { unit: guess.unit, remarks: [guess.remark] };
}

function importJson(
  bytes: Uint8Array,
  format: FormatName,
  sniffed: Sniffed,
  options: ImportOptions,
): Result<Trace> {
  if (format === "mooncake_delta" && options.window !== undefined) {
    return fail({
      what: "a window would cut off the turns that later prompts are made of",
      where: "window",
      remedy: "import the whole file, and replay a window of it (traffic.start_s, traffic.end_s)",
    });
  }
  const bound = format !== "jsonl" ? ok(MOONCAKE_SHAPE) : bindGenericJson(bytes, sniffed, options);
  if (!bound.ok) return bound;
  const draft = newDraft(bytes, options, bound.value.dropZeroOutput);
  const complete = readJsonLines(bytes, bound.value, draft);
  const trace = finish(draft, complete, format, bound.value.remarks, options);
  if (format !== "mooncake_delta" || !trace.ok) return trace;
  return expandDeltas(trace.value, draft.options.blockSize);
}

function bindGenericJson(
  bytes: Uint8Array,
  sniffed: Sniffed,
  options: ImportOptions,
): Result<JsonShape> {
  const { names } = sniffed;
  const { columns, missing, unknown } = bindColumns(names, options.columns ?? {});
  // A key may be absent from the first row (a delay, a session): a map may name it all the same.
  const optional = unknown.filter((name) => !requiredName(options, name));
  if (missing.length > 0) {
    const lacking = unknown.filter((name) => requiredName(options, name));
    const name = options.name ?? DEFAULT_NAME;
    return fail(headerProblem(name, "jsonl", names, missing, lacking));
  }
  const arrival = names[columns.arrival!]!;
  const time = chooseUnit(arrival, sampleJsonTimes(bytes, arrival), options.timeUnit);
  const base: Exclude<TimeUnit, "iso"> = time.unit === "iso" ? "s" : time.unit;
  const keys: JsonKey[] = [];
  for (const [role, index] of Object.entries(columns) as [Role, number][]) {
    const name = names[index]!;
    const unit = role === "arrival" ? time.unit : (splitUnit(name).unit ?? base);
    keys.push({ name, role, unit });
  }
  for (const [role, name] of Object.entries(options.columns ?? {}) as [Role, string][]) {
    if (optional.includes(name)) keys.push({ name, role, unit: splitUnit(name).unit ?? base });
  }
  return ok({ format: "jsonl", keys, dropZeroOutput: false, remarks: time.remarks });
}

function requiredName(options: ImportOptions, name: string): boolean {
  const { arrival, input, output } = options.columns ?? {};
  return name === arrival || name === input || name === output;
}
