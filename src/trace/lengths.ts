import { exp, ln, type Problem, type Stream } from "../core/index.ts";

/**
 * A distribution of token counts, as plain data. `min` and `max` clamp: what would lie outside
 * piles up at the limit, as it does in traces of services with a context limit.
 */
export type LengthSpec =
  | { readonly kind: "constant"; readonly tokens: number }
  | { readonly kind: "uniform"; readonly min: number; readonly max: number }
  | ({ readonly kind: "lognormal"; readonly mu: number; readonly sigma: number } & Limits)
  | ({ readonly kind: "lognormal-mean"; readonly mean: number; readonly p50: number } & Limits)
  | { readonly kind: "mixture"; readonly parts: readonly LengthPart[] }
  | LengthTable;

type Limits = { readonly min?: number; readonly max?: number };

export type LengthPart = { readonly weight: number; readonly of: LengthSpec };

/**
 * An empirical distribution: `tokens[i]` is the quantile at `levels[i]`, from 0 to 1, ascending.
 */
export type LengthTable = {
  readonly kind: "table";
  readonly levels: readonly number[];
  readonly tokens: readonly number[];
};

/** Draws integer token counts. */
export type LengthSampler = { next(): number };

/**
 * Cells of a tabulated inverse CDF: fine enough that a cell holds less than the rarest level, 0.1
 * %.
 */
const TABLE_CELLS = 8192;

/** A sampler of `spec` that draws from `random` alone. The spec must have passed `checkLengths`. */
export function lengthSampler(spec: LengthSpec, random: Stream): LengthSampler {
  switch (spec.kind) {
    case "constant":
      return { next: () => spec.tokens };
    case "uniform":
      return { next: () => spec.min + random.int(spec.max - spec.min + 1) };
    case "lognormal":
      return lognormalSampler(spec.mu, spec.sigma, spec, random);
    case "lognormal-mean": {
      // mean = p50 · exp(σ² ÷ 2)
      const sigma = Math.sqrt(2 * ln(spec.mean / spec.p50));
      return lognormalSampler(ln(spec.p50), sigma, spec, random);
    }
    case "mixture":
      return mixtureSampler(spec.parts, random);
    case "table":
      return tableSampler(spec, random);
  }
}

function lognormalSampler(
  mu: number,
  sigma: number,
  limits: Limits,
  random: Stream,
): LengthSampler {
  const { min = 1, max = 0xffffffff } = limits;
  return {
    next: () => Math.min(max, Math.max(min, Math.round(exp(mu + sigma * random.normal())))),
  };
}

function mixtureSampler(parts: readonly LengthPart[], random: Stream): LengthSampler {
  const samplers = parts.map((part) => lengthSampler(part.of, random));
  const cumulative: number[] = [];
  let total = 0;
  for (const part of parts) cumulative.push((total += part.weight));
  return {
    next: () => {
      const u = random.next() * total;
      let at = 0;
      while (at + 1 < samplers.length && u >= cumulative[at]!) at++;
      return samplers[at]!.next();
    },
  };
}

/** Tabulates the inverse CDF once, so that a draw costs one uniform and no logarithm. */
function tableSampler(table: LengthTable, random: Stream): LengthSampler {
  const cells = new Float64Array(TABLE_CELLS + 1);
  for (let i = 0; i <= TABLE_CELLS; i++) cells[i] = tableQuantile(table, i / TABLE_CELLS);
  return {
    next: () => {
      const u = random.next() * TABLE_CELLS;
      const cell = Math.floor(u);
      const low = cells[cell]!;
      return Math.round(low + (cells[cell + 1]! - low) * (u - cell));
    },
  };
}

/**
 * The q-quantile of a table, not rounded: log-linear between levels, so monotone; equal neighbours
 * are a flat, which is an atom; linear where a neighbour is below one token.
 */
export function tableQuantile(table: LengthTable, q: number): number {
  const { levels, tokens } = table;
  let at = 0;
  while (at + 2 < levels.length && q > levels[at + 1]!) at++;
  const low = tokens[at]!;
  const high = tokens[at + 1]!;
  if (low === high) return low;
  const share = (q - levels[at]!) / (levels[at + 1]! - levels[at]!);
  if (low < 1) return low + (high - low) * share;
  return low * exp(share * ln(high / low));
}

/** What is wrong with a distribution, if anything. `where` names it. */
export function checkLengths(spec: LengthSpec, where: string): Problem | undefined {
  const wrong = (what: string, expected: string): Problem => ({ what, where, expected });
  switch (spec.kind) {
    case "constant":
      return isCount(spec.tokens) ? undefined : wrong(`tokens is ${spec.tokens}`, COUNT);
    case "uniform":
      if (isCount(spec.min) && isCount(spec.max) && spec.min <= spec.max) return undefined;
      return wrong(`the range is ${spec.min} to ${spec.max}`, `min ≤ max, each ${COUNT}`);
    case "lognormal":
      if (spec.mu <= MAX_MU && spec.mu >= 0 && spec.sigma >= 0 && spec.sigma <= 10) break;
      return wrong(`mu is ${spec.mu}, sigma is ${spec.sigma}`, "mu from 0 to 20, sigma 0 to 10");
    case "lognormal-mean":
      if (spec.p50 >= 1 && spec.mean >= spec.p50 && spec.mean <= MAX_TOKENS) break;
      return wrong(
        `mean is ${spec.mean}, p50 is ${spec.p50}`,
        "1 ≤ p50 ≤ mean: a lognormal's mean is never below its median",
      );
    case "mixture":
      return checkMixture(spec.parts, where);
    case "table":
      return checkTable(spec, where);
  }
  const { min = 1, max = MAX_TOKENS } = spec;
  if (isCount(min) && isCount(max) && min <= max) return undefined;
  return wrong(`the limits are ${min} to ${max}`, `min ≤ max, each ${COUNT}`);
}

/** Longest length accepted anywhere, as for imported rows. */
const MAX_TOKENS = 10_000_000;
const MAX_MU = 20;
const COUNT = "a whole number from 0 to 10,000,000";

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_TOKENS;
}

function checkMixture(parts: readonly LengthPart[], where: string): Problem | undefined {
  let total = 0;
  for (const [i, part] of parts.entries()) {
    if (!(part.weight >= 0)) {
      return { what: `weight is ${part.weight}`, where: `${where}[${i}]`, expected: "≥ 0" };
    }
    const problem = checkLengths(part.of, `${where}[${i}]`);
    if (problem !== undefined) return problem;
    total += part.weight;
  }
  if (total > 0 && Number.isFinite(total)) return undefined;
  return { what: "the weights of a mixture sum to 0", where, expected: "a positive sum" };
}

function checkTable(table: LengthTable, where: string): Problem | undefined {
  const { levels, tokens } = table;
  const isAscending = (list: readonly number[], strictly: boolean): boolean =>
    list.every((x, i) => i === 0 || (strictly ? x > list[i - 1]! : x >= list[i - 1]!));
  if (levels.length !== tokens.length || levels.length < 2) {
    const what = `${levels.length} levels for ${tokens.length} quantiles`;
    return { what, where, expected: "as many of each, two or more" };
  }
  if (levels[0] !== 0 || levels.at(-1) !== 1 || !isAscending(levels, true)) {
    return { what: "the levels do not ascend from 0 to 1", where, expected: "0 < … < 1" };
  }
  if (isAscending(tokens, false) && tokens.every((t) => t >= 0 && t <= MAX_TOKENS)) {
    return undefined;
  }
  return { what: "the quantiles do not ascend", where, expected: "0 ≤ … ≤ 10,000,000, ascending" };
}
