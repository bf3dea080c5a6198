import { moments, orNull, quantileSorted } from "./inspect-sample.ts";

export const LENGTH_LEVELS = [0.1, 0.25, 0.5, 0.75, 0.9, 0.99] as const;

export type LengthStatistics = {
  readonly mean: number | null;
  readonly sd: number | null;
  readonly min: number | null;
  readonly p10: number | null;
  readonly p25: number | null;
  readonly p50: number | null;
  readonly p75: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly max: number | null;
  /** Rows with a length of 0. */
  readonly zeros: number;
  /** Sum of the lengths. */
  readonly total: number;
  /** Values that at least 1 % of the rows share, the most frequent first, at most five. */
  readonly atoms: readonly Atom[];
};

export type Atom = { readonly tokens: number; readonly share: number };

const ATOM_SHARE = 0.01; // assumption: what a smooth distribution of 10³ values does not reach
const MAX_ATOMS = 5;

/** Moments, interpolated quantiles and atoms of one column of token counts. */
export function inspectLengths(tokens: Uint32Array): LengthStatistics {
  const sorted = tokens.slice().sort();
  const { mean, sd } = moments(tokens);
  const at = (q: number): number | null => orNull(quantileSorted(sorted, q));
  let zeros = 0;
  let total = 0;
  for (const length of tokens) {
    if (length === 0) zeros++;
    total += length;
  }
  return {
    mean: orNull(mean),
    sd: orNull(sd),
    min: at(0),
    p10: at(0.1),
    p25: at(0.25),
    p50: at(0.5),
    p75: at(0.75),
    p90: at(0.9),
    p99: at(0.99),
    max: at(1),
    zeros,
    total,
    atoms: atomsOf(sorted),
  };
}

function atomsOf(sorted: Uint32Array): Atom[] {
  const n = sorted.length;
  const atoms: Atom[] = [];
  for (let begin = 0; begin < n;) {
    let end = begin + 1;
    while (end < n && sorted[end] === sorted[begin]) end++;
    const share = (end - begin) / n;
    if (share >= ATOM_SHARE && end - begin > 1) atoms.push({ tokens: sorted[begin]!, share });
    begin = end;
  }
  return atoms.sort((a, b) => b.share - a.share || a.tokens - b.tokens).slice(0, MAX_ATOMS);
}
