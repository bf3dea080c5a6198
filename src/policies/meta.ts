import { fail, ok } from "../core/index.ts";
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
 * Knobs of a policy with defaults filled in. Errors: a knob that it does not have, a value out of range; `where`: the
 * knobs' place in the scenario.
 */
export function checkKnobs(
  meta: PolicyMeta,
  knobs: Readonly<Record<string, number>>,
  where: string,
): Result<Readonly<Record<string, number>>> {
  const values: Record<string, number> = {};
  for (const knob of meta.knobs) values[knob.name] = knob.default;
  for (const [key, value] of Object.entries(knobs)) {
    const knob = meta.knobs.find(({ name }) => name === key);
    if (knob === undefined) {
      const names = meta.knobs.map(({ name }) => name).join(", ");
      return fail({
        what: `${meta.name} has no knob "${key}"`,
        where: `${where}.${key}`,
        expected: names === "" ? "no knobs" : `one of ${names}`,
      });
    }
    if (!(value >= knob.min && value <= knob.max)) {
      return fail({
        what: `${value} is out of range`,
        where: `${where}.${key}`,
        expected: `${knob.min} to ${knob.max} ${knob.unit}`,
      });
    }
    values[key] = value;
  }
  return ok(values);
}
