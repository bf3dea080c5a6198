/**
 * Routing limited to groups of experts: a token first chooses some groups, then experts among theirs. Groups lie on neighbouring
 * ranks, so a token's experts crowd on few of them.
 *
 * Source: DeepSeek-V3 technical report, 2.1.2 (arXiv 2412.19437): node-limited routing; n_group and topk_group in its
 * config.json. Which groups a token chooses is taken as even (assumption). Looked up after runs of DeepSeek-R1 on eight
 * Hopper GPUs took 15 % longer a token than predicted; nothing was fitted to them.
 */
import type { GroupChoice } from "../model-card.ts";

/** What a token chooses from. */
export type Choices = {
  readonly experts: number;
  readonly topK: number;
  readonly choice: GroupChoice;
};

/** Variance of the chosen among `drawn` of `all`, of which a part `share` counts. */
function hypergeometricVariance(all: number, drawn: number, share: number): number {
  return all > 1 ? (drawn * share * (1 - share) * (all - drawn)) / (all - 1) : 0;
}

/**
 * Variance of how many of a token's experts lie on one of `ranks`, beyond that of a free choice among all experts.
 */
export function crowdingVariance({ experts, topK, choice }: Choices, ranks: number): number {
  const { groups, topGroups } = choice;
  const among = (experts / groups) * topGroups;
  // Part of the experts to choose from that the rank holds: mean, and mean square over the choice of groups.
  const share = 1 / ranks;
  const held = groups / ranks;
  const square =
    held >= 1
      ? share * share +
        hypergeometricVariance(groups, held, topGroups / groups) / (topGroups * topGroups)
      : (share * share * groups) / topGroups;
  const drawn = (topK * (share - square) * (among - topK)) / (among - 1);
  const grouped = drawn + topK * topK * (square - share * share);
  return Math.max(0, grouped - hypergeometricVariance(experts, topK, share));
}
