/** Prompts stay when the prefill worker they would go to has too much to do. */

import type { PolicyKnob } from "../meta.ts";
import { BYPASS_BUSY, BYPASS_NO } from "./bypass.ts";
import type { Bypass, BypassPolicy } from "./bypass.ts";

/**
 * Dynamo falls back to its router_queue_threshold (the host's business). Where that is unset too Dynamo never finds a worker
 * busy; 16 is the last default that the threshold had before it became unset (reference page `dynamo-policies.md`, 1.9).
 */
const BUSY_DEFAULT = 16;

export const LOAD_KNOBS: readonly PolicyKnob[] = [
  {
    name: "prefill_busy_threshold",
    description:
      "prompt tokens, booked or its part of those that wait at the router, above which a prefill worker is busy; unset: " +
      "router.queue.prefill_busy_threshold_frac where that is set",
    unit: "× max_num_batched_tokens",
    min: 0,
    max: 1e6,
    default: BUSY_DEFAULT,
  },
];

/** The rule over the load of the prefill worker; a load that nobody knows is none. */
export function loadBound(knobs: Readonly<Record<string, number>>): Bypass {
  const threshold = knobs["prefill_busy_threshold"] ?? BUSY_DEFAULT;
  return {
    decide: ({ prefillLoad }) => (prefillLoad > threshold ? BYPASS_BUSY : BYPASS_NO),
  };
}

export const prefillLoad: BypassPolicy = {
  meta: {
    name: "prefill_load",
    title: "Bypass busy prefill workers",
    source: "NVIDIA Dynamo's conditional disaggregation",
    wins: "bursts of prompts, and too few prefill workers: decode workers lend a hand",
    loses: "decode workers near their limits: long prompts stall who decodes there (set the veto)",
    knobs: LOAD_KNOBS,
  },
  create: loadBound,
};
