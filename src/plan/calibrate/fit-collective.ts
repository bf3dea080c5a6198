/** Collective tables → `CollectiveParams` by engine or NCCL operation and number of ranks. */
import type { CollectiveOp, CollectiveParams, Fitted } from "../../hardware/index.ts";
import { collectiveUs } from "../../hardware/index.ts";
import { fitKernel } from "./fit-kernel.ts";
import type { LinearSolver } from "./robust-fit.ts";
import type { Table } from "./table.ts";

export const ALL_REDUCE_COLUMNS = "system,framework,version,mode,num_gpus,bytes,latency_ms".split(
  ",",
);
export const NCCL_COLUMNS = "system,nccl_version,op,num_gpus,bytes,latency_ms".split(",");

const NCCL_OPS: Readonly<Record<string, CollectiveOp>> = {
  all_reduce: "all-reduce",
  all_gather: "all-gather",
  reduce_scatter: "reduce-scatter",
  alltoall: "all-to-all",
};

/** Versions of tools in order: numbers within compare as numbers. */
function newest(versions: ReadonlySet<string>): string {
  const parts = (text: string): number[] => text.split(/[^0-9]+/).map(Number);
  return [...versions].sort((a, b) => {
    const left = parts(a);
    const right = parts(b);
    for (let i = 0; i < Math.max(left.length, right.length); i++) {
      const difference = (right[i] ?? 0) - (left[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  })[0]!;
}

const US_PER_MS = 1000;

/** What is fitted of a collective without a one-shot kernel, with starts and bounds. */
const LARGE = {
  fixedUs: { initial: 6, min: 0.5, max: 200 },
  bytesPerUs: { initial: 300_000, min: 500, max: 2_000_000 },
  stepUs: { initial: 5, min: 0.01, max: 2000 },
  switchBytes: { initial: 4e6, min: 1e5, max: 64e6 },
} as const;

const ONE_SHOT = {
  oneShotUs: { initial: 4, min: 0.5, max: 200 },
  oneShotBytesPerUs: { initial: 300_000, min: 500, max: 2_000_000 },
} as const;

function fitRows(
  table: Table,
  rows: readonly number[],
  op: CollectiveOp,
  ranks: number,
  solve: LinearSolver,
): Fitted<CollectiveParams> {
  const bytes = table.numbers("bytes");
  return fitKernel<CollectiveParams>(
    table,
    {
      parameters: LARGE,
      predictUs: (params, i) => collectiveUs(params, op, ranks, bytes[i]!),
      rows,
      groupOf: (i) => bytes[i]!,
    },
    solve,
  );
}

/**
 * Sizes at which engines leave their one-shot kernel, to choose from: vLLM's 256 and 512 KiB, TensorRT-LLM's up to
 * 2 MiB (AllReduceBestStrategyTable), and a step more on both sides.
 */
const KINKS = [17, 18, 19, 20, 21, 22].map((doublings) => 1 << doublings);

/** An engine's own all-reduce: a line up to the size that leaves the least error, and the rest. */
function fitOneShot(
  table: Table,
  rows: readonly number[],
  ranks: number,
  solve: LinearSolver,
): Fitted<CollectiveParams> {
  const bytes = table.numbers("bytes");
  const latencyMs = table.numbers("latency_ms");
  const timeUs = (params: CollectiveParams, i: number): number =>
    collectiveUs(params, "all-reduce", ranks, bytes[i]!);
  const errorOf = ({ params }: Fitted<CollectiveParams>): number =>
    rows.reduce((sum, i) => {
      const ratio = timeUs(params, i) / (latencyMs[i]! * US_PER_MS);
      return sum + Math.max(ratio, 1 / ratio) - 1;
    }, 0);
  const fits = KINKS.map((oneShotBytesMax) =>
    fitKernel<CollectiveParams & { [name in keyof typeof ONE_SHOT]: number }>(
      table,
      {
        parameters: { ...LARGE, ...ONE_SHOT, oneShotBytesMax },
        predictUs: timeUs,
        rows,
        groupOf: (i) => bytes[i]!,
      },
      solve,
    ),
  );
  return fits.reduce((best, fit) => (errorOf(fit) < errorOf(best) ? fit : best));
}

/** Points that a fit of three parameters needs at least. */
const ROWS_MIN = 8;

type Grouping = {
  readonly table: Table;
  readonly version: string;
  /** Key without ranks and the operation, or undefined for a row to leave out. */
  readonly keyOf: (row: number) => readonly [key: string, op: CollectiveOp] | undefined;
  /** Small messages have a kernel of their own. */
  readonly hasOneShot: boolean;
};

function fitGroups(
  system: string,
  { table, version, keyOf, hasOneShot }: Grouping,
  solve: LinearSolver,
): Record<string, Fitted<CollectiveParams>> {
  const systems = table.text("system");
  const versions = table.text(version);
  const ranks = table.numbers("num_gpus");
  const latency = table.numbers("latency_ms");
  const groups = new Map<string, { op: CollectiveOp; byVersion: Map<string, number[]> }>();
  for (let i = 0; i < table.rows; i++) {
    const key = keyOf(i);
    if (systems[i] !== system || key === undefined || !(latency[i]! > 0)) continue;
    const name = `${key[0]}/${ranks[i]!}`;
    const group = groups.get(name) ?? { op: key[1], byVersion: new Map<string, number[]>() };
    const rows = group.byVersion.get(versions[i]!) ?? [];
    rows.push(i);
    group.byVersion.set(versions[i]!, rows);
    groups.set(name, group);
  }
  const fits: Record<string, Fitted<CollectiveParams>> = {};
  for (const [name, { op, byVersion }] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const rows = byVersion.get(newest(new Set(byVersion.keys())))!;
    if (rows.length < ROWS_MIN) continue;
    const count = ranks[rows[0]!]!;
    fits[name] = hasOneShot
      ? fitOneShot(table, rows, count, solve)
      : fitRows(table, rows, op, count, solve);
  }
  return fits;
}

/**
 * The all-reduce that vLLM had and SGLang took over, before both changed it: one stage up to 256 KiB on eight
 * ranks and 512 KiB on fewer, two behind another barrier from there on (vLLM csrc/custom_all_reduce.cuh).
 */
const TWO_STAGE = { framework: "sglang", version: "0.5.9", name: "two-stage" } as const;

/**
 * All-reduce of each engine inside a CUDA graph, newest version: keys "engine/ranks"; and the one of older
 * vLLM and SGLang.
 */
export function fitAllReduce(
  system: string,
  table: Table,
  solve: LinearSolver,
): Record<string, Fitted<CollectiveParams>> {
  const framework = table.text("framework");
  const version = table.text("version");
  const mode = table.text("mode");
  const fitOf = (nameOf: (row: number) => string | undefined): ReturnType<typeof fitAllReduce> => {
    const keyOf: Grouping["keyOf"] = (i) => {
      const name = mode[i]!.endsWith("eager") ? undefined : nameOf(i);
      return name === undefined ? undefined : [name, "all-reduce"];
    };
    return fitGroups(system, { table, version: "version", hasOneShot: true, keyOf }, solve);
  };
  const isTwoStage = (i: number): boolean =>
    framework[i] === TWO_STAGE.framework && version[i] === TWO_STAGE.version;
  return {
    ...fitOf((i) => framework[i]!),
    ...fitOf((i) => (isTwoStage(i) ? TWO_STAGE.name : undefined)),
  };
}

/** NCCL operations, newest version: keys "nccl/operation/ranks". */
export function fitNccl(
  system: string,
  table: Table,
  solve: LinearSolver,
): Record<string, Fitted<CollectiveParams>> {
  const ops = table.text("op");
  return fitGroups(
    system,
    {
      table,
      version: "nccl_version",
      hasOneShot: false,
      keyOf: (i) => {
        const op = NCCL_OPS[ops[i]!];
        return op === undefined ? undefined : [`nccl/${op}`, op];
      },
    },
    solve,
  );
}
