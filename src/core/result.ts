/**
 * Expected failures as values. A bad file or a bad scenario is a `Problem` with a place and a
 * remedy; only a broken invariant throws.
 */

/** What went wrong, where, what was expected and what to do about it. */
export type Problem = {
  /** What is wrong, in one short sentence without a final full stop. */
  readonly what: string;
  /** The place: file, line, column, field path. */
  readonly where?: string;
  /** What was expected there. */
  readonly expected?: string;
  /** What the user can do. */
  readonly remedy?: string;
};

export type Ok<T> = { readonly ok: true; readonly value: T };
export type Failed = { readonly ok: false; readonly problem: Problem };
export type Result<T> = Ok<T> | Failed;

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value };
}

export function fail(problem: Problem): Failed {
  return { ok: false, problem };
}

/** One to four lines for a terminal: what and where first, then expectation and remedy. */
export function problemText(problem: Problem): string {
  const lines = [problem.where === undefined ? problem.what : `${problem.where}: ${problem.what}`];
  if (problem.expected !== undefined) lines.push(`  expected: ${problem.expected}`);
  if (problem.remedy !== undefined) lines.push(`  remedy: ${problem.remedy}`);
  return lines.join("\n");
}

/** A broken law of the engine: a defect of the program, never of the input. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Throws `InvariantError` when a condition that the program guarantees does not hold. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
