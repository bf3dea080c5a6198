/** Least outstanding tokens: prompts and expected outputs in the router's care, instead of requests. */

import type { Stream } from "../../core/index.ts";
import { leastScore } from "./pick.ts";
import type { Router, RouterPolicy, RouterRequest, RouterView } from "./router.ts";

class LeastTokens implements Router {
  decide(view: RouterView, _request: RouterRequest, _nowUs: number, random: Stream): number {
    const { book, candidates, scores } = view;
    for (let i = 0; i < view.candidateCount; i++) {
      const worker = candidates[i]!;
      scores[worker] = book.contextTokens[worker]! + book.expectedTokens[worker]!;
    }
    view.rule = "fewest tokens outstanding";
    return leastScore(view, random);
  }
}

export const leastTokens: RouterPolicy = {
  meta: {
    name: "least_tokens",
    title: "Least outstanding tokens",
    source:
      "least-work-left balancing with tokens as work (token-load scorers of llm-d and AIBrix)",
    wins: "lengths vary widely and little is shared: balances what the engines really do",
    loses: "blind to prefixes; a token of prompt and a token of output cost different times",
    knobs: [],
  },
  create: () => new LeastTokens(),
};
