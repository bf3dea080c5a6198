/** From a scenario's `stepTime` to a model. */
import { fail, ok, type Result } from "../core/index.ts";
import { checkFixed, FixedStepTime } from "./step-time-fixed.ts";
import {
  checkLinear,
  LINEAR_PRESET_DEFAULT,
  LINEAR_PRESETS,
  type LinearCoefficients,
  LinearStepTime,
  type LinearPreset,
} from "./step-time-linear.ts";
import { checkPolynomial, type MixedStep, PolynomialStepTime } from "./step-time-polynomial.ts";
import { checkProfile, type ProfileTable } from "./step-time-profile.ts";
import { TableStepTime } from "./step-time-table.ts";
import type { StepTimeModel } from "./step-time.ts";

export type FixedSpec = {
  readonly type: "fixed";
  readonly prefillUs: number;
  readonly decodeUs: number;
  readonly fused?: boolean | undefined;
};

/** Coefficients that are given replace those of the preset. */
export type LinearSpec = {
  readonly type: "linear";
  readonly preset?: LinearPreset | undefined;
} & { readonly [K in keyof LinearCoefficients]?: number | undefined };

export type PolynomialSpec = {
  readonly type: "polynomial";
  readonly mixed?: MixedStep | undefined;
};

/** The table itself comes beside the spec: reading its file is not the engine's business. */
export type TableSpec = { readonly type: "table"; readonly mixed?: MixedStep | undefined };

export type StepTimeSpec = FixedSpec | LinearSpec | PolynomialSpec | TableSpec;

export type StepTimeContext = {
  /** KV pool of one worker in tokens: blocks × block size. */
  readonly kvCapacityTokens: number;
  /** The profile of `type: table`. */
  readonly table?: ProfileTable | undefined;
};

function linearCoefficients(spec: LinearSpec): LinearCoefficients {
  const preset = LINEAR_PRESETS[spec.preset ?? LINEAR_PRESET_DEFAULT];
  return {
    baseUs: spec.baseUs ?? preset.baseUs,
    prefillFixedUs: spec.prefillFixedUs ?? preset.prefillFixedUs,
    tokenUs: spec.tokenUs ?? preset.tokenUs,
    pairUs: spec.pairUs ?? preset.pairUs,
    decodeRequestUs: spec.decodeRequestUs ?? preset.decodeRequestUs,
    contextTokenUs: spec.contextTokenUs ?? preset.contextTokenUs,
  };
}

/**
 * The model that `spec` describes, for a worker with the given KV pool.
 *
 * Problems: a coefficient that is not finite or lets a step take less than 1 µs, a pool that is not
 * a positive whole number of tokens, a table that is missing or damaged.
 */
export function createStepTime(
  spec: StepTimeSpec,
  context: StepTimeContext,
): Result<StepTimeModel> {
  const { kvCapacityTokens } = context;
  switch (spec.type) {
    case "fixed": {
      const { prefillUs, decodeUs, fused = false } = spec;
      const times = checkFixed({ prefillUs, decodeUs, fused });
      return times.ok ? ok(new FixedStepTime(times.value)) : times;
    }
    case "linear": {
      if (spec.preset !== undefined && !Object.hasOwn(LINEAR_PRESETS, spec.preset)) {
        return fail({
          what: `there is no preset ${spec.preset}`,
          where: "stepTime.preset",
          expected: Object.keys(LINEAR_PRESETS).join(" or "),
        });
      }
      const coefficients = checkLinear(linearCoefficients(spec));
      return coefficients.ok ? ok(new LinearStepTime(coefficients.value)) : coefficients;
    }
    case "polynomial": {
      const options = checkPolynomial({ kvCapacityTokens, mixed: spec.mixed ?? "sum" });
      return options.ok ? ok(new PolynomialStepTime(options.value)) : options;
    }
    case "table": {
      if (context.table === undefined) {
        return fail({
          what: "the table step time has no profile",
          where: "stepTime",
          expected: "a Dynamo planner profile as NPZ or JSON",
          remedy: "name the profile's file in the scenario, or choose another stepTime.type",
        });
      }
      const table = checkProfile(context.table);
      return table.ok ? ok(new TableStepTime(table.value, { mixed: spec.mixed ?? "sum" })) : table;
    }
  }
}
