/** The report's `disagg`: what hand-offs between prefill and decode workers did and took. */

import { summaryOf } from "../latency-summary.ts";
import type { DisaggSummary } from "../disagg-summary.ts";
import type { Worker } from "../worker.ts";
import type { Handoffs } from "./handoffs.ts";

/** `null`: no pools of the roles prefill and decode. */
export function disaggSummary(
  handoffs: Handoffs | undefined,
  workers: readonly Worker[],
): DisaggSummary | null {
  if (handoffs === undefined) return null;
  let stagedPeak = 0;
  for (const { batch } of workers) {
    stagedPeak = Math.max(stagedPeak, batch.landing?.stagedPeak ?? 0);
  }
  const { stats, rules, conditional } = handoffs;
  return {
    handover: rules.handover,
    firstToken: rules.firstTokenComes ? "handed_over" : "decode_step",
    kvBytesPerToken: rules.bytesPerToken,
    handoffs: stats.handoffs,
    fallbacks: stats.fallbacks,
    timeouts: stats.timeouts,
    transferFailures: stats.failures,
    bytes: stats.bytes,
    reusedShare: stats.blocks === 0 ? null : 1 - stats.blocksMoved / stats.blocks,
    reserveMs: summaryOf(stats.reserveUs),
    transferMs: summaryOf(stats.transferUs),
    heldMs: summaryOf(stats.heldUs),
    conversionMs: summaryOf(stats.conversionUs),
    stagedBlocksPeak: stagedPeak,
    conditional:
      conditional === undefined
        ? null
        : {
            policy: conditional.policy,
            bypassedShort: conditional.short,
            bypassedPrefillBusy: conditional.prefillBusy,
            vetoed: conditional.vetoed,
            promptTokens: conditional.promptTokens,
            cachedTokens: conditional.cachedTokens,
          },
  };
}
