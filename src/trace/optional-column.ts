/** Columns that most files do not have. */

import { F64Column, type I32Column } from "../core/index.ts";

/** Empty until some row has a value other than 0. */
export class OptionalColumn {
  readonly #values = new F64Column();

  get isUsed(): boolean {
    return this.#values.length > 0;
  }

  put(row: number, value: number): void {
    if (value === 0 && !this.isUsed) return;
    padTo(this.#values, row, 0);
    this.#values.push(value);
  }

  /** The values of the given rows. */
  gather(rows: Uint32Array): Float64Array {
    const values = this.#values.view();
    return Float64Array.from(rows, (row) => values[row] ?? 0);
  }
}

export function padTo(column: I32Column | F64Column, length: number, value: number): void {
  while (column.length < length) column.push(value);
}
