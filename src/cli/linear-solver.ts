/** mathjs's LU decomposition for the fits of `calibrate`; loaded when a fit needs it (580 ms). */

import type { LinearSolver } from "../plan/index.ts";

/** A solver of small dense systems; singular ones give undefined. */
export async function linearSolver(): Promise<LinearSolver> {
  const { lusolve } = await import("mathjs");
  return (matrix, right) => {
    try {
      const column = lusolve(
        matrix.map((row) => [...row]),
        [...right],
      ) as number[][];
      return column.map(([value]) => value ?? NaN);
    } catch {
      // The only failure of LU on finite numbers: the matrix is singular.
      return undefined;
    }
  };
}
