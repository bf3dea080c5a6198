/** Rows of a table as records of text, for loaders that read many columns of a row. */

import type { Result } from "../../core/index.ts";
import { ok } from "../../core/index.ts";
import { parseTable } from "../calibrate/index.ts";

export class RowRecord {
  readonly line: number;
  private readonly cells: ReadonlyMap<string, string>;

  constructor(line: number, cells: ReadonlyMap<string, string>) {
    this.line = line;
    this.cells = cells;
  }

  /** The cell's text; empty when the table has no such column. */
  text(column: string): string {
    return this.cells.get(column) ?? "";
  }

  /** The cell as a number; NaN when it holds none. */
  number(column: string): number {
    const text = this.text(column);
    return text === "" ? NaN : Number(text);
  }

  /** The cell as a number, or a default where it is blank. */
  numberOr(column: string, fallback: number): number {
    const value = this.number(column);
    return Number.isNaN(value) ? fallback : value;
  }
}

/** All rows of a file. Problems: those of `parseTable`. */
export function parseRecords(
  name: string,
  text: string,
  needed: readonly string[],
): Result<RowRecord[]> {
  const parsed = parseTable(name, text, needed);
  if (!parsed.ok) return parsed;
  const header = (text.split(/\r?\n/, 1)[0] ?? "").replace(/^\uFEFF/, "").split(",");
  const columns = header.map((column) => [column, parsed.value.text(column)] as const);
  return ok(
    Array.from({ length: parsed.value.rows }, (_, i) => {
      const cells = new Map(columns.map(([column, cell]) => [column, cell[i]!]));
      return new RowRecord(i + 2, cells);
    }),
  );
}
