/** A measured table as columns: plain CSV, numbers where a column is asked for as numbers. */
import { fail, ok, type Result } from "../../core/index.ts";

export class Table {
  readonly name: string;
  readonly rows: number;
  readonly #columns: ReadonlyMap<string, readonly string[]>;

  constructor(name: string, rows: number, columns: ReadonlyMap<string, readonly string[]>) {
    this.name = name;
    this.rows = rows;
    this.#columns = columns;
  }

  has(column: string): boolean {
    return this.#columns.has(column);
  }

  /** Cells as text; an empty list when the column is missing (see `parseTable`'s `needed`). */
  text(column: string): readonly string[] {
    return this.#columns.get(column) ?? [];
  }

  /** Cells as numbers; NaN where a cell holds none. */
  numbers(column: string): Float64Array {
    return Float64Array.from(this.text(column), (cell) => (cell === "" ? NaN : Number(cell)));
  }
}

/** A cell without the spaces and quotes around it. */
function bare(cell: string): string {
  const text = cell.trim();
  return /^".*"$/.test(text) ? text.slice(1, -1) : text;
}

/**
 * Reads a comma-separated table without commas in its cells. Problems: no rows, a missing column among `needed`, a
 * row of another width, two columns of one name; they name the file and the line.
 *
 * @param otherNames what a column may be called instead, and the name it is known by
 */
export function parseTable(
  name: string,
  text: string,
  needed: readonly string[],
  otherNames: Readonly<Record<string, string>> = {},
): Result<Table> {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === "") lines.pop();
  const header = (lines[0] ?? "")
    .replace(/^\uFEFF/, "")
    .split(",")
    .map(bare)
    .map((column) => (Object.hasOwn(otherNames, column) ? otherNames[column]! : column));
  const twice = header.find((column, i) => column !== "" && header.indexOf(column) < i);
  if (twice !== undefined) {
    return fail({ what: `there are two columns ${twice}`, where: `${name}, line 1` });
  }
  const missing = needed.find((column) => !header.includes(column));
  if (missing !== undefined) {
    return fail({
      what: `there is no column ${missing}`,
      where: `${name}, line 1`,
      expected: `columns ${needed.join(", ")}`,
    });
  }
  if (lines.length < 2) return fail({ what: "the table has no rows", where: name });
  const columns = header.map((): string[] => []);
  for (let i = 1; i < lines.length; i++) {
    const cells = lines[i]!.split(",");
    if (cells.length !== header.length) {
      return fail({
        what: `the row has ${cells.length} fields`,
        where: `${name}, line ${i + 1}`,
        expected: `${header.length} fields, as the header`,
      });
    }
    for (let c = 0; c < cells.length; c++) columns[c]!.push(bare(cells[c]!));
  }
  return ok(new Table(name, lines.length - 1, new Map(header.map((key, c) => [key, columns[c]!]))));
}
