/** All admission policies by name. */

import { ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { policyWithKnobs } from "../meta.ts";
import type { Admission, AdmissionPolicy } from "./admission.ts";
import { earlyRejection } from "./early-rejection.ts";
import { priorityShedding } from "./priority-shedding.ts";
import { queueLimit } from "./queue-limit.ts";
import { classLimit, tenantLimit } from "./share-limits.ts";

export const admissionPolicies: readonly AdmissionPolicy[] = [
  queueLimit,
  tenantLimit,
  classLimit,
  earlyRejection,
  priorityShedding,
];

/** The policy of that name with its knobs checked and defaults filled in. Errors: an unknown name or knob, a value out of range. */
export function createAdmission(
  name: string,
  knobs: Readonly<Record<string, number>>,
  where: string,
): Result<{ readonly policy: AdmissionPolicy; readonly admission: Admission }> {
  const found = policyWithKnobs(admissionPolicies, name, knobs, {
    name: `${where}.policy`,
    knobs: `${where}.knobs`,
  });
  if (!found.ok) return found;
  const { policy, knobs: values } = found.value;
  return ok({ policy, admission: policy.create(values) });
}
