import { ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { bypassPolicies, policyWithKnobs } from "../../policies/index.ts";
import type { Bypass } from "../../policies/index.ts";
import type { DisaggKnobs } from "./disagg-schema.ts";

const LOAD_KNOB = "prefill_busy_threshold";

/** Settings that decide on the hop. */
export type BypassSettings = {
  readonly disagg: DisaggKnobs;
  readonly router: { readonly queue: { readonly prefill_busy_threshold_frac: number | null } };
};

/**
 * The policy of a scenario; undefined: every prompt takes the hop. A prefill worker is busy where the router's queue says so,
 * unless the policy's own knob says otherwise (reference page `dynamo-policies.md`, 1.10). Errors: an unknown policy or knob,
 * a value out of range.
 */
export function bypassOf({ disagg, router }: BypassSettings): Result<Bypass | undefined> {
  const { policy, knobs: own } = disagg.conditional;
  if (policy === null) return ok(undefined);
  const { prefill_busy_threshold_frac: share } = router.queue;
  const known = bypassPolicies.find(({ meta }) => meta.name === policy)?.meta.knobs ?? [];
  const isLoadBound = known.some(({ name }) => name === LOAD_KNOB);
  const knobs = isLoadBound && share !== null ? { [LOAD_KNOB]: share, ...own } : own;
  const found = policyWithKnobs(bypassPolicies, policy, knobs, {
    name: "disagg.conditional.policy",
    knobs: "disagg.conditional.knobs",
  });
  return found.ok ? ok(found.value.policy.create(found.value.knobs)) : found;
}
