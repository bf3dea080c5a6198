/** All tables of one measured system → its `KernelParams`. */
import { ok, type Result } from "../../core/index.ts";
import type {
  DeviceRates,
  Fitted,
  Fits,
  KernelDevice,
  KernelDomain,
  KernelParams,
} from "../../hardware/index.ts";
import { kernelDevice, UNGROUPED } from "../../hardware/index.ts";
import {
  ENGINE_CONTEXT_COLUMNS,
  ENGINE_DECODE_COLUMNS,
  engineContextAttention,
  engineDecodeAttention,
} from "./engine-attention.ts";
import {
  CONTEXT_COLUMNS,
  DECODE_COLUMNS,
  fitContextAttention,
  fitContextMla,
  fitDecodeAttention,
  fitDecodeMla,
  KV_NAMES,
  MLA_COLUMNS,
} from "./fit-attention.ts";
import { ALL_REDUCE_COLUMNS, fitAllReduce, fitNccl, NCCL_COLUMNS } from "./fit-collective.ts";
import { fitGemm, GEMM_COLUMNS, GEMM_FORMATS } from "./fit-gemm.ts";
import { fitMoe, MOE_COLUMNS } from "./fit-moe.ts";
import { DomainBook } from "./measured-domain.ts";
import type { LinearSolver } from "./robust-fit.ts";
import { POWER_COLUMNS, sustainedFp8FlopPerS } from "./sustained-rate.ts";
import { parseTable, type Table } from "./table.ts";

/** Text of a file of the data folder, or undefined when the folder lacks it. */
export type ReadTable = (name: string) => string | undefined;

export type CalibrateOptions = {
  readonly system: string;
  readonly rates: DeviceRates;
  readonly read: ReadTable;
  readonly solve: LinearSolver;
  readonly source: string;
  readonly date: string;
  /** Called before each fit. */
  readonly progress?: (what: string) => void;
};

/** File names of the formats' GEMM tables. */
const GEMM_FILES: Readonly<Record<string, string>> = {
  bf16: "bfloat16",
  fp8: "fp8",
  "fp8-block": "fp8_block",
  nvfp4: "nvfp4",
};

/**
 * Stretch of compute-bound kernels, sustained against burst, by system: bf16 GEMMs of the power
 * campaign (≥ 1 s each, NVML) over the burst tables, kernel notes §5.6: H200 1.07–1.16, B200
 * 1.08–1.11, GB200 1.10–1.19. H100 as H200, B300 as B200, GB300 as GB200 (assumption). The others
 * have no such measurement: 1.
 */
const THROTTLES: Readonly<Record<string, number>> = {
  h100_sxm: 1.1,
  h200_sxm: 1.1,
  b200_sxm: 1.08,
  b300_sxm: 1.08,
  gb200: 1.1,
  gb300: 1.1,
};

/** Systems whose power was measured in their stead: the same die under the same cap. */
const POWER_TWINS: Readonly<Record<string, string>> = { h100_sxm: "h200_sxm" };

class Calibration {
  readonly options: CalibrateOptions;
  readonly reach = new DomainBook();
  failed: Result<never> | undefined;

  constructor(options: CalibrateOptions) {
    this.options = options;
  }

  /** The table, or undefined when it is absent; a damaged one ends the calibration. */
  table(name: string, columns: readonly string[]): Table | undefined {
    const text = this.options.read(name);
    if (text === undefined || this.failed !== undefined) return undefined;
    const table = parseTable(name, text, columns);
    if (table.ok) return table.value;
    this.failed = table;
    return undefined;
  }

  /** A table of a section's kernels, whose reach is noted. */
  section(of: keyof KernelDomain, name: string, columns: readonly string[]): Table | undefined {
    const table = this.table(`${name}.csv`, columns);
    this.reach.add(of, table);
    return table;
  }

  /** One fit for each name whose table exists and holds rows of that name. */
  each<T>(
    what: string,
    names: readonly string[],
    tableOf: (name: string) => Table | undefined,
    fit: (table: Table, name: string) => Fitted<T>,
  ): Fits<T> {
    const fits: Record<string, Fitted<T>> = {};
    for (const name of names) {
      const table = tableOf(name);
      if (table === undefined) continue;
      this.options.progress?.(`${this.options.system}: ${what} ${name}`);
      const fitted = fit(table, name);
      if ((fitted.residuals?.rows ?? 0) > 0) fits[name] = fitted;
    }
    return fits;
  }

  /** Eight-bit products at the power cap, where that was measured. */
  sustained(): Pick<KernelParams, "sustainedFp8FlopPerS"> {
    const { system } = this.options;
    const name = `power_gemm_${POWER_TWINS[system] ?? system}.csv`;
    const table = this.table(name, POWER_COLUMNS);
    const rate = table === undefined ? undefined : sustainedFp8FlopPerS(table);
    return rate === undefined ? {} : { sustainedFp8FlopPerS: Math.round(rate / 1e12) * 1e12 };
  }

  /** Decode attention of heads with keys of their own: "fp8/ungrouped". */
  ungrouped(
    caches: readonly string[],
    decode: Table | undefined,
    device: KernelDevice,
  ): KernelParams["decodeAttention"] {
    const fits = this.each(
      "decode attention, ungrouped",
      caches,
      () => decode,
      (table, kv) => fitDecodeAttention(table, kv, false, device, this.options.solve),
    );
    return Object.fromEntries(Object.entries(fits).map(([kv, fit]) => [`${kv}/${UNGROUPED}`, fit]));
  }

  /** Expert kernels of the engines whose tables exist. */
  experts(device: KernelDevice): KernelParams["moe"] {
    const { system, solve, progress } = this.options;
    const moe: Record<string, KernelParams["moe"][string]> = {};
    for (const engine of ["trtllm", "vllm"]) {
      const table = this.section("moe", `moe_${system}_${engine}`, MOE_COLUMNS);
      if (table === undefined) continue;
      progress?.(`${system}: experts ${engine}`);
      Object.assign(moe, fitMoe(engine, table, device, solve));
    }
    return moe;
  }
}

/**
 * Fits every table of a system that the data folder holds. Problems: a table without its columns or
 * with ragged rows. A missing table leaves its section empty; the step-time model then falls back.
 */
export function calibrateKernels(options: CalibrateOptions): Result<KernelParams> {
  const { system, rates, solve } = options;
  const device = kernelDevice(rates);
  const run = new Calibration(options);
  const caches = Object.keys(KV_NAMES);
  const gemm = run.each(
    "gemm",
    Object.keys(GEMM_FILES),
    (name) => run.section("gemm", `gemm_${system}_${GEMM_FILES[name]!}`, GEMM_COLUMNS),
    (table, name) => fitGemm(table, GEMM_FORMATS[name]!, device, solve),
  );
  const context = run.section("contextAttention", `context_attention_${system}`, CONTEXT_COLUMNS);
  const decode = run.section("decodeAttention", `generation_attention_${system}`, DECODE_COLUMNS);
  const engineContext = run.table("fit_attn.csv", ENGINE_CONTEXT_COLUMNS);
  const engineDecode = run.table("fit_gen.csv", ENGINE_DECODE_COLUMNS);
  const contextMla = run.section("contextMla", `context_mla_${system}`, MLA_COLUMNS);
  const decodeMla = run.section("decodeMla", `generation_mla_${system}`, MLA_COLUMNS);
  const allReduce = run.table("allreduce_custom.csv", ALL_REDUCE_COLUMNS);
  const nccl = run.table("nccl.csv", NCCL_COLUMNS);
  const params: KernelParams = {
    kernels: system,
    source: options.source,
    date: options.date,
    rates,
    gemm,
    contextAttention: {
      ...run.each(
        "context attention",
        caches,
        () => context,
        (table, kv) => fitContextAttention(table, kv, device, solve),
      ),
      ...(engineContext === undefined ? {} : engineContextAttention(engineContext, system)),
    },
    decodeAttention: {
      ...run.each(
        "decode attention",
        caches,
        () => decode,
        (table, kv) => fitDecodeAttention(table, kv, true, device, solve),
      ),
      ...run.ungrouped(caches, decode, device),
      ...(engineDecode === undefined ? {} : engineDecodeAttention(engineDecode, system)),
    },
    contextMla: run.each(
      "context MLA",
      caches,
      () => contextMla,
      (table, kv) => fitContextMla(table, kv, device, solve),
    ),
    decodeMla: run.each(
      "decode MLA",
      caches,
      () => decodeMla,
      (table, kv) => fitDecodeMla(table, kv, device, solve),
    ),
    moe: run.experts(device),
    collective: {
      ...(allReduce === undefined ? {} : fitAllReduce(system, allReduce, solve)),
      ...(nccl === undefined ? {} : fitNccl(system, nccl, solve)),
    },
    throttle: THROTTLES[system] ?? 1,
    ...run.sustained(),
    domain: run.reach.domain,
  };
  return run.failed ?? ok(params);
}
