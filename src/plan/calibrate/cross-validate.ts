/** A fit on all rows with its residuals, and the residuals of rows that a fit did not see. */
import type { Residuals } from "../../hardware/index.ts";
import { fitRobust, type FitProblem, type FreeParameter } from "./robust-fit.ts";

/** Rows a fit works on at most; more change the third digit only and take longer. */
const FIT_ROWS = 1500;
export const FOLDS = 3;

export type TableFit = Omit<FitProblem, "rows"> & {
  /** Rows of the table within the fitted domain. */
  readonly rows: Int32Array;
  /** Rows of one group (a shape) are held out together. */
  readonly groupOf: (row: number) => number;
};

/** Whole-number mix (murmur3's finaliser), so that folds do not follow the table's order. */
function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The fold that a group is held out with. */
export function foldOf(group: number): number {
  return mix(group) % FOLDS;
}

function thin(rows: readonly number[]): Int32Array {
  if (rows.length <= FIT_ROWS) return Int32Array.from(rows);
  const kept = new Int32Array(FIT_ROWS);
  for (let i = 0; i < FIT_ROWS; i++) kept[i] = rows[Math.floor((i * rows.length) / FIT_ROWS)]!;
  return kept;
}

/** The value below which `part` of the sorted numbers lie. */
export function quantileOf(sorted: Float64Array, part: number): number {
  if (sorted.length === 0) return NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
}

function errorsOf(fit: TableFit, values: Float64Array, rows: readonly number[]): number[] {
  return rows.map((row) => Math.abs(fit.predict(values, row) / fit.measured[row]! - 1));
}

/** Digits that are kept of a parameter: beyond the third nothing is measured. */
const DIGITS = 4;

/** Rounded to significant digits, through the shortest decimal text (the same everywhere). */
function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/**
 * Fits all rows, then each third of the groups from the other two thirds. Deterministic. Values come
 * in the order of `parameters`, rounded to four digits; residuals are those of the rounded values.
 */
export function crossValidate(fit: TableFit): { values: Float64Array; residuals: Residuals } {
  const all = [...fit.rows];
  const values = fitRobust({ ...fit, rows: thin(all) }).map(rounded);
  const held: number[] = [];
  const parameters: FreeParameter[] = fit.parameters.map((parameter, index) => ({
    ...parameter,
    initial: values[index]!,
  }));
  for (let fold = 0; fold < FOLDS; fold++) {
    const inside = (row: number): boolean => foldOf(fit.groupOf(row)) === fold;
    const seen = all.filter((row) => !inside(row));
    const unseen = all.filter(inside);
    if (seen.length < parameters.length || unseen.length === 0) continue;
    const refit = fitRobust({ ...fit, parameters, rows: thin(seen) });
    held.push(...errorsOf(fit, refit, unseen));
  }
  const errors = Float64Array.from(errorsOf(fit, values, all)).sort();
  const heldOut = Float64Array.from(held).sort();
  const part = (sorted: Float64Array, share: number): number => {
    const value = quantileOf(sorted, share);
    return Number.isFinite(value) ? rounded(value) : 0;
  };
  return {
    values,
    residuals: {
      rows: all.length,
      median: part(errors, 0.5),
      p90: part(errors, 0.9),
      heldOutMedian: part(heldOut, 0.5),
      heldOutP90: part(heldOut, 0.9),
    },
  };
}
