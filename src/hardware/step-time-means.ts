/** The prompt tokens of a step as Dynamo's simulator counts them: from integer means. */
import type { StepShape } from "./step-time.ts";

/**
 * Prompt tokens of a step as AISimulate prices them:
 * n · (⌊Σ(past + new) / n⌋ − ⌊Σ past / n⌋) for n prefill requests.
 *
 * Its scheduler hands the timing model the batch size and two means, each an integer division, so
 * that the product can miss the true number of new tokens by up to n − 1 in either direction. It
 * is never 0: every prefill request has at least one new token.
 *
 * Source: ai-dynamo/aisimulate, crates/core/src/engine/scheduler/vllm/core.rs
 * (`predict_prefill_duration`) and engine/common/perf_model.rs (`predict_prefill_time`).
 */
export function prefillTokensOfMeans(shape: StepShape): number {
  const requests = shape.prefillRequests;
  const past = shape.prefillPastTokens;
  const meanEnd = Math.floor((past + shape.prefillTokens) / requests);
  return requests * (meanEnd - Math.floor(past / requests));
}
