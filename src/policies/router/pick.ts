/** How a policy picks from scores: the least with random ties, or a softmax over normalised scores. */

import { exp } from "../../core/index.ts";
import type { Stream } from "../../core/index.ts";
import { NO_WORKER } from "./router.ts";
import type { RouterView } from "./router.ts";

/** The candidate with the least score; the k-th that ties replaces the choice with probability 1/k. */
export function leastScore(view: RouterView, random: Stream): number {
  const { candidates, candidateCount: count, scores } = view;
  let best = NO_WORKER;
  let bestScore = Infinity;
  let ties = 0;
  for (let i = 0; i < count; i++) {
    const worker = candidates[i]!;
    const score = scores[worker]!;
    if (score < bestScore) {
      best = worker;
      bestScore = score;
      ties = 1;
    } else if (score === bestScore && random.int(++ties) === 0) best = worker;
  }
  return best === NO_WORKER ? candidates[0]! : best;
}

/** One of the candidates that have just this score, the least; each is as likely. Of no such: the first. */
export function oneThatScores(view: RouterView, least: number, random: Stream): number {
  const { candidates, candidateCount: count, scores } = view;
  let picked = candidates[0]!;
  let ties = 0;
  for (let i = 0; i < count; i++) {
    const worker = candidates[i]!;
    if (scores[worker] !== least) continue;
    ties++;
    if (ties === 1 || random.int(ties) === 0) picked = worker;
  }
  return picked;
}

/**
 * Draws a candidate with probability ∝ exp(−(score − min)/((max − min)·temperature)): scores are normalised to their
 * span, so that the temperature has no unit. All equal: uniform. Temperature 0: `leastScore`.
 */
export function softmaxScore(view: RouterView, temperature: number, random: Stream): number {
  if (temperature === 0) return leastScore(view, random);
  const { candidates, candidateCount: count, scores } = view;
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < count; i++) {
    const score = scores[candidates[i]!]!;
    if (score < least) least = score;
    if (score > most) most = score;
  }
  if (most === least) return candidates[random.int(count)]!;
  const scale = (most - least) * temperature;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += exp((least - scores[candidates[i]!]!) / scale);
  const draw = random.next() * sum;
  let passed = 0;
  for (let i = 0; i < count; i++) {
    passed += exp((least - scores[candidates[i]!]!) / scale);
    if (passed >= draw) return candidates[i]!;
  }
  return candidates[count - 1]!;
}
