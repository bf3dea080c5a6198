/** The six-coefficient linear model of a forward pass, with two measured parameter sets. */
import { fail, invariant, ok, type Result } from "../core/index.ts";
import type { DecodeRun, StepShape, StepTimeModel } from "./step-time.ts";
import { STEP_US_MIN } from "./step-time-run.ts";

/** T = base + prefillFixed·[prefill] + token·(new + decodes) + pair·pairs + … , all in µs. */
export type LinearCoefficients = {
  /** µs per step, whatever it holds. */
  readonly baseUs: number;
  /** µs more when the step holds any prefill (eager instead of graph launches). */
  readonly prefillFixedUs: number;
  /** µs per token that passes the dense layers: prompt tokens and decode tokens alike. */
  readonly tokenUs: number;
  /** µs per query-key pair of causal prefill attention, Σ new·(past + new/2). */
  readonly pairUs: number;
  /** µs per decode request on top of `tokenUs`; at least −(tokenUs + contextTokenUs). */
  readonly decodeRequestUs: number;
  /** µs per KV token that decode attention reads. */
  readonly contextTokenUs: number;
};

/**
 * Measured: Qwen3-32B, bf16, vLLM 0.20.1 on B300, CUDA graphs FULL_AND_PIECEWISE, June 2026.
 *
 * `baseUs`, `prefillFixedUs`, `tokenUs` and `contextTokenUs` are the rounded coefficients of the
 * project's fit to forward-pass metrics (AISimulate, branch dev-layerwise-collector @ 60a0ffc30):
 * 12.5 ms, 0 ms, 42 µs/token, 58 ns/KV token at TP1; 5.9 ms, 1.7 ms, 14.7 µs, 9.4 ns at TP4;
 * 1 ms = 1000 µs, 1 ns = 0.001 µs. That table names neither `pairUs` nor `decodeRequestUs`: they
 * were fitted here to the same 350 steps a layout with the other four held (relative least squares,
 * reweighted for outliers), 1.74 ns and −8 µs at TP1, 0.471 ns and 22.8 µs at TP4. Assumption: the
 * −8 µs are within the noise, so TP1 takes 0.
 *
 * Median / p90 relative error on those steps: TP1 context 4/11 %, decode 3/18 %, mixed 6/32 %;
 * TP4 context 2/17 %, decode 2/5 %, mixed 3/9 %. Range: ≤ 8,192 new tokens, ≤ 32 decodes, ≤ 200 k
 * KV tokens; beyond it the model extrapolates.
 */
export const LINEAR_PRESETS = {
  "qwen3-32b-b300-tp1": {
    baseUs: 12_500,
    prefillFixedUs: 0,
    tokenUs: 42,
    pairUs: 0.00174,
    decodeRequestUs: 0,
    contextTokenUs: 0.058,
  },
  "qwen3-32b-b300-tp4": {
    baseUs: 5_900,
    prefillFixedUs: 1_700,
    tokenUs: 14.7,
    pairUs: 0.000471,
    decodeRequestUs: 22.8,
    contextTokenUs: 0.0094,
  },
} as const satisfies Record<string, LinearCoefficients>;

export type LinearPreset = keyof typeof LINEAR_PRESETS;

/** The preset that `linear` means when the scenario names none. */
export const LINEAR_PRESET_DEFAULT: LinearPreset = "qwen3-32b-b300-tp1";

const NON_NEGATIVE = ["tokenUs", "pairUs", "contextTokenUs"] as const;

/**
 * The coefficients as they are, or a problem when some non-empty step would take less than 1 µs.
 *
 * With `tokenUs`, `pairUs`, `contextTokenUs` and a decode request's whole slope not negative, T
 * grows with everything a step can hold. Its minimum is then at the smallest steps, which are
 * checked: one decode at context 1 and one prompt token with nothing before it. No bound on the
 * context is needed, so requests that share a prefix may count more tokens than the pool holds.
 */
export function checkLinear(coefficients: LinearCoefficients): Result<LinearCoefficients> {
  const { baseUs, prefillFixedUs, tokenUs, pairUs, decodeRequestUs, contextTokenUs } = coefficients;
  for (const [name, value] of Object.entries(coefficients)) {
    if (!Number.isFinite(value)) {
      return fail({ what: `${value} is not a finite number`, where: `stepTime.${name}` });
    }
  }
  for (const name of NON_NEGATIVE) {
    if (coefficients[name] >= 0) continue;
    return fail({
      what: `${coefficients[name]} would make large steps take no time`,
      where: `stepTime.${name}`,
      expected: "a number ≥ 0",
    });
  }
  const decodeSlopeUs = tokenUs + decodeRequestUs + contextTokenUs;
  if (decodeSlopeUs < 0) {
    return fail({
      what: `each decode request would take ${decodeSlopeUs} µs`,
      where: "stepTime.decodeRequestUs",
      expected: "tokenUs + decodeRequestUs + contextTokenUs ≥ 0",
    });
  }
  const smallestDecodeUs = baseUs + decodeSlopeUs;
  const smallestPrefillUs = baseUs + prefillFixedUs + tokenUs + pairUs / 2;
  for (const [what, us] of [
    ["one decode request at context 1", smallestDecodeUs],
    ["one prompt token", smallestPrefillUs],
  ] as const) {
    if (us >= STEP_US_MIN) continue;
    return fail({
      what: `a step of ${what} would take ${us} µs`,
      where: "stepTime.baseUs",
      expected: `at least ${STEP_US_MIN} µs for every step`,
    });
  }
  return ok(coefficients);
}

/**
 * T = base + prefillFixed·[prefill > 0] + token·(prompt tokens + decodes) + pair·pairs
 *   + decodeRequest·decodes + contextToken·Σ context, one forward pass for prefill and decode.
 *
 * Dense models follow it within about 5 %; hybrid and MoE models need two prefill regimes.
 */
export class LinearStepTime implements StepTimeModel {
  readonly name = "linear";
  readonly #k: LinearCoefficients;

  /** Throws `InvariantError` on coefficients that `checkLinear` refuses. */
  constructor(coefficients: LinearCoefficients = LINEAR_PRESETS[LINEAR_PRESET_DEFAULT]) {
    invariant(checkLinear(coefficients).ok, "linear step time must be positive for every step");
    this.#k = { ...coefficients };
  }

  stepUs(shape: StepShape): number {
    const k = this.#k;
    const decodes = shape.decodeRequests;
    if (shape.prefillRequests === 0 && decodes === 0) return 0;
    const fixedUs = shape.prefillRequests > 0 ? k.baseUs + k.prefillFixedUs : k.baseUs;
    return (
      fixedUs +
      k.tokenUs * shape.prefillTokens +
      k.pairUs * shape.prefillPairs +
      (k.tokenUs + k.decodeRequestUs) * decodes +
      k.contextTokenUs * shape.decodeContextTokens
    );
  }

  decodeRun(requests: number, _contextTokens: number, run: DecodeRun): void {
    const k = this.#k;
    run.c0 = k.baseUs + (k.tokenUs + k.decodeRequestUs) * requests;
    run.c1 = k.contextTokenUs;
    run.c2 = 0;
    run.contextEnd = Infinity;
  }
}
