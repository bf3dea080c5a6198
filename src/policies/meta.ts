/** What policies of every kind say about themselves, and how one is chosen by name: the only place where knobs are checked. */

import { fail, nearestNames, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";

/** What every policy says about itself; the CLI's help and the explorer's controls are made from it. */
export type PolicyMeta = {
  readonly name: string;
  readonly title: string;
  /** Where the idea comes from. */
  readonly source: string;
  readonly wins: string;
  readonly loses: string;
  readonly knobs: readonly PolicyKnob[];
};

export type PolicyKnob = {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly default: number;
};

/**
 * A policy of its kind by name, with its knobs checked against its `meta` and defaults filled in. Errors: an unknown name or
 * knob, a value out of range, each at its place (`where`: of the name and of the knobs in the scenario).
 */
export function policyWithKnobs<P extends { readonly meta: PolicyMeta }>(
  policies: readonly P[],
  name: string,
  knobs: Readonly<Record<string, number>>,
  where: { readonly name: string; readonly knobs: string },
): Result<{ readonly policy: P; readonly knobs: Readonly<Record<string, number>> }> {
  const policy = policies.find(({ meta }) => meta.name === name);
  if (policy === undefined) {
    const names = policies.map(({ meta }) => meta.name);
    return fail({
      what: `unknown policy "${name}"`,
      where: where.name,
      expected: names.join(", "),
      ...remedyOf(name, names),
    });
  }
  const values = checkKnobs(policy.meta, knobs, where.knobs);
  return values.ok ? ok({ policy, knobs: values.value }) : values;
}

/** Knobs with defaults filled in. */
function checkKnobs(
  meta: PolicyMeta,
  knobs: Readonly<Record<string, number>>,
  place: string,
): Result<Readonly<Record<string, number>>> {
  const values: Record<string, number> = {};
  for (const knob of meta.knobs) values[knob.name] = knob.default;
  for (const [key, value] of Object.entries(knobs)) {
    const knob = meta.knobs.find(({ name }) => name === key);
    const where = `${place}.${key}`;
    if (knob === undefined) {
      const names = meta.knobs.map(({ name }) => name);
      return fail({
        what: `${meta.name} has no knob "${key}"`,
        where,
        expected: names.length === 0 ? "no knobs" : `one of ${names.join(", ")}`,
        ...remedyOf(key, names),
      });
    }
    if (!(value >= knob.min && value <= knob.max)) {
      // A unit of 1 is none.
      const unit = knob.unit === "1" || knob.unit === "flag" ? "" : ` ${knob.unit}`;
      const expected = `${knob.min} to ${knob.max}${unit}`;
      return fail({ what: `${value} is out of range`, where, expected });
    }
    values[key] = value;
  }
  return ok(values);
}

/** The name that was probably meant. */
function remedyOf(name: string, names: readonly string[]): { readonly remedy?: string } {
  const [near] = nearestNames(name, names);
  return near === undefined ? {} : { remedy: `did you mean ${near}?` };
}
