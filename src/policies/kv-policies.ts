/** All policies of KV tiers by kind and name. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { beladyEviction } from "./eviction/belady.ts";
import { costAwareEviction } from "./eviction/cost-aware.ts";
import type { EvictionPolicy } from "./eviction/eviction.ts";
import { lineageEviction } from "./eviction/lineage.ts";
import { lruEviction } from "./eviction/lru.ts";
import { multiLruEviction } from "./eviction/multi-lru.ts";
import { checkKnobs, type PolicyMeta } from "./meta.ts";
import { frequencyOffload } from "./offload/frequency.ts";
import type { OffloadPolicy } from "./offload/offload.ts";
import { passAllOffload } from "./offload/pass-all.ts";
import { presenceOffload } from "./offload/presence.ts";
import { alwaysOnboard } from "./onboard/always.ts";
import { neverOnboard } from "./onboard/never.ts";
import type { OnboardPolicy } from "./onboard/onboard.ts";
import { predictedOnboard } from "./onboard/predicted.ts";

export const evictionPolicies: readonly EvictionPolicy[] = [
  lruEviction,
  lineageEviction,
  multiLruEviction,
  costAwareEviction,
  beladyEviction,
];

export const offloadPolicies: readonly OffloadPolicy[] = [
  passAllOffload,
  presenceOffload,
  frequencyOffload,
];

export const onboardPolicies: readonly OnboardPolicy[] = [
  predictedOnboard,
  alwaysOnboard,
  neverOnboard,
];

/**
 * A policy of its kind by name, with its knobs checked against its `meta` and defaults filled in. Errors: an unknown name or
 * knob, a value out of range, each at its place.
 */
export function policyWithKnobs<P extends { readonly meta: PolicyMeta }>(
  policies: readonly P[],
  name: string,
  knobs: Readonly<Record<string, number>>,
  where: { readonly name: string; readonly knobs: string },
): Result<{ readonly policy: P; readonly knobs: Readonly<Record<string, number>> }> {
  const policy = policies.find(({ meta }) => meta.name === name);
  if (policy === undefined) {
    return fail({
      what: `unknown policy "${name}"`,
      where: where.name,
      expected: policies.map(({ meta }) => meta.name).join(", "),
    });
  }
  const values = checkKnobs(policy.meta, knobs, where.knobs);
  return values.ok ? ok({ policy, knobs: values.value }) : values;
}
