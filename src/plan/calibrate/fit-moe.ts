/** Tables of fused expert kernels → `MoeParams` by engine, format and kernel. */
import type { ComputeFormat, Fitted, KernelDevice, MoeParams } from "../../hardware/index.ts";
import { balancedExperts, moeUs } from "../../hardware/index.ts";
import { fitKernel } from "./fit-kernel.ts";
import type { LinearSolver } from "./robust-fit.ts";
import type { Table } from "./table.ts";

type MoeFormat = {
  /** Name in the parameter file. */
  readonly name: string;
  readonly compute: ComputeFormat;
  readonly weightBytes: number;
};

/** Formats of the tables; weight-only formats compute in bf16 (w4a16) or in fp8 (w4a8). */
export const MOE_FORMATS: Readonly<Record<string, MoeFormat>> = {
  bfloat16: { name: "bf16", compute: "bf16", weightBytes: 2 },
  fp8: { name: "fp8", compute: "fp8", weightBytes: 1 },
  fp8_block: { name: "fp8-block", compute: "fp8", weightBytes: 1 },
  nvfp4: { name: "nvfp4", compute: "fp4", weightBytes: 0.5 + 1 / 16 },
  int4_wo: { name: "int4", compute: "bf16", weightBytes: 0.5 + 2 / 128 },
  w4a16_mxfp4: { name: "mxfp4", compute: "bf16", weightBytes: 0.5 + 1 / 32 },
  w4a8_mxfp4_mxfp8: { name: "mxfp4-fp8", compute: "fp8", weightBytes: 0.5 + 1 / 32 },
};

export const MOE_COLUMNS =
  "kernel,dtype,dist,hidden,inter,topk,experts,tp,ep,tokens,latency_ms".split(",");

/** Gate, up and down projection: all measured experts are gated. */
const MATRICES = 3;

/** A short kernel name: the part of the table's that tells kernels apart. */
const KERNEL_NAMES: readonly (readonly [part: string, name: string])[] = [
  ["marlin", "marlin"],
  ["triton_", "triton"],
  ["cutlass", "cutlass"],
  ["trtllm", "trtllm-gen"],
  ["deepgemm", "deepgemm"],
  ["min_latency", "min-latency"],
  ["torch_flow", "torch-flow"],
];

function kernelName(text: string): string {
  if (text.includes("flashinfer_trtllm")) return "trtllm-gen";
  return KERNEL_NAMES.find(([part]) => text.includes(part))?.[1] ?? text;
}

function fitRows(
  table: Table,
  rows: readonly number[],
  format: MoeFormat,
  device: KernelDevice,
  solve: LinearSolver,
): Fitted<MoeParams> {
  const columns = ["hidden", "inter", "topk", "experts", "tp", "ep", "tokens"] as const;
  const [hidden, inter, topK, experts, tp, ep, tokens] = columns.map((name) =>
    table.numbers(name),
  ) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return fitKernel<MoeParams>(
    table,
    {
      parameters: {
        compute: { initial: 0.4, min: 0.02, max: 2 },
        memory: { initial: 0.6, min: 0.05, max: 1.2 },
        fixedUs: { initial: 25, min: 2, max: 150 },
        stream: { initial: 0.3, min: 0.01, max: 10 },
        power: { initial: 2, min: 1, max: 8 },
        pad: { initial: 8, min: 0.1, max: 128 },
        expertUs: { initial: 0.02, min: 0.0001, max: 2 },
        narrow: { initial: 50, min: 1, max: 4000 },
        leak: { initial: 0.02, min: 0.0001, max: 1 },
      },
      predictUs: (params, i) => {
        const shape = {
          hidden: hidden[i]!,
          inter: inter[i]! / tp[i]!,
          matrices: MATRICES,
          topK: topK[i]!,
          experts: experts[i]!,
          localExperts: experts[i]! / ep[i]!,
          weightBytes: format.weightBytes,
          compute: format.compute,
        };
        const active = balancedExperts(shape, tokens[i]!);
        // The busiest rank: an active expert has a row at least.
        const pairs = Math.max(active, (tokens[i]! * topK[i]!) / ep[i]!);
        return moeUs(params, shape, device, pairs, active, 1);
      },
      rows,
      groupOf: (i) =>
        hidden[i]! * 31 + inter[i]! * 17 + experts[i]! + tp[i]! * 1009 + ep[i]! * 7919,
    },
    solve,
  );
}

/** Rows that a fit of one kernel needs at least. */
const ROWS_MIN = 40;

/**
 * The rows to fit a kernel by: its own, or, when whole experts alone were measured too seldom, those of
 * split ones with them; undefined: too few even so.
 */
function rowsFor(key: string, groups: ReadonlyMap<string, readonly number[]>) {
  const own = groups.get(key) ?? [];
  if (own.length >= ROWS_MIN) return own;
  const all = key.endsWith("/ep") ? own : [...own, ...(groups.get(`${key}/ep`) ?? [])];
  return all.length >= ROWS_MIN ? all : undefined;
}

/** Kernels that choose the experts themselves, from scores that the tables' collector made. */
const ROUTING_KERNELS: readonly string[] = ["trtllm-gen"];
/** Tokens from which such a kernel's time is that of its products (assumption). */
const MANY_TOKENS = 4096;
/** Time with half the experts on a rank over that with all of them: 0.5 where tokens are spread (assumption: between). */
const IDLE_SHARE = 0.8;

/**
 * Kernels and shapes whose "balanced" rows are none: half the experts take as long as all of them, so that every token chose
 * from that half. Where experts are chosen by groups (DeepSeek: four of eight groups of 32) the collector's even scores
 * lead all tokens to the first four. Nine other shapes of the same kernels halve as they should.
 */
function lopsided(table: Table, keyOf: (i: number) => string): ReadonlySet<string> {
  const [tp, ep, tokens] = ["tp", "ep", "tokens"].map((name) => table.numbers(name));
  const kernel = table.text("kernel");
  const ms = table.numbers("latency_ms");
  const whole = new Map<string, number>();
  const halves: number[] = [];
  for (let i = 0; i < table.rows; i++) {
    const isMany = tp![i] === 1 && tokens![i]! >= MANY_TOKENS;
    if (!isMany || !ROUTING_KERNELS.includes(kernelName(kernel[i]!))) continue;
    if (ep![i] === 1) whole.set(`${keyOf(i)}/${tokens![i]}`, ms[i]!);
    else if (ep![i] === 2) halves.push(i);
  }
  const idle = halves.filter((i) => {
    const all = whole.get(`${keyOf(i)}/${tokens![i]}`);
    return all !== undefined && ms[i]! > IDLE_SHARE * all;
  });
  return new Set(idle.map(keyOf));
}

/** Fits every (format, kernel, split or not) of one engine's table; keys as in `KernelParams`. */
export function fitMoe(
  engine: string,
  table: Table,
  device: KernelDevice,
  solve: LinearSolver,
): Record<string, Fitted<MoeParams>> {
  const kernel = table.text("kernel");
  const dtype = table.text("dtype");
  const balanced = table.text("dist");
  const ep = table.numbers("ep");
  const groups = new Map<string, number[]>();
  const shapes = ["hidden", "inter", "topk", "experts"].map((name) => table.numbers(name));
  const keyOf = (i: number): string =>
    [kernel[i], dtype[i], balanced[i], ...shapes.map((column) => column[i])].join("/");
  const uneven = lopsided(table, keyOf);
  for (let i = 0; i < table.rows; i++) {
    if (balanced[i] !== "bal" || MOE_FORMATS[dtype[i]!] === undefined) continue;
    if (uneven.has(keyOf(i))) continue;
    const split = ep[i]! > 1 ? "/ep" : "";
    const key = `${engine}/${MOE_FORMATS[dtype[i]!]!.name}/${kernelName(kernel[i]!)}${split}`;
    const rows = groups.get(key) ?? [];
    rows.push(i);
    groups.set(key, rows);
  }
  const fits: Record<string, Fitted<MoeParams>> = {};
  for (const [key, rows] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const enough = rowsFor(key, groups);
    if (enough === undefined) continue;
    fits[key] = fitRows(table, enough, MOE_FORMATS[dtype[rows[0]!]!]!, device, solve);
  }
  return fits;
}
