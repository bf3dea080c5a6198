/** What a desk tells of a choice that it has not made. */

import type { RouterNeeds, RouterRequest, RouterState } from "../policies/index.ts";
import type { Worker } from "./worker.ts";

/** What a router would do with a request, and what it knows of the worker it would choose. */
export type Peek = {
  worker: Worker | null;
  /** Leading prompt tokens on the worker's device. */
  cachedTokens: number;
  /** Prompt tokens booked and not computed yet, and its part of those that wait at the router, over max_num_batched_tokens. */
  prefillLoad: number;
  /** KV blocks of active requests over those of the worker. */
  kvShare: number;
};

/**
 * Fills in what a router knows of the worker that it would choose. `waitingTokens`: of the prompts that wait at the router; all
 * workers that are up will share them (assumption: evenly). Without them no load beyond the queue's threshold could be seen.
 */
export function fillPeek(
  peek: Peek,
  state: RouterState,
  request: RouterRequest,
  choice: number,
  waitingTokens: number,
): void {
  const facts = state.facts[choice]!;
  peek.cachedTokens = state.cachedTokensOn(request, choice);
  const ahead = state.book.prefillTokens[choice]! + waitingTokens / state.upCount;
  peek.prefillLoad = ahead / facts.maxBatchedTokens;
  peek.kvShare = state.book.blocks[choice]! / facts.blocks;
}

/** What has to be kept up to date for two policies on one state. */
export function bothNeeds(one: RouterNeeds, other: RouterNeeds): RouterNeeds {
  const indexes = [one, other].filter(({ prefix }) => prefix === true);
  return {
    ...other,
    ...one,
    prefix: indexes.length > 0,
    ownIndex: indexes.every(({ ownIndex }) => ownIndex === true),
    scrapes: one.scrapes === true || other.scrapes === true,
    outputs: one.outputs === true || other.outputs === true,
  };
}
