/**
 * How sure the parameters of the `kernels` model are, and what they are when they are otherwise: every fitted part has a
 * spread, the standard deviation of the logarithm of the time it stands for.
 *
 * A fit's spread comes from its residuals on rows that it did not see: for a normal error the median of |e| is 0.6745 σ.
 * What was never fitted has a stated, wider one.
 */
import type { EngineTiming } from "./engine-timing.ts";
import { KERNEL_SECTIONS, type Fitted, type KernelParams } from "./kernel-params.ts";

export type Spread = {
  /** What varies as one, with the system or the engine that it is of: "h200_sxm gemm bf16". */
  readonly name: string;
  /** Of the logarithm. */
  readonly sigma: number;
  readonly from: "residuals" | "assumption";
};

/** Median of |x| over the standard deviation of a normal x. */
const MEDIAN_OVER_SIGMA = 0.6745;

/** A fit without residuals: as uncertain as the worst kinds of fit, p90 of experts (kernel notes §5.5). Assumption. */
const UNMEASURED_FIT = 0.3;

/**
 * Efficiencies of another GPU, applied to peaks by ratio. Assumption, from the spread of the same efficiency among GPUs of
 * one architecture and dtype (kernel notes, appendix A): bf16 compute 0.66–0.79, memory 0.68–0.82.
 */
const OTHER_GPU = 0.15;

/** Whole steps against the sum of their kernels: residual after scaling to measured steps (kernel notes §6.1). */
const STEPS_MEASURED = 0.05;
/** … and without measured steps: predictions were 0.80 to 0.97 of what was measured (kernel notes §6.1). */
const STEPS_UNMEASURED = 0.12;

/** Host floors and client paths are assumptions for most engines; identical steps vary by 21 % (kernel notes §6.1). */
const HOST = 0.3;

/** Stretch at the power cap beyond 1: 7 to 19 % were measured (kernel notes §5.6). */
const THROTTLE = 0.35;

function fitSigma({ residuals }: Fitted<object>, isEstimated: boolean): number {
  const own =
    residuals === undefined ? UNMEASURED_FIT : residuals.heldOutMedian / MEDIAN_OVER_SIGMA;
  return isEstimated ? Math.sqrt(own * own + OTHER_GPU * OTHER_GPU) : own;
}

/**
 * The spreads of everything in a parameter file and an engine's timing.
 *
 * @param isEstimated the parameters are another GPU's
 */
export function kernelSpreads(
  params: KernelParams,
  timing: EngineTiming,
  isEstimated: boolean,
): readonly Spread[] {
  const { kernels: system } = params;
  const spreads: Spread[] = KERNEL_SECTIONS.flatMap((section) =>
    Object.entries(params[section]).map(([key, fit]) => ({
      name: `${system} ${section} ${key}`,
      sigma: fitSigma(fit, isEstimated),
      from: fit.residuals === undefined || isEstimated ? "assumption" : "residuals",
    })),
  );
  const scales = timing.scales[system];
  const stepsMeasured = scales !== undefined && scales.assumed !== true && !isEstimated;
  for (const regime of ["decode", "context", "mixed"]) {
    spreads.push({
      name: `${system} ${timing.engine} ${regime} steps`,
      sigma: stepsMeasured ? STEPS_MEASURED : STEPS_UNMEASURED,
      from: stepsMeasured ? "residuals" : "assumption",
    });
  }
  spreads.push({ name: `${system} throttle`, sigma: THROTTLE, from: "assumption" });
  spreads.push({ name: `${timing.engine} host`, sigma: HOST, from: "assumption" });
  return spreads;
}

/** Parameters whose growth shortens times: parts of peaks, and bandwidths. Every other time ends in "Us". */
const RATES = new Set(["compute", "memory", "stream", "quant", "bytesPerUs", "oneShotBytesPerUs"]);

/** A fit's parameters with every time that they lead to longer by `factor`. */
function stretched<T extends object>(params: T, factor: number): T {
  const entries = Object.entries(params as Record<string, number>).map(([key, value]) => {
    if (RATES.has(key)) return [key, value / factor];
    return [key, key.endsWith("Us") ? value * factor : value];
  });
  return Object.fromEntries(entries) as T;
}

/** Every number under a key that ends in "Us" times `factor`, at any depth. */
function hostStretched(value: unknown, factor: number, isTime = false): unknown {
  if (typeof value === "number") return isTime ? value * factor : value;
  if (Array.isArray(value)) return value.map((item) => hostStretched(item, factor, isTime));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      hostStretched(item, factor, isTime || key.endsWith("Us")),
    ]),
  );
}

/** Parameters and timing with every named part's times longer by `factorOf(name)`. */
export function stretchedKernels(
  params: KernelParams,
  timing: EngineTiming,
  factorOf: (name: string) => number,
): { readonly params: KernelParams; readonly timing: EngineTiming } {
  const { kernels: system } = params;
  const sections = KERNEL_SECTIONS.map((section) => {
    const fits = Object.entries<Fitted<object>>(params[section]).map(([key, fit]) => {
      const factor = factorOf(`${system} ${section} ${key}`);
      return [key, { ...fit, params: stretched(fit.params, factor) }];
    });
    return [section, Object.fromEntries(fits)];
  });
  const host = hostStretched(timing, factorOf(`${timing.engine} host`)) as EngineTiming;
  const scale = timing.scales[system] ?? timing.scales["default"];
  const { decode = 1, context = 1, mixed = 1 } = scale ?? {};
  const of = (regime: string): number => factorOf(`${system} ${timing.engine} ${regime} steps`);
  return {
    params: {
      ...params,
      ...(Object.fromEntries(sections) as Pick<KernelParams, (typeof KERNEL_SECTIONS)[number]>),
      throttle: 1 + (params.throttle - 1) * factorOf(`${system} throttle`),
    },
    timing: {
      ...host,
      scales: {
        ...timing.scales,
        [system]: {
          decode: decode * of("decode"),
          context: context * of("context"),
          mixed: mixed * of("mixed"),
        },
      },
    },
  };
}
