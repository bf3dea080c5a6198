/** A function of a whole number of rows, computed once a number. */

/** Numbers of rows that are kept; larger ones are computed each time. */
const ROWS_MAX = 131_072;

export class RowMemo {
  readonly #compute: (rows: number) => number;
  #known = new Float64Array(1024);

  constructor(compute: (rows: number) => number) {
    this.#compute = compute;
  }

  /** Time for `rows` ≥ 0, a whole number; no rows take no time. */
  at(rows: number): number {
    if (rows < this.#known.length) {
      const known = this.#known[rows]!;
      if (known > 0 || rows <= 0) return known;
      const value = this.#compute(rows);
      this.#known[rows] = value;
      return value;
    }
    if (rows > ROWS_MAX) return this.#compute(rows);
    const grown = new Float64Array(Math.min(ROWS_MAX + 1, Math.max(rows + 1, rows * 2)));
    grown.set(this.#known);
    this.#known = grown;
    return this.at(rows);
  }
}
