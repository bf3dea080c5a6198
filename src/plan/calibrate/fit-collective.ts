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

/** Parameters that are held instead of fitted. */
type Held = { readonly [name in keyof CollectiveParams]?: number };

function fitRows(
  { table, held = {} }: Pick<Grouping, "table" | "held">,
  rows: readonly number[],
  op: CollectiveOp,
  ranks: number,
  solve: LinearSolver,
): Fitted<CollectiveParams> {
  const bytes = table.numbers("bytes");
  return fitKernel<CollectiveParams>(
    table,
    {
      parameters: {
        fixedUs: { initial: 6, min: 0.5, max: 200 },
        bytesPerUs: { initial: 300_000, min: 500, max: 2_000_000 },
        stepUs: { initial: 5, min: 0.01, max: 2000 },
        switchBytes: { initial: 4e6, min: 1e5, max: 64e6 },
        ...held,
      },
      predictUs: (params, i) => collectiveUs(params, op, ranks, bytes[i]!),
      rows,
      groupOf: (i) => bytes[i]!,
    },
    solve,
  );
}

/** Points that a fit of three parameters needs at least. */
const ROWS_MIN = 8;

type Grouping = {
  readonly table: Table;
  readonly version: string;
  /** Key without ranks and the operation, or undefined for a row to leave out. */
  readonly keyOf: (row: number) => readonly [key: string, op: CollectiveOp] | undefined;
  readonly held?: Held;
};

function fitGroups(
  system: string,
  { table, version, keyOf, held = {} }: Grouping,
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
    fits[name] = fitRows({ table, held }, rows, op, ranks[rows[0]!]!, solve);
  }
  return fits;
}

/** All-reduce of each engine inside a CUDA graph, newest version: keys "engine/ranks". */
export function fitAllReduce(
  system: string,
  table: Table,
  solve: LinearSolver,
): Record<string, Fitted<CollectiveParams>> {
  const framework = table.text("framework");
  const mode = table.text("mode");
  return fitGroups(
    system,
    {
      table,
      version: "version",
      keyOf: (i) => (mode[i]!.endsWith("eager") ? undefined : [framework[i]!, "all-reduce"]),
    },
    solve,
  );
}

/**
 * Messages up to which TensorRT-LLM's tables hold one shot whatever the version: what its own table of the
 * quicker kernel picks for rows of 4096, those of the benchmark (AllReduceBestStrategyTable,
 * cpp/tensorrt_llm/common/customAllReduceUtils.h), on Blackwell and before.
 */
const ONE_SHOT_BYTES_MAX = { blackwell: 1 << 21, hopper: 1 << 19 };

/** TensorRT-LLM's all-reduce in one shot, a line in the bytes: keys "trtllm-one-shot/ranks". */
export function fitOneShot(
  system: string,
  table: Table,
  family: keyof typeof ONE_SHOT_BYTES_MAX,
  solve: LinearSolver,
): Record<string, Fitted<CollectiveParams>> {
  const framework = table.text("framework");
  const bytes = table.numbers("bytes");
  return fitGroups(
    system,
    {
      table,
      version: "version",
      keyOf: (i) =>
        framework[i] === "trtllm" && bytes[i]! <= ONE_SHOT_BYTES_MAX[family]
          ? ["trtllm-one-shot", "all-reduce"]
          : undefined,
      held: { stepUs: 0, switchBytes: 1 },
    },
    solve,
  );
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
      keyOf: (i) => {
        const op = NCCL_OPS[ops[i]!];
        return op === undefined ? undefined : [`nccl/${op}`, op];
      },
    },
    solve,
  );
}
