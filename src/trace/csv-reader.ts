/** CSV rows into a draft: one loop for every CSV format. */

import { CsvError, parse } from "csv-parse/browser/esm/sync";
import { bomLength, bytesOf, quotation, textOf, writeText } from "./bytes.ts";
import { EXPONENT_TO_US, type CsvShape } from "./csv-shape.ts";
import { LATEST_US, type Draft } from "./draft.ts";
import type { Role } from "./import-options.ts";
import { countFault, TIME_EXPECTED, type RowFault } from "./row-faults.ts";
import { PIN_ROLES, spacedWorkers } from "./row-pins.ts";
import { CsvRows } from "./scan-csv.ts";
import { isBlank, scanCount, scanDecimal } from "./scan-number.ts";
import { IsoScanner } from "./scan-time.ts";

/** Longest record handed to csv-parse, characters: an unclosed quote must not swallow a file. */
const RECORD_LIMIT = 1 << 20;

/** csv-parse builds strings for the whole file: above this the memory is better spent elsewhere. */
const GENERAL_BYTES_LIMIT = 256 * 1024 * 1024;

/** Of what is no number: no worker has it. */
const NO_WORKER = -1;

const IMAGE_CLASS = bytesOf("image");
const TEXT_CLASS = bytesOf("text");

/** Fills a draft from a CSV file whose header was bound to a shape; false when too many rows are bad. */
export function readCsv(bytes: Uint8Array, shape: CsvShape, draft: Draft): boolean {
  const rows = new CsvRows(bytes, shape.names.length, shape.delimiter);
  const row = new CsvRow(shape, draft);
  rows.next();
  while (!draft.full && rows.next()) {
    let fault: RowFault | undefined;
    if (rows.fault !== undefined) fault = { reason: rows.fault };
    else if (rows.fields !== shape.names.length) {
      fault = fieldsFault(rows.fields, shape.names.length, rows.atEnd);
    } else fault = row.read(bytes, rows.from, rows.to, rows.line);
    if (fault !== undefined && !draft.faults.reject(rows.line, fault)) return false;
  }
  draft.doubledQuotes = rows.escaped;
  return true;
}

/** The same through csv-parse, for files with quotes: fields may hold line breaks. */
export function readGeneralCsv(bytes: Uint8Array, shape: CsvShape, draft: Draft): boolean {
  if (bytes.length > GENERAL_BYTES_LIMIT) {
    const reason = "belongs to a quoted CSV file of more than 256 MiB";
    draft.faults.reject(1, { reason, expected: "a CSV file without quotes at this size" });
    return false;
  }
  const row = new CsvRow(shape, draft);
  const from = new Int32Array(shape.names.length);
  const to = new Int32Array(shape.names.length);
  let scratch = new Uint8Array(4096);
  let going = true;
  const reject = (line: number, fault: RowFault): void => {
    going = draft.faults.reject(line, fault);
  };
  const read = (record: readonly string[], line: number): void => {
    if (record.length !== shape.names.length) {
      reject(line, fieldsFault(record.length, shape.names.length, false));
      return;
    }
    let room = 0;
    for (const field of record) room += field.length * 3;
    if (room > scratch.length) scratch = new Uint8Array(room * 2);
    let at = 0;
    record.forEach((field, index) => {
      from[index] = at;
      at = writeText(scratch, at, field);
      to[index] = at;
    });
    const fault = row.read(scratch, from, to, line);
    if (fault !== undefined) reject(line, fault);
  };
  const delimiter = String.fromCharCode(shape.delimiter);
  parseGenerally(bytes, delimiter, (record, line, fault) => {
    if (!going || draft.full) return;
    if (fault === undefined) read(record, line);
    else reject(line, { reason: fault });
  });
  return going;
}

/** Hands every record after the header to the visitor; a malformed one comes with a fault. */
function parseGenerally(
  bytes: Uint8Array,
  delimiter: string,
  visit: (record: readonly string[], line: number, fault?: string) => void,
): void {
  let header = true;
  let lastLine = 1;
  try {
    // As text: the browser build of csv-parse takes bytes only in a Buffer of its own.
    parse(textOf(bytes, bomLength(bytes)), {
      delimiter,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      max_record_size: RECORD_LIMIT,
      on_record: (record: readonly string[], context) => {
        lastLine = context.lines;
        if (header) header = false;
        else visit(record, context.lines);
        return null;
      },
      on_skip: (error) => {
        visit([], lastLine, `has broken quoting (${error?.code ?? "unknown"})`);
        return undefined;
      },
    });
  } catch (error) {
    // csv-parse throws at what it cannot skip, such as a quote that never closes.
    if (!(error instanceof CsvError)) throw error;
    visit([], lastLine, `has broken quoting (${error.code})`);
  }
}

function fieldsFault(found: number, expected: number, last: boolean): RowFault {
  return {
    reason: `has ${found} fields where the header has ${expected}`,
    expected: last ? "a complete last row: the file may be cut off" : `${expected} fields`,
  };
}

/** Reads the fields of one row into the draft's open row. */
class CsvRow {
  readonly #shape: CsvShape;
  readonly #draft: Draft;
  readonly #iso: IsoScanner | undefined;
  readonly #timeExponent: number;
  readonly #arrival: number;
  readonly #input: number;
  readonly #output: number;
  readonly #extra: boolean;
  readonly #hasPins: boolean;

  constructor(shape: CsvShape, draft: Draft) {
    const { columns } = shape;
    this.#shape = shape;
    this.#draft = draft;
    this.#iso = shape.timeUnit === "iso" ? new IsoScanner() : undefined;
    this.#timeExponent = shape.timeUnit === "iso" ? 0 : EXPONENT_TO_US[shape.timeUnit];
    this.#arrival = columns.arrival ?? -1;
    this.#input = columns.input ?? -1;
    this.#output = columns.output ?? -1;
    this.#hasPins = [...PIN_ROLES, "allowed_workers" as const].some(
      (role) => columns[role] !== undefined,
    );
    this.#extra =
      shape.images !== undefined ||
      Object.keys(columns).some((role) => !["arrival", "input", "output"].includes(role));
  }

  read(bytes: Uint8Array, from: Int32Array, to: Int32Array, line: number): RowFault | undefined {
    const draft = this.#draft;
    const timeFrom = from[this.#arrival]!;
    const timeTo = to[this.#arrival]!;
    const time =
      this.#iso === undefined
        ? Math.round(scanDecimal(bytes, timeFrom, timeTo, this.#timeExponent))
        : this.#iso.scan(bytes, timeFrom, timeTo);
    if (time >= 0 && time <= LATEST_US) {
      draft.rowTimeUs = time;
    } else {
      if (!isBlank(bytes, timeFrom, timeTo)) {
        return this.#timeFault("arrival", time, bytes, timeFrom, timeTo);
      }
      draft.rowTimeUs = NaN;
    }
    const input = scanCount(bytes, from[this.#input]!, to[this.#input]!);
    if (input < 0) return this.#countFault("input", input, bytes, from, to);
    draft.rowInput = input;
    const output = scanCount(bytes, from[this.#output]!, to[this.#output]!);
    if (output < 0) return this.#countFault("output", output, bytes, from, to);
    draft.rowOutput = output;
    if (this.#extra) {
      const fault = this.#readExtra(bytes, from, to);
      if (fault !== undefined) return fault;
    }
    return draft.commit(line);
  }

  #readExtra(bytes: Uint8Array, from: Int32Array, to: Int32Array): RowFault | undefined {
    const draft = this.#draft;
    const { columns, images } = this.#shape;
    const names = draft.labelNames;
    if (columns.session !== undefined) {
      const start = from[columns.session]!;
      const end = to[columns.session]!;
      const blank = isBlank(bytes, start, end);
      draft.rowSession = blank ? -1 : draft.sessionNames.codeOf(bytes, start, end);
    }
    if (columns.model !== undefined) {
      draft.rowModel = names.model.codeOf(bytes, from[columns.model]!, to[columns.model]!);
    }
    if (columns.tenant !== undefined) {
      draft.rowTenant = names.tenant.codeOf(bytes, from[columns.tenant]!, to[columns.tenant]!);
    }
    if (columns.class !== undefined) {
      draft.rowClass = names.class.codeOf(bytes, from[columns.class]!, to[columns.class]!);
    }
    if (images !== undefined) {
      const count = scanCount(bytes, from[images]!, to[images]!);
      if (count < 0) {
        return countFault(this.#name(images), count, quotation(bytes, from[images]!, to[images]!));
      }
      const kind = count > 0 ? IMAGE_CLASS : TEXT_CLASS;
      draft.rowClass = names.class.codeOf(kind, 0, kind.length);
    }
    return this.#readNumbers(bytes, from, to);
  }

  #readNumbers(bytes: Uint8Array, from: Int32Array, to: Int32Array): RowFault | undefined {
    const draft = this.#draft;
    const { columns, delayUnit, elapsedUnit } = this.#shape;
    const { delay, elapsed, priority } = columns;
    if (delay !== undefined) {
      const exponent = EXPONENT_TO_US[delayUnit];
      draft.rowDelayUs = Math.round(scanDecimal(bytes, from[delay]!, to[delay]!, exponent));
      if (!legalSpan(draft.rowDelayUs, bytes, from[delay]!, to[delay]!)) {
        return this.#timeFault("delay", draft.rowDelayUs, bytes, from[delay]!, to[delay]!);
      }
    }
    if (elapsed !== undefined) {
      const exponent = EXPONENT_TO_US[elapsedUnit];
      draft.rowElapsedUs = Math.round(scanDecimal(bytes, from[elapsed]!, to[elapsed]!, exponent));
      if (!legalSpan(draft.rowElapsedUs, bytes, from[elapsed]!, to[elapsed]!)) {
        return this.#timeFault("elapsed", draft.rowElapsedUs, bytes, from[elapsed]!, to[elapsed]!);
      }
    }
    if (priority !== undefined && !isBlank(bytes, from[priority]!, to[priority]!)) {
      draft.rowPriority = scanDecimal(bytes, from[priority]!, to[priority]!, 0);
      if (draft.rowPriority !== draft.rowPriority) {
        const quote = quotation(bytes, from[priority]!, to[priority]!);
        return { column: this.#name(priority), reason: "is not a number", quote };
      }
    } else draft.rowPriority = 0;
    return this.#hasPins ? this.#readPins(bytes, from, to) : undefined;
  }

  #readPins(bytes: Uint8Array, from: Int32Array, to: Int32Array): RowFault | undefined {
    const { pins } = this.#draft;
    const { columns } = this.#shape;
    pins.clear();
    for (const role of [...PIN_ROLES, "allowed_workers"] as const) {
      const index = columns[role];
      if (index === undefined) continue;
      const start = from[index]!;
      const end = to[index]!;
      if (isBlank(bytes, start, end)) continue;
      const isList = role === "allowed_workers";
      const worker = isList ? NaN : scanDecimal(bytes, start, end, 0);
      const expected = isList
        ? pins.allow(spacedWorkers(bytes, start, end))
        : pins.set(role, Number.isNaN(worker) ? NO_WORKER : worker);
      if (expected === "") continue;
      const quote = quotation(bytes, start, end);
      const reason = isList ? "is no list of workers" : "is no worker";
      return { column: this.#name(index), reason, quote, expected };
    }
    return undefined;
  }

  #name(index: number): string {
    return this.#shape.names[index]!.trim();
  }

  #countFault(
    role: Role,
    code: number,
    bytes: Uint8Array,
    from: Int32Array,
    to: Int32Array,
  ): RowFault {
    const index = this.#shape.columns[role]!;
    return countFault(this.#name(index), code, quotation(bytes, from[index]!, to[index]!));
  }

  #timeFault(role: Role, value: number, bytes: Uint8Array, from: number, to: number): RowFault {
    const iso = role === "arrival" && this.#iso !== undefined;
    return {
      column: this.#name(this.#shape.columns[role]!),
      reason: timeReason(value, iso),
      quote: quotation(bytes, from, to),
      expected: iso
        ? "a time as YYYY-MM-DD HH:MM:SS with optional fraction and zone, 1970 to 2100"
        : `${TIME_EXPECTED} (in ${role === "arrival" ? this.#shape.timeUnit : "its unit"})`,
    };
  }
}

/** What is wrong with a time that is out of bounds or NaN. */
export function timeReason(value: number, iso: boolean): string {
  if (value < 0) return "is negative";
  if (value > LATEST_US) return "is absurdly late";
  return iso ? "is not a calendar time" : "is not a finite number";
}

/** A delay or duration: absent, or not negative and finite. */
function legalSpan(value: number, bytes: Uint8Array, from: number, to: number): boolean {
  return value === value ? value >= 0 && value <= LATEST_US : isBlank(bytes, from, to);
}

/** The header's fields as text. */
export function csvHeader(bytes: Uint8Array, delimiter: number): string[] {
  const rows = new CsvRows(bytes, HEADER_LIMIT, delimiter);
  if (!rows.next()) return [];
  const names: string[] = [];
  for (let i = 0; i < Math.min(rows.fields, HEADER_LIMIT); i++) {
    names.push(textOf(bytes, rows.from[i], rows.to[i]));
  }
  return names;
}

/** Columns looked at in a header (assumption: wider files are not request traces). */
const HEADER_LIMIT = 1000;
