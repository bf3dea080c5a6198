/** Bad rows and repairs of one import: counted by reason, the first ones named in full. */

import { fail, type Failed } from "../core/index.ts";
import type { ImportNote } from "./trace.ts";
import {
  COUNT_ABSURD,
  COUNT_EMPTY,
  COUNT_FRACTION,
  COUNT_NEGATIVE,
  TOKENS_LIMIT,
} from "./scan-number.ts";

/** Named in full when an import fails; the others are only counted. */
const NAMED_FAULTS = 3;

/** One bad place. `reason` repeats from row to row, `quote` is the text found there. */
export type RowFault = {
  /** Column or key the fault is in; absent when the whole row is at fault. */
  readonly column?: string;
  readonly reason: string;
  readonly quote?: string;
  readonly expected?: string;
  /** Byte within the line, counted from 1. */
  readonly byte?: number;
};

const TOKENS_EXPECTED = `a whole number of tokens from 0 to ${TOKENS_LIMIT}`;
export const TIME_EXPECTED = "a time, not negative and before the year 2100";

/** The fault behind a negative result of `scanCount`. */
export function countFault(column: string, code: number, quote: string): RowFault {
  const expected = TOKENS_EXPECTED;
  if (code === COUNT_EMPTY) return { column, reason: "is empty", expected };
  if (code === COUNT_NEGATIVE) return { column, reason: "is negative", quote, expected };
  if (code === COUNT_FRACTION) return { column, reason: "is not a whole number", quote, expected };
  if (code === COUNT_ABSURD) return { column, reason: "is absurdly large", quote, expected };
  return { column, reason: "is not a number", quote, expected };
}

/** Collects notes and faults while a file is read. */
export class RowFaults {
  readonly #name: string;
  readonly #maxBadRows: number;
  readonly #notes = new Map<string, { rows: number; where: string | undefined }>();
  readonly #named: string[] = [];
  #first: { fault: RowFault; where: string } | undefined;
  #count = 0;

  constructor(name: string, maxBadRows: number) {
    this.#name = name;
    this.#maxBadRows = maxBadRows;
  }

  get count(): number {
    return this.#count;
  }

  /** Counts something that happened to rows; the first place is kept. */
  note(reason: string, line?: number, rows = 1): void {
    const note = this.#notes.get(reason);
    if (note !== undefined) note.rows += rows;
    else this.#notes.set(reason, { rows, where: line === undefined ? undefined : `line ${line}` });
  }

  /** Counts a bad row; false when the limit is passed and reading must stop. */
  reject(line: number, fault: RowFault): boolean {
    this.#count++;
    const column = fault.column === undefined ? "" : `, column ${fault.column}`;
    const byte = fault.byte === undefined ? "" : `, byte ${fault.byte}`;
    const where = `line ${line}${column}${byte}`;
    this.#first ??= { fault, where };
    if (this.#named.length < NAMED_FAULTS) this.#named.push(`${where}: ${sentence(fault)}`);
    const reason = `bad row skipped: ${fault.column ?? "row"} ${fault.reason}`;
    const note = this.#notes.get(reason);
    if (note !== undefined) note.rows++;
    else this.#notes.set(reason, { rows: 1, where });
    return this.#count <= this.#maxBadRows;
  }

  /** The problem of an import that met more bad rows than allowed. */
  failure(): Failed {
    const { fault, where } = this.#first!;
    if (this.#maxBadRows === 0) {
      return fail({
        what: sentence(fault),
        where: `${this.#name}, ${where}`,
        ...(fault.expected === undefined ? {} : { expected: fault.expected }),
        remedy: "mend the row, or skip and count bad rows with --max-bad-rows N",
      });
    }
    return fail({
      what:
        `more than ${this.#maxBadRows} bad rows (the limit of --max-bad-rows); ` +
        `the first: ${this.#named.join("; ")}`,
      where: `${this.#name}, ${where}`,
      ...(fault.expected === undefined ? {} : { expected: fault.expected }),
      remedy: "check the format and the columns, mend the rows, or raise --max-bad-rows",
    });
  }

  importLog(): ImportNote[] {
    return Array.from(this.#notes, ([reason, { rows, where }]) =>
      where === undefined ? { reason, rows } : { reason, rows, where },
    );
  }
}

function sentence(fault: RowFault): string {
  const subject = fault.column ?? "the row";
  return fault.quote === undefined
    ? `${subject} ${fault.reason}`
    : `${subject} ${fault.quote} ${fault.reason}`;
}
