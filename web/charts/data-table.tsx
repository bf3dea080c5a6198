/** A chart's numbers as a table. */

import { numberText } from "../../src/core/index.ts";
import type { Table } from "./scene.ts";

/** Rows shown; the CSV has them all (assumption: what a page scrolls well). */
const ROWS_MOST = 500;

export function DataTable({ table, label }: { readonly table: Table; readonly label: string }) {
  const rows = table.rows.slice(0, ROWS_MOST);
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={`Table: ${label}`}>
      <table>
        <thead>
          <tr>
            {table.columns.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cellText(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {table.rows.length > rows.length ? (
        <p className="faint">
          {rows.length} of {table.rows.length} rows; the CSV file has them all.
        </p>
      ) : null}
    </div>
  );
}

export function cellText(cell: string | number | null): string {
  return typeof cell === "string" ? cell : numberText(cell);
}
