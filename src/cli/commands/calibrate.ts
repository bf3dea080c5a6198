/** `headworks calibrate`: measured kernel tables → fitted parameters with their residuals. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { KERNEL_SECTIONS } from "../../hardware/index.ts";
import type { DeviceRates, GpuCard, KernelParams } from "../../hardware/index.ts";
import { calibrateKernels, paramChanges } from "../../plan/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { linearSolver } from "../linear-solver.ts";
import { loadDeck } from "../load-cards.ts";
import { kernelsFolder, readKernelParams } from "../load-kernels.ts";
import type { CommandOutput } from "./memory.ts";

export type CalibrateKernelsOptions = {
  /** Folder of the tables (`gemm_SYSTEM_FORMAT.csv` …). */
  readonly data: string;
  /** Systems to fit; all with a GEMM table when absent. */
  readonly systems?: readonly string[];
  /** Folder to write SYSTEM.json into; nothing is written when absent. */
  readonly out?: string;
  /** Date that is written into the files, yyyy-mm-dd. */
  readonly date: string;
  /** Where the tables come from, for the files. */
  readonly source?: string;
  readonly cards?: readonly string[];
  readonly json?: boolean;
  readonly progress?: (what: string) => void;
};

/** Origin of the tables this project was calibrated on. */
const SOURCE =
  "measurements © NVIDIA CORPORATION & AFFILIATES, AIConfigurator 0.11 at commit 095f58a51 " +
  "(Apache-2.0): TensorRT-LLM 1.3.0rc20 (bf16 and block fp8 GEMM, attention, MLA, experts), " +
  "vLLM 0.24.0 (fp8 and nvfp4 GEMM, experts, attention) and SGLang 0.5.14 (attention), " +
  "fitted by headworks calibrate";

function ratesOf(gpu: GpuCard): DeviceRates {
  return {
    bf16FlopPerS: gpu.flops.bf16FlopPerS,
    fp8FlopPerS: gpu.flops.fp8FlopPerS ?? 0,
    fp4FlopPerS: gpu.flops.fp4FlopPerS ?? 0,
    hbmBytesPerS: gpu.hbmBytesPerS,
    sms: gpu.sms,
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** One line a fit: rows, median and p90 error, the same held out. */
function residualLines(params: KernelParams): string[] {
  const lines = [`${params.kernels}: error median / p90, held out median / p90, rows`];
  for (const section of KERNEL_SECTIONS) {
    for (const [name, { residuals }] of Object.entries(params[section])) {
      if (residuals === undefined) continue;
      const { median, p90, heldOutMedian, heldOutP90, rows } = residuals;
      const errors = [median, p90, heldOutMedian, heldOutP90].map(percent);
      lines.push(`  ${`${section} ${name}`.padEnd(40)} ${errors.join("  ")}  ${rows}`);
    }
  }
  return lines;
}

function changeLines(shipped: KernelParams, fresh: KernelParams): string[] {
  const changes = paramChanges(shipped, fresh);
  if (changes.length === 0) return ["  no parameter differs from the shipped file by over 2 %"];
  return changes.map(({ path, from, to }) => `  ${path}: ${from ?? "none"} → ${to ?? "none"}`);
}

/**
 * Fits every system and prints the residuals and what changed against the shipped parameters.
 * Problems: a folder without tables, a damaged table, a system that no GPU card names.
 */
export async function runCalibrate(
  options: CalibrateKernelsOptions,
): Promise<Result<CommandOutput>> {
  const deck = await loadDeck(options.cards);
  if (!deck.ok) return deck;
  const systems = systemsOf(options, deck.value.gpus);
  if (!systems.ok) return systems;
  const solve = await linearSolver();
  const lines: string[] = [];
  const fitted: KernelParams[] = [];
  for (const { system, gpu } of systems.value) {
    const params = calibrateKernels({
      system,
      rates: ratesOf(gpu),
      read: (name) => {
        const path = join(options.data, name);
        return existsSync(path) ? readFileSync(path, "utf8") : undefined;
      },
      solve,
      source: options.source ?? SOURCE,
      date: options.date,
      ...(options.progress === undefined ? {} : { progress: options.progress }),
    });
    if (!params.ok) return params;
    fitted.push(params.value);
    lines.push(...residualLines(params.value));
    const path = join(kernelsFolder(), `${system}.json`);
    const shipped = existsSync(path) ? readKernelParams(path) : undefined;
    if (shipped?.ok === true) lines.push(...changeLines(shipped.value, params.value));
  }
  if (options.out !== undefined) {
    mkdirSync(options.out, { recursive: true });
    for (const params of fitted) {
      const path = join(options.out, `${params.kernels}.json`);
      writeFileSync(path, `${JSON.stringify(params, undefined, 2)}\n`);
    }
  }
  const text = options.json === true ? JSON.stringify(fitted) : lines.join("\n");
  return ok({ text: `${text}\n`, exitCode: EXIT_DONE });
}

type System = { readonly system: string; readonly gpu: GpuCard };

function systemsOf(
  { data, systems }: CalibrateKernelsOptions,
  gpus: readonly GpuCard[],
): Result<System[]> {
  const names = new Set(gpus.map(({ calibration }) => calibration).filter((name) => name !== ""));
  const wanted =
    systems ?? [...names].filter((name) => existsSync(join(data, `gemm_${name}_bfloat16.csv`)));
  const found: System[] = [];
  for (const system of wanted) {
    const gpu = gpus.find(({ calibration }) => calibration === system);
    if (gpu === undefined) {
      return fail({
        what: `no GPU card names the calibration ${system}`,
        expected: [...names].sort().join(", "),
        remedy: "add a GPU card whose `calibration` is the name in the tables' file names",
      });
    }
    found.push({ system, gpu });
  }
  if (found.length > 0) return ok(found);
  return fail({
    what: existsSync(data) ? "the folder holds no kernel table" : "no such folder",
    where: data,
    expected: "gemm_SYSTEM_bfloat16.csv and others",
  });
}
