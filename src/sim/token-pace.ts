/**
 * Speculative decoding's pace: how many tokens a decoding request gains in each step.
 *
 * Drafts are accepted by chance; here every request of a worker gains the same whole number of tokens in a step, and the
 * numbers are spread so that after any number of steps the sum is the expectation, rounded down. So a request's finish is known
 * in closed form and fast-forward stays exact; what is lost is that requests of equal length finish apart by luck.
 */

/** Fractions of a token are counted in these: exact in a float for the first eight billion steps. */
const UNITS = 65_536;

export class TokenPace {
  /** Mean tokens a step, the one that needs no draft included. */
  readonly perStep: number;
  /** Most tokens of one step. */
  readonly most: number;
  private readonly units: number;

  /** @param perStep mean tokens a step, at least 1; rounded to 1/65536 */
  constructor(perStep: number) {
    this.units = Math.max(UNITS, Math.round(perStep * UNITS));
    this.perStep = this.units / UNITS;
    this.most = Math.ceil(this.perStep);
  }

  /** Tokens of the first `steps` steps. */
  tokensAt(steps: number): number {
    return Math.floor((steps * this.units) / UNITS);
  }

  /** The fewest steps that give `tokens`. */
  stepsTo(tokens: number): number {
    if (tokens === Infinity) return Infinity;
    let steps = Math.ceil((tokens * UNITS) / this.units);
    while (this.tokensAt(steps) < tokens) steps++;
    while (steps > 0 && this.tokensAt(steps - 1) >= tokens) steps--;
    return steps;
  }
}

/**
 * Tokens a step gives on average: 1 + Σ over positions of the chance that all drafts up to it are accepted.
 *
 * @param rates chance that the draft at each position is accepted when those before it were
 */
export function meanTokens(rates: readonly number[]): number {
  let reached = 1;
  let tokens = 1;
  for (const rate of rates) {
    reached *= rate;
    tokens += reached;
  }
  return tokens;
}
