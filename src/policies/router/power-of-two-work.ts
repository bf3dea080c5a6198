/** Power of two choices on predicted work: of two workers drawn, the one that would be done with all its prompts first. */

import type { Stream } from "../../core/index.ts";
import type { Router, RouterPolicy, RouterRequest, RouterView } from "./router.ts";

/** Tokens of context that cost a decode step as much as one prompt token costs a prefill (assumption). */
const CONTEXT_PER_TOKEN = 50;

class PowerOfTwoWork implements Router {
  readonly needs = { prefix: true };

  decide(view: RouterView, request: RouterRequest, _nowUs: number, random: Stream): number {
    const { candidates, candidateCount: count } = view;
    const one = random.int(count);
    if (count === 1) return candidates[one]!;
    const draw = random.int(count - 1);
    const two = draw >= one ? draw + 1 : draw;
    const first = candidates[Math.min(one, two)]!;
    const second = candidates[Math.max(one, two)]!;
    const ofFirst = work(view, request, first);
    const ofSecond = work(view, request, second);
    view.scores[first] = ofFirst;
    view.scores[second] = ofSecond;
    view.rule = "less work of two drawn";
    return ofSecond < ofFirst ? second : first;
  }
}

/** Prompt tokens to compute before the first token, and the context that slows them, in prompt tokens. */
function work(view: RouterView, request: RouterRequest, worker: number): number {
  const { blockSize } = view.facts[worker]!;
  const fresh = Math.max(0, request.inputTokens - view.reach[0][worker]! * blockSize);
  const { prefillTokens, contextTokens } = view.book;
  return fresh + prefillTokens[worker]! + contextTokens[worker]! / CONTEXT_PER_TOKEN;
}

export const powerOfTwoWork: RouterPolicy = {
  meta: {
    name: "power_of_two_work",
    title: "Power of two choices on work",
    source: "Mitzenmacher (1996), with predicted prompt tokens and context as the load",
    wins: "several unsynchronised routers or stale events: no herding, and sizes count",
    loses: "one router with fresh events: the best worker is mostly not among the two drawn",
    knobs: [],
  },
  create: () => new PowerOfTwoWork(),
};
