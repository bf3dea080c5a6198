/** A kernel's parameters from the rows of a measured table that hold it. */
import type { Fitted } from "../../hardware/index.ts";
import { crossValidate } from "./cross-validate.ts";
import type { FreeParameter, LinearSolver } from "./robust-fit.ts";
import type { Table } from "./table.ts";

const US_PER_MS = 1000;

/** One kernel to fit, by parameters `P`. */
export type KernelFit<P> = {
  /** Start and bounds of every parameter; a number alone is held there. */
  readonly parameters: { readonly [name in keyof P]: Omit<FreeParameter, "name"> | number };
  /** What the kernel of a row would take, µs. */
  readonly predictUs: (params: P, row: number) => number;
  /** Rows of the table within the fitted domain (`rowsWhere`). */
  readonly rows: readonly number[];
  /** Rows of one group (a shape) are held out together. */
  readonly groupOf: (row: number) => number;
};

/** Measured times in µs: column `latency_ms`. */
function measuredUs(table: Table): Float64Array {
  return table.numbers("latency_ms").map((ms) => ms * US_PER_MS);
}

/** Rows with a positive time that lie within a domain. */
export function rowsWhere(table: Table, isWithin: (row: number) => boolean): number[] {
  const measured = measuredUs(table);
  const rows: number[] = [];
  for (let i = 0; i < table.rows; i++) if (measured[i]! > 0 && isWithin(i)) rows.push(i);
  return rows;
}

/** Fits one kernel on its rows of the table, with residuals seen and held out (`crossValidate`). */
export function fitKernel<P extends { readonly [name in keyof P]: number }>(
  table: Table,
  fit: KernelFit<P>,
  solve: LinearSolver,
): Fitted<P> {
  const parameters: FreeParameter[] = [];
  const held: Record<string, number> = {};
  for (const [name, range] of Object.entries<Omit<FreeParameter, "name"> | number>(
    fit.parameters,
  )) {
    if (typeof range === "number") held[name] = range;
    else parameters.push({ name, ...range });
  }
  const paramsAt = (at: Float64Array): P => {
    const params: Record<string, number> = {};
    parameters.forEach(({ name }, place) => (params[name] = at[place]!));
    // Every name of P is either free or held, by the type of `parameters`.
    return { ...params, ...held } as P;
  };
  const { values, residuals } = crossValidate({
    parameters,
    predict: (at, row) => fit.predictUs(paramsAt(at), row),
    measured: measuredUs(table),
    rows: Int32Array.from(fit.rows),
    groupOf: fit.groupOf,
    solve,
  });
  return { params: paramsAt(values), residuals };
}
