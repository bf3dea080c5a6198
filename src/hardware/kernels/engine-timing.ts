/** What an engine adds to its kernels: floors of host and launch, fusions, graph sizes. */
import { fail, ok, type Result } from "../../core/index.ts";

/** Measured time over kernel time, by kind of step; 1 where nothing was measured. */
export type RegimeScales = {
  readonly decode: number;
  readonly context: number;
  readonly mixed: number;
};

/** A number for each kind of layer: plain dense ones, ones with experts, ones with linear attention. */
export type LayerKinds = { readonly dense: number; readonly moe: number; readonly linear: number };

export type EngineTiming = {
  readonly engine: string;
  readonly version: string;
  readonly source: string;
  readonly date: string;
  /** Tables of all-reduce and of expert kernels that this engine's kernels are like. */
  readonly collectives: string;
  readonly experts: string;
  /** Largest decode batch that replays a CUDA graph; 0: none. */
  readonly graphRowsMax: number;
  /** Largest step with prompt tokens that replays captured pieces. */
  readonly pieceTokensMax: number;
  /** All-reduce, residual and norm are one kernel. */
  readonly fusedAllReduceNorm: boolean;
  /** Rows of per-tensor fp8 products are quantised inside the kernel before (norm, activation). */
  readonly fusedQuant: boolean;
  /** Small kernels (norms, rotary, cache write, activation) of a layer, and the time of each. */
  readonly smallKernels: number;
  readonly smallKernelUs: number;
  /** The host prepares the next step while this one runs: floors instead of additions. */
  readonly asyncScheduling: boolean;
  /** Host time of a decode step: fixed, and for each running request. */
  readonly hostStepUs: number;
  readonly hostRequestUs: number;
  /** Host time to launch a prefill layer, by kind of layer: captured pieces, and eager. */
  readonly launchLayerUs: LayerKinds;
  readonly eagerLayerUs: LayerKinds;
  /** Time between two steps that nothing hides. */
  readonly gapUs: number;
  /** Client's path: from sending to the queue, and from the first token's step to the client. */
  readonly clientRequestUs: number;
  readonly clientTokenUs: number;
  /** By GPU system of the parameter file; `default` for the others. */
  readonly scales: Readonly<Record<string, RegimeScales>>;
};

const TEXTS = ["engine", "version", "source", "date", "collectives", "experts"] as const;
const NUMBERS = [
  "graphRowsMax",
  "pieceTokensMax",
  "smallKernels",
  "smallKernelUs",
  "hostStepUs",
  "hostRequestUs",
  "gapUs",
  "clientRequestUs",
  "clientTokenUs",
] as const;

function at(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function isNumber(value: unknown, positive: boolean): boolean {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  return positive ? value > 0 : value >= 0;
}

/** Reads an engine's timing. Problems name the file and the first bad field. */
export function parseEngineTiming(file: string, raw: unknown): Result<EngineTiming> {
  const bad = (where: string, expected: string): Result<never> =>
    fail({ what: `${where} is missing or wrong`, where: `${file}: ${where}`, expected });
  for (const key of TEXTS) if (typeof at(raw, key) !== "string") return bad(key, "a text");
  for (const key of NUMBERS) {
    if (!isNumber(at(raw, key), key === "smallKernelUs")) return bad(key, "a number ≥ 0");
  }
  for (const key of ["launchLayerUs", "eagerLayerUs"]) {
    for (const kind of ["dense", "moe", "linear"]) {
      if (!isNumber(at(at(raw, key), kind), false)) return bad(`${key}.${kind}`, "a number ≥ 0");
    }
  }
  for (const key of ["fusedAllReduceNorm", "fusedQuant", "asyncScheduling"]) {
    if (typeof at(raw, key) !== "boolean") return bad(key, "true or false");
  }
  const scales = at(raw, "scales");
  if (at(scales, "default") === undefined) return bad("scales.default", "three scales");
  for (const [system, scale] of Object.entries(scales as object)) {
    for (const regime of ["decode", "context", "mixed"]) {
      if (!isNumber(at(scale, regime), true)) {
        return bad(`scales.${system}.${regime}`, "a number > 0");
      }
    }
  }
  return ok(raw as EngineTiming);
}

/** The scales for a system, or the engine's default. */
export function scalesOf(timing: EngineTiming, system: string): RegimeScales {
  const scales = timing.scales[system] ?? timing.scales["default"];
  return scales ?? { decode: 1, context: 1, mixed: 1 };
}

/**
 * Host time in µs of a step: what a GPU that were infinitely fast would still wait for. `tokens` are
 * the prompt tokens of the step; `layers` those of each launch kind.
 */
export function hostUs(
  timing: EngineTiming,
  layers: LayerKinds,
  tokens: number,
  requests: number,
): number {
  const step = timing.hostStepUs + timing.hostRequestUs * requests;
  const graph = tokens === 0 && requests <= timing.graphRowsMax;
  if (graph) return step;
  const pieces = tokens > 0 && tokens + requests <= timing.pieceTokensMax;
  const { dense, moe, linear } = pieces ? timing.launchLayerUs : timing.eagerLayerUs;
  return step + dense * layers.dense + moe * layers.moe + linear * layers.linear;
}
