/**
 * Kendall's rank correlation τ-b: 1 when two lists of numbers rank alike, −1 when they rank in
 * reverse.
 */

export type PairCount = {
  readonly concordant: number;
  readonly discordant: number;
  /** Pairs tied in the first list only, and in the second only. */
  readonly tiedFirst: number;
  readonly tiedSecond: number;
};

/**
 * Counts the pairs of two lists of equal length; pairs tied in both count nowhere, nor do those whose first
 * values are no further apart, relative to the smaller one, than the relative `noises` of both together.
 */
export function rankPairs(
  first: readonly number[],
  second: readonly number[],
  noises: readonly number[] = [],
): PairCount {
  const count = { concordant: 0, discordant: 0, tiedFirst: 0, tiedSecond: 0 };
  for (let i = 0; i < first.length; i++) {
    for (let j = i + 1; j < first.length; j++) {
      const [low, high] = [Math.min(first[i]!, first[j]!), Math.max(first[i]!, first[j]!)];
      const [own, other] = [noises[i] ?? 0, noises[j] ?? 0];
      const noise = Math.sqrt(own * own + other * other);
      if (noise > 0 && high <= low * (1 + noise)) continue;
      const a = Math.sign(first[i]! - first[j]!);
      const b = Math.sign(second[i]! - second[j]!);
      if (a === 0 && b === 0) continue;
      if (a === 0) count.tiedFirst++;
      else if (b === 0) count.tiedSecond++;
      else if (a === b) count.concordant++;
      else count.discordant++;
    }
  }
  return count;
}

/** τ-b of the pairs of one or several groups; NaN without an untied pair. */
export function kendallTau(counts: readonly PairCount[]): number {
  let [concordant, discordant, tiedFirst, tiedSecond] = [0, 0, 0, 0];
  for (const count of counts) {
    concordant += count.concordant;
    discordant += count.discordant;
    tiedFirst += count.tiedFirst;
    tiedSecond += count.tiedSecond;
  }
  const untied = concordant + discordant;
  const scale = Math.sqrt((untied + tiedFirst) * (untied + tiedSecond));
  return scale === 0 ? NaN : (concordant - discordant) / scale;
}
