/** Columns of AIConfigurator's sample that aggregated and disaggregated rows share. */

import { MEMORY_ENGINES, type MemoryEngine } from "../../hardware/index.ts";
import type { RowRecord } from "./record.ts";

/** Whether rows of a source come from InferenceX; the others are NVIDIA's own. */
export function isExported(source: string): boolean {
  return !source.startsWith("gap/");
}

/** The engine of a row; undefined: none that is simulated. */
export function siliconEngine(row: RowRecord): MemoryEngine | undefined {
  return MEMORY_ENGINES.find((engine) => engine === row.text("backend"));
}

/** The row's word for precision, that of the experts' format where it says more. */
export function precisionOf(row: RowRecord): string {
  const [gemm, moe] = [row.text("gemm_q"), row.text("moe_q")];
  if (gemm === "fp8_block" || moe === "fp8_block") return "fp8_block";
  return gemm === "" ? row.text("precision") : gemm;
}
