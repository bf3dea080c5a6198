/**
 * What the fullest of a step's attention data parallel ranks computes of its prompts: ranks run in lock step, so that the one with
 * the most and the longest is waited for.
 */

import type { StepShape } from "../step-time.ts";

const SQRT_3 = 1.7320508075688772;

/** Prompts of a rank in a micro-batch. */
export type RankShape = {
  requests: number;
  newTokens: number;
  pastTokens: number;
  pairs: number;
};

/** Part of a step's prompts that the fullest of `dp` ranks has, as they are dealt out one by one. */
export function promptShare(prompts: number, dp: number): number {
  return dp === 1 || prompts === 0 ? 1 : Math.ceil(prompts / dp) / prompts;
}

/**
 * Fills `rank` with the fullest of `dp` ranks' part of a step, cut in `cp` by position and in `parts` micro-batches.
 *
 * Its prompts are longer than the step's mean by the expected maximum over the ranks that have as many. The totals of a step
 * tell how much its lengths vary: without past tokens twice the pairs are the sum of their squares. They are taken as spread
 * evenly over their range (assumption: the maximum of k is √3·(k − 1)/(k + 1) standard deviations above the mean then), and
 * as equal where parts of prompts were computed before.
 */
export function fillRank(
  shape: StepShape,
  { dp, cp }: { readonly dp: number; readonly cp: number },
  parts: number,
  rank: RankShape,
): void {
  const { prefillRequests: prompts, prefillTokens: tokens, prefillPairs: pairs } = shape;
  const share = promptShare(prompts, dp);
  let longer = 1;
  let evener = 1;
  if (dp > 1 && prompts > 1 && shape.prefillPastTokens === 0) {
    const most = Math.ceil(prompts / dp);
    const fullest = prompts - (most - 1) * dp;
    const mean = tokens / prompts;
    // Of the mean length of a rank's prompts, in units of the step's; unbiased: of what the lengths were drawn from.
    const spread = ((2 * pairs) / prompts / (mean * mean) - 1) * (prompts / (prompts - 1));
    const variance = Math.max(0, spread / most);
    longer += ((SQRT_3 * (fullest - 1)) / (fullest + 1)) * Math.sqrt(variance);
    evener += variance;
  }
  rank.requests = Math.max(1, (prompts * share) / parts);
  rank.newTokens = Math.ceil((tokens * share * longer) / cp / parts);
  rank.pastTokens = (shape.prefillPastTokens * share) / parts;
  rank.pairs = (pairs * share * longer * longer) / evener / cp / parts;
}
