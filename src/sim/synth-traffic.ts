/** A scenario's synthetic source → requests: generated on the fly where the recipe allows it. */

import { z } from "zod";
import { fail, nearestNames, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import {
  findRecipe,
  isStreamable,
  meanRatePerS,
  parametricRecipe,
  rowSource,
  synthesize,
} from "../trace/index.ts";
import type { SynthOptions, SynthRecipe } from "../trace/index.ts";
import { traceTraffic } from "./loaded-traffic.ts";
import type { LoadedTraffic } from "./loaded-traffic.ts";
import type { Scenario } from "./scenario.ts";

const US_PER_S = 1e6;

/** Keys of `traffic.source.parameters`, and flags of `trace synth` by the same names. */
const parameterSchema = z.strictObject({
  rows: z.int().positive().optional(),
  duration_s: z.number().positive().optional(),
  rate_scale: z.number().positive().optional(),
  rate_per_s: z.number().positive().optional(),
  input_mean: z.number().positive().optional(),
  input_p50: z.number().positive().optional(),
  output_mean: z.number().positive().optional(),
  output_p50: z.number().positive().optional(),
});

export type SynthParameters = z.output<typeof parameterSchema>;

/** Keys that only the parametric recipe has. */
const PARAMETRIC_KEYS = [
  "rate_per_s",
  "input_mean",
  "input_p50",
  "output_mean",
  "output_p50",
] as const;
const PARAMETRIC = "poisson-lognormal";

export type Synthesis = { readonly recipe: SynthRecipe; readonly options: SynthOptions };

/** The requests that the scenario's recipe makes under the scenario's seed. */
export function synthesizeTraffic(scenario: Scenario, name: string): Result<LoadedTraffic> {
  const where = "traffic.source";
  const plan = planSynthesis(name, scenario.traffic.source.parameters ?? {}, scenario.seed, where);
  if (!plan.ok) return plan;
  const { recipe, options } = plan.value;
  if (isStreamable(recipe)) {
    const rows = rowSource(recipe, options);
    const spanUs = expectedSpanUs(recipe, options);
    return rows.ok ? ok({ traffic: { rows: rows.value }, spanUs }) : rows;
  }
  const trace = synthesize(recipe, options);
  return trace.ok ? ok(traceTraffic(trace.value)) : trace;
}

/** About how long the generated requests arrive, µs: for progress and for the series' interval. */
function expectedSpanUs(recipe: SynthRecipe, options: SynthOptions): number {
  const perS = recipe.flows.reduce((sum, flow) => sum + meanRatePerS(flow.arrivals), 0);
  const rate = perS * (options.rateScale ?? 1);
  const byRows = options.rows === undefined ? Infinity : (options.rows / rate) * US_PER_S;
  const untold = options.rows === undefined ? recipe.durationS * US_PER_S : Infinity;
  return Math.min(byRows, options.durationUs ?? untold);
}

/** Recipe and options from a name and plain parameters. Errors: unknown name, wrong parameter. */
export function planSynthesis(
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  seed: number,
  where: string,
): Result<Synthesis> {
  const found = findRecipe(name);
  if (!found.ok) return fail({ where: `${where}.synth`, ...found.problem });
  const checked = checkParameters(parameters, `${where}.parameters`);
  if (!checked.ok) return checked;
  const given = checked.value;
  const misplaced = PARAMETRIC_KEYS.find((key) => given[key] !== undefined);
  if (misplaced !== undefined && name !== PARAMETRIC) {
    return fail({
      what: `the recipe ${name} has its own lengths and rate, so ${misplaced} cannot be set`,
      where: `${where}.parameters.${misplaced}`,
      expected: "rows, duration_s or rate_scale",
      remedy: `use rate_scale, or the recipe ${PARAMETRIC}`,
    });
  }
  const recipe = name === PARAMETRIC ? parametric(given) : found.value;
  return ok({
    recipe,
    options: {
      seed,
      ...(given.rows === undefined ? {} : { rows: given.rows }),
      ...(given.duration_s === undefined ? {} : { durationUs: given.duration_s * US_PER_S }),
      ...(given.rate_scale === undefined ? {} : { rateScale: given.rate_scale }),
    },
  });
}

function checkParameters(
  parameters: Readonly<Record<string, unknown>>,
  where: string,
): Result<SynthParameters> {
  const parsed = parameterSchema.safeParse(parameters);
  if (parsed.success) return ok(parsed.data);
  const known = Object.keys(parameterSchema.shape);
  const issue = parsed.error.issues[0];
  if (issue?.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    const near = nearestNames(key, known)[0];
    return fail({
      what: `unknown parameter ${JSON.stringify(key)}`,
      where: `${where}.${key}`,
      expected: `one of ${known.join(", ")}`,
      remedy: near === undefined ? "remove it" : `did you mean ${near}?`,
    });
  }
  return fail({
    what: issue?.message ?? "the parameters cannot be read",
    where: [where, ...(issue?.path ?? []).map(String)].join("."),
    expected: "a number > 0",
    remedy: "correct the value, or remove the key",
  });
}

/** Mean and median fix a lognormal: a given mean without a median keeps the default's shape. */
function parametric(given: SynthParameters): SynthRecipe {
  const lengths = (
    mean: number | undefined,
    p50: number | undefined,
    usual: { readonly mean: number; readonly p50: number; readonly max: number },
  ): { readonly kind: "lognormal-mean"; mean: number; p50: number; max: number } => {
    const chosen = mean ?? (p50 === undefined ? usual.mean : (p50 * usual.mean) / usual.p50);
    const median = p50 ?? (chosen * usual.p50) / usual.mean;
    return { kind: "lognormal-mean", mean: chosen, p50: median, max: usual.max };
  };
  // The usual values are those of the recipe in src/trace.
  return parametricRecipe({
    ...(given.rate_per_s === undefined
      ? {}
      : { arrivals: { kind: "poisson", perS: given.rate_per_s } }),
    input: lengths(given.input_mean, given.input_p50, { mean: 1100, p50: 750, max: 32_768 }),
    output: lengths(given.output_mean, given.output_p50, { mean: 210, p50: 150, max: 4096 }),
    ...(given.duration_s === undefined ? {} : { durationS: given.duration_s }),
  });
}
