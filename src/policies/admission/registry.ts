/** All admission policies by name. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
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
  const policy = admissionPolicies.find((candidate) => candidate.meta.name === name);
  if (policy === undefined) {
    const expected = admissionPolicies.map((candidate) => candidate.meta.name).join(", ");
    return fail({ what: `unknown admission policy "${name}"`, where: `${where}.policy`, expected });
  }
  const values: Record<string, number> = {};
  for (const knob of policy.meta.knobs) values[knob.name] = knob.default;
  for (const [key, value] of Object.entries(knobs)) {
    const knob = policy.meta.knobs.find((candidate) => candidate.name === key);
    const place = `${where}.knobs.${key}`;
    if (knob === undefined) {
      const expected = policy.meta.knobs.map((candidate) => candidate.name).join(", ");
      return fail({ what: `${name} has no knob "${key}"`, where: place, expected });
    }
    if (!(value >= knob.min && value <= knob.max)) {
      const expected = `${knob.min} to ${knob.max} ${knob.unit}`;
      return fail({ what: `${value} is out of range`, where: place, expected });
    }
    values[key] = value;
  }
  return ok({ policy, admission: policy.create(values) });
}
