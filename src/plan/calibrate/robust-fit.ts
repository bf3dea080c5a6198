/** Robust least squares on relative errors: Levenberg–Marquardt with a soft-L1 loss. */
import { exp, ln } from "../../core/index.ts";

/** Solves A·x = b for a small symmetric matrix; undefined when A is singular. */
export type LinearSolver = (
  matrix: readonly (readonly number[])[],
  right: readonly number[],
) => readonly number[] | undefined;

/** A parameter to fit: all are positive and fitted in logarithms, within bounds. */
export type FreeParameter = {
  readonly name: string;
  readonly initial: number;
  readonly min: number;
  readonly max: number;
};

export type FitProblem = {
  readonly parameters: readonly FreeParameter[];
  /** Predicted value of a row, > 0. */
  readonly predict: (values: Float64Array, row: number) => number;
  readonly measured: Float64Array;
  /** Rows that are fitted. */
  readonly rows: Int32Array;
  readonly solve: LinearSolver;
};

/** Error from which on the loss grows linearly: 10 %, the drift between two versions of a kernel. */
const LOSS_SCALE = 0.1;
const ITERATIONS = 30;
const DERIVATIVE_STEP = 1e-5;
/** Fitting ends when an iteration gains less than this part of the loss. */
const GAIN_MIN = 1e-6;

/** 2·(√(1 + z²) − 1), near z² for small and 2·|z| for large errors. */
function softL1(residual: number): number {
  const z = residual / LOSS_SCALE;
  return 2 * (Math.sqrt(1 + z * z) - 1);
}

class Fit {
  readonly problem: FitProblem;
  readonly residuals: Float64Array;

  constructor(problem: FitProblem) {
    this.problem = problem;
    this.residuals = new Float64Array(problem.rows.length);
  }

  loss(values: Float64Array, residuals: Float64Array): number {
    const { rows, predict, measured } = this.problem;
    let sum = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const residual = ln(predict(values, row) / measured[row]!);
      residuals[i] = residual;
      sum += softL1(residual);
    }
    return sum;
  }

  /** Derivatives of every residual by the logarithm of one parameter. */
  slopes(values: Float64Array, index: number): Float64Array {
    const moved = Float64Array.from(values);
    moved[index] = values[index]! * (1 + DERIVATIVE_STEP);
    const { rows, predict, measured } = this.problem;
    const slopes = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const residual = ln(predict(moved, row) / measured[row]!);
      slopes[i] = (residual - this.residuals[i]!) / DERIVATIVE_STEP;
    }
    return slopes;
  }

  /** Weighted normal equations (JᵀWJ, −JᵀWr) of soft-L1 at the present residuals. */
  normal(values: Float64Array): { matrix: number[][]; right: number[] } {
    const slopes = this.problem.parameters.map((_, index) => this.slopes(values, index));
    const size = slopes.length;
    const matrix = Array.from({ length: size }, () => zeros(size));
    const right = zeros(size);
    for (let i = 0; i < this.residuals.length; i++) {
      const z = this.residuals[i]! / LOSS_SCALE;
      const weight = 1 / Math.sqrt(1 + z * z);
      for (let a = 0; a < size; a++) {
        const weighted = weight * slopes[a]![i]!;
        right[a]! -= weighted * this.residuals[i]!;
        for (let b = 0; b <= a; b++) matrix[a]![b]! += weighted * slopes[b]![i]!;
      }
    }
    for (let a = 0; a < size; a++) {
      for (let b = a + 1; b < size; b++) matrix[a]![b] = matrix[b]![a]!;
    }
    return { matrix, right };
  }
}

function zeros(size: number): number[] {
  return Array.from({ length: size }, () => 0);
}

function stepped(problem: FitProblem, values: Float64Array, step: readonly number[]): Float64Array {
  const next = new Float64Array(values.length);
  for (const [index, { min, max }] of problem.parameters.entries()) {
    // At most a factor of e a step, so that a wild step cannot leave the basin.
    const move = Math.max(-1, Math.min(1, step[index] ?? 0));
    next[index] = Math.max(min, Math.min(max, values[index]! * exp(move)));
  }
  return next;
}

/** The parameters that minimise Σ softL1(ln(predicted/measured)); deterministic. */
export function fitRobust(problem: FitProblem): Float64Array {
  const fit = new Fit(problem);
  let values: Float64Array = Float64Array.from(problem.parameters.map(({ initial }) => initial));
  let loss = fit.loss(values, fit.residuals);
  let damping = 1e-2;
  const trial = new Float64Array(fit.residuals.length);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const { matrix, right } = fit.normal(values);
    let gained = 0;
    for (let attempt = 0; attempt < 8 && gained === 0; attempt++) {
      const damped = matrix.map((row, a) =>
        row.map((value, b) => (a === b ? value * (1 + damping) + 1e-9 : value)),
      );
      const step = problem.solve(damped, right);
      const next = step === undefined ? values : stepped(problem, values, step);
      const nextLoss = fit.loss(next, trial);
      if (nextLoss < loss) {
        gained = loss - nextLoss;
        values = next;
        loss = nextLoss;
        fit.residuals.set(trial);
        damping = Math.max(1e-6, damping / 4);
      } else {
        damping *= 5;
      }
    }
    if (gained < GAIN_MIN * loss) break;
  }
  return values;
}
