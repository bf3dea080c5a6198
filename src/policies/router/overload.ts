/** Busy thresholds: who is beyond one of them gets nothing until it is not. */

import type { LoadBook } from "./load-book.ts";
import type { RouterSetup } from "./router-setup.ts";

/** Whether there is any threshold at all. */
export function hasBusyLimits(setup: RouterSetup): boolean {
  const { busyBlocksShare, busyPrefillTokens, busyPrefillShare } = setup;
  return Math.min(busyBlocksShare, busyPrefillTokens, busyPrefillShare) < Infinity;
}

/**
 * Whether a worker is beyond one of the thresholds. Where its ranks are targets of their own, it is only when all of them are
 * (Dynamo's worker monitor, `WorkerLoadState::is_busy`); until then the full ones may be chosen too, at their cost.
 */
export function isOverloaded(worker: number, book: LoadBook, setup: RouterSetup): boolean {
  const { ranks } = setup.facts[worker]!;
  if (ranks === undefined) return isBeyond(worker, book, setup);
  for (let i = 0; i < ranks.count; i++) {
    if (!isBeyond(ranks.first + i, book, setup)) return false;
  }
  return true;
}

function isBeyond(worker: number, book: LoadBook, setup: RouterSetup): boolean {
  const { busyBlocksShare, busyPrefillTokens, busyPrefillShare } = setup;
  const { blocks, maxBatchedTokens } = setup.facts[worker]!;
  const tokens = book.prefillTokens[worker]!;
  return (
    book.blocks[worker]! > busyBlocksShare * blocks ||
    tokens > busyPrefillTokens ||
    tokens > busyPrefillShare * maxBatchedTokens
  );
}
