/** Text tables without lines: columns aligned by spaces. */

import { shownLength } from "./style.ts";

export type Align = "left" | "right";

export type TableOptions = {
  readonly align: readonly Align[];
  /** Spaces before each row. */
  readonly indent?: number;
  /** Spaces between columns. */
  readonly gap?: number;
};

/** Rows of cells → lines; short rows are filled up, colours are not counted as width. */
export function textTable(rows: readonly (readonly string[])[], options: TableOptions): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => shownLength(row[column] ?? ""))),
  );
  const indent = " ".repeat(options.indent ?? 0);
  const gap = " ".repeat(options.gap ?? 2);
  return rows.map((row) => {
    const cells = widths.map((width, column) => {
      const cell = row[column] ?? "";
      const fill = " ".repeat(width - shownLength(cell));
      return options.align[column] === "right" ? fill + cell : cell + fill;
    });
    return (indent + cells.join(gap)).trimEnd();
  });
}
