/** GEMM tables → `GemmParams`. */
import type { Fitted, GemmFormat, GemmParams, KernelDevice } from "../../hardware/index.ts";
import { gemmUs } from "../../hardware/index.ts";
import { fitKernel, rowsWhere } from "./fit-kernel.ts";
import type { LinearSolver } from "./robust-fit.ts";
import type { Table } from "./table.ts";

/** Formats of the tables. Block scales of rows add 4 bytes per 128 (fp8) or 1 per 16 (nvfp4). */
export const GEMM_FORMATS: Readonly<Record<string, GemmFormat>> = {
  bf16: { compute: "bf16", weightBytes: 2, rowBytes: 2 },
  fp8: { compute: "fp8", weightBytes: 1, rowBytes: 1 },
  "fp8-block": { compute: "fp8", weightBytes: 1, rowBytes: 1 + 4 / 128 },
  nvfp4: { compute: "fp4", weightBytes: 0.5 + 1 / 16, rowBytes: 0.5 + 1 / 16 },
};

/** Shapes of real layers on one rank; beyond lie probes that no model asks for. */
const DIM_MIN = 512;
const DIM_MAX = 65_536;

export const GEMM_COLUMNS = ["m", "n", "k", "latency_ms"];

/** Fits one format's table. */
export function fitGemm(
  table: Table,
  format: GemmFormat,
  device: KernelDevice,
  solve: LinearSolver,
): Fitted<GemmParams> {
  const m = table.numbers("m");
  const n = table.numbers("n");
  const k = table.numbers("k");
  const quantised = format.rowBytes < 2;
  return fitKernel<GemmParams>(
    table,
    {
      parameters: {
        compute: { initial: 0.7, min: 0.05, max: 1.2 },
        memory: { initial: 0.8, min: 0.1, max: 1.2 },
        fixedUs: { initial: 3, min: 0.3, max: 30 },
        power: { initial: 1.8, min: 1, max: 8 },
        kLoopUs: { initial: 1, min: 0.05, max: 20 },
        quant: quantised ? { initial: 0.6, min: 0.05, max: 5 } : 0,
      },
      predictUs: (params, i) => gemmUs(params, format, device, m[i]!, n[i]!, k[i]!, 1),
      rows: rowsWhere(
        table,
        (i) => Math.min(n[i]!, k[i]!) >= DIM_MIN && Math.max(n[i]!, k[i]!) <= DIM_MAX,
      ),
      groupOf: (i) => n[i]! * 65_537 + k[i]!,
    },
    solve,
  );
}
