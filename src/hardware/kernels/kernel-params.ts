/** The fitted parameters of one GPU, as `models/kernels/*.json` hold them. */
import { fail, ok, type Result } from "../../core/index.ts";
import type { GpuCard } from "../gpu-card.ts";
import type { ContextAttentionParams } from "./attention-context.ts";
import type { DecodeAttentionParams } from "./attention-decode.ts";
import type { CollectiveParams } from "./collective.ts";
import type { GemmParams } from "./gemm.ts";
import type { DeviceRates } from "./kernel-device.ts";
import type { MlaDecodeParams } from "./mla.ts";
import type { MoeParams } from "./moe.ts";

/** How well a fit met its table: |predicted/measured − 1| over all rows, and over rows held out. */
export type Residuals = {
  readonly rows: number;
  readonly median: number;
  readonly p90: number;
  /** Of rows in shape groups the fit did not see (3-fold). */
  readonly heldOutMedian: number;
  readonly heldOutP90: number;
};

export type Fitted<T> = { readonly params: T; readonly residuals?: Residuals };

/** Fits by name: a format, a cache format, an engine and format, a number of ranks. */
export type Fits<T> = Readonly<Record<string, Fitted<T>>>;

/** Least and most of a column of the measured tables: `m`, `isl`, `batch_size` … */
type Columns = Readonly<Record<string, readonly [least: number, most: number]>>;

/** How far the tables reach that the fits of each section come from. */
export type KernelDomain = {
  readonly gemm?: Columns;
  readonly contextAttention?: Columns;
  readonly decodeAttention?: Columns;
  readonly contextMla?: Columns;
  readonly decodeMla?: Columns;
  readonly moe?: Columns;
};

export type KernelParams = {
  /** Name of the measured system; a GPU card's `calibration`. */
  readonly kernels: string;
  readonly source: string;
  readonly date: string;
  /** Where they lie, when they are the user's own. */
  readonly file?: string;
  /** Peaks that efficiencies are parts of. */
  readonly rates: DeviceRates;
  /** By format: bf16, fp8, fp8-block, nvfp4. */
  readonly gemm: Fits<GemmParams>;
  /** By cache format: bf16, fp8. */
  readonly contextAttention: Fits<ContextAttentionParams>;
  readonly decodeAttention: Fits<DecodeAttentionParams>;
  readonly contextMla: Fits<ContextAttentionParams>;
  readonly decodeMla: Fits<MlaDecodeParams>;
  /** By engine, format, kernel and whether experts are split over ranks: "vllm/bf16/triton/ep". */
  readonly moe: Fits<MoeParams>;
  /** By engine and ranks: "vllm/8"; by NCCL operation and ranks: "nccl/all-gather/8". */
  readonly collective: Fits<CollectiveParams>;
  /** Stretch of compute-bound work at the power cap against the bursts of the tables. */
  readonly throttle: number;
  /**
   * Rate of 8-bit products at the power cap, the quantisation of their rows aside. The bursts of the
   * tables are quicker by more than `throttle`, which is bf16's.
   */
  readonly sustainedFp8FlopPerS?: number;
  /** What was measured; beyond it the closed forms are extrapolated. Absent: nothing was recorded. */
  readonly domain?: KernelDomain;
};

const NUMBERS = {
  rates: ["bf16FlopPerS", "fp8FlopPerS", "fp4FlopPerS", "hbmBytesPerS", "sms"],
  gemm: ["compute", "memory", "fixedUs", "quant", "power", "kLoopUs"],
  contextAttention: ["compute", "memory", "fixedUs", "diagonal"],
  decodeAttention: ["memory", "fixedUs", "waveUs", "splitUs", "rampUs", "power"],
  contextMla: ["compute", "memory", "fixedUs", "diagonal"],
  decodeMla: ["compute", "memory", "fixedUs", "waveUs", "power", "splitUs", "fewHeads"],
  moe: ["compute", "memory", "fixedUs", "stream", "power", "pad", "expertUs", "narrow", "leak"],
  collective: ["fixedUs", "bytesPerUs", "stepUs", "switchBytes"],
} as const;

/** Of a collective that begins with a one-shot kernel: all of them or none. */
const ONE_SHOT = ["oneShotUs", "oneShotBytesPerUs", "oneShotBytesMax"] as const;

/** The parts of a parameter file that hold fits by name. */
export const KERNEL_SECTIONS = [
  "gemm",
  "contextAttention",
  "decodeAttention",
  "contextMla",
  "decodeMla",
  "moe",
  "collective",
] as const satisfies readonly Exclude<keyof typeof NUMBERS, "rates">[];

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return value as Fields;
}

function firstBad(fields: Fields, names: readonly string[]): string | undefined {
  return names.find((name) => {
    const value = fields[name];
    return typeof value !== "number" || !Number.isFinite(value) || value < 0;
  });
}

/** Parameters whose zero would divide by nothing. */
const POSITIVE = new Set([
  "compute",
  "memory",
  "stream",
  "bytesPerUs",
  "switchBytes",
  "oneShotBytesPerUs",
  "power",
  "fewHeads",
  "hbmBytesPerS",
]);

function firstFault(fields: Fields, names: readonly string[]): string | undefined {
  return firstBad(fields, names) ?? names.find((name) => POSITIVE.has(name) && fields[name] === 0);
}

function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [least, most] = value as readonly unknown[];
  return typeof least === "number" && typeof most === "number" && least <= most;
}

/**
 * Reads a parameter file. Problems: a missing section, a number that is missing, negative or not
 * finite, an efficiency of zero; they name the file and the field.
 */
export function parseKernelParams(file: string, raw: unknown): Result<KernelParams> {
  const root = fieldsOf(raw);
  const bad = (where: string, what: string): Result<never> =>
    fail({ what, where: `${file}: ${where}`, expected: "a file written by `headworks calibrate`" });
  for (const name of ["kernels", "source", "date"]) {
    if (typeof root[name] !== "string") return bad(name, "is missing or no text");
  }
  const rates = fieldsOf(root["rates"]);
  const rate = firstFault(rates, NUMBERS.rates);
  if (rate !== undefined) return bad(`rates.${rate}`, "is missing or no number ≥ 0");
  const throttle = root["throttle"];
  if (typeof throttle !== "number" || !(throttle >= 1 && throttle <= 2)) {
    return bad("throttle", "is no number between 1 and 2");
  }
  const sustained = root["sustainedFp8FlopPerS"];
  if (sustained !== undefined && !(typeof sustained === "number" && sustained > 0)) {
    return bad("sustainedFp8FlopPerS", "is no number > 0");
  }
  for (const [section, columns] of Object.entries(fieldsOf(root["domain"]))) {
    for (const [column, range] of Object.entries(fieldsOf(columns))) {
      if (isRange(range)) continue;
      return bad(`domain.${section}.${column}`, "is no pair of a least and a most");
    }
  }
  for (const section of KERNEL_SECTIONS) {
    const fits = fieldsOf(root[section]);
    for (const [key, fit] of Object.entries(fits)) {
      const fields = fieldsOf(fieldsOf(fit)["params"]);
      const more = section === "collective" && ONE_SHOT.some((name) => name in fields);
      const names = more ? [...NUMBERS[section], ...ONE_SHOT] : NUMBERS[section];
      const fault = firstFault(fields, names);
      if (fault === undefined) continue;
      return bad(`${section}.${key}.params.${fault}`, "is missing, negative or zero");
    }
  }
  if (Object.keys(fieldsOf(root["gemm"])).length === 0) return bad("gemm", "holds no format");
  if (Object.keys(fieldsOf(root["decodeAttention"])).length === 0) {
    return bad("decodeAttention", "holds no cache format");
  }
  return ok(raw as KernelParams);
}

/**
 * Peaks that the efficiencies are applied to: the measured GPU's own, or the card's when the GPU was
 * not measured (its times are estimates by ratio).
 */
export function ratesFor(gpu: GpuCard, params: KernelParams): DeviceRates {
  if (gpu.calibration === params.kernels) return params.rates;
  return {
    bf16FlopPerS: gpu.flops.bf16FlopPerS,
    fp8FlopPerS: gpu.flops.fp8FlopPerS ?? 0,
    fp4FlopPerS: gpu.flops.fp4FlopPerS ?? 0,
    hbmBytesPerS: gpu.hbmBytesPerS,
    sms: gpu.sms,
  };
}
