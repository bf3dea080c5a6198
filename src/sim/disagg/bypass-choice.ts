import { ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { bypassPolicies, policyWithKnobs } from "../../policies/index.ts";
import type { Bypass } from "../../policies/index.ts";
import type { DisaggKnobs } from "./disagg-schema.ts";

/** The policy of a scenario; undefined: every prompt takes the hop. Errors: an unknown policy or knob, a value out of range. */
export function bypassOf({ conditional }: DisaggKnobs): Result<Bypass | undefined> {
  if (conditional.policy === null) return ok(undefined);
  const found = policyWithKnobs(bypassPolicies, conditional.policy, conditional.knobs, {
    name: "disagg.conditional.policy",
    knobs: "disagg.conditional.knobs",
  });
  return found.ok ? ok(found.value.policy.create(found.value.knobs)) : found;
}
