/** Pins of rows in exported files. */

import type { ByteWriter } from "./byte-writer.ts";
import { ALLOWED_NAME, allowedOf, pinColumnsOf } from "./row-pins.ts";
import type { RowPins } from "./trace.ts";

/** Appends a row's pins to the open object. */
export function writePins(writer: ByteWriter, pins: RowPins | undefined, row: number): void {
  if (pins === undefined) return;
  for (const [name, column] of pinColumnsOf(pins)) {
    if (column[row]! >= 0) writer.ascii(`, "${name}": ${column[row]!}`);
  }
  const allowed = allowedOf(pins.allowed, row);
  if (allowed !== undefined) writer.ascii(`, "${ALLOWED_NAME}": [${allowed.join(", ")}]`);
}

/** Columns of a CSV file: names, and the field of a row. Lists have blanks between their numbers. */
export function pinFields(
  pins: RowPins | undefined,
): readonly { readonly name: string; readonly field: (row: number) => string }[] {
  if (pins === undefined) return [];
  const fields = pinColumnsOf(pins).map(([name, column]) => ({
    name,
    field: (row: number) => (column[row]! < 0 ? "" : String(column[row]!)),
  }));
  const { allowed } = pins;
  if (allowed === undefined) return fields;
  const list = (row: number): string => allowedOf(allowed, row)?.join(" ") ?? "";
  return [...fields, { name: ALLOWED_NAME, field: list }];
}
