/** Small scenarios written by hand: traces as rows, engines as the few knobs that matter. Runs in a browser too. */

import { scenarioSchema } from "../../src/sim/index.ts";
import type { Scenario, ScenarioInput } from "../../src/sim/index.ts";

import type { Trace } from "../../src/trace/index.ts";

/** One request: when, how long, and the chained ids of its blocks where the trace has ids. */
export type Row = {
  readonly at: number;
  readonly input: number;
  readonly output: number;
  readonly ids?: readonly number[];
  /** Row of the previous turn, and the think time after it, µs (absent: the trace does not say). */
  readonly parent?: number;
  readonly delayUs?: number;
};

/** Consecutive ids as runs. */
function runsOf(rows: readonly Row[]): NonNullable<Trace["hashes"]> {
  const rowStart = new Uint32Array(rows.length + 1);
  const start: number[] = [];
  const length: number[] = [];
  let idCount = 0;
  rows.forEach((row, r) => {
    rowStart[r] = start.length;
    (row.ids ?? []).forEach((id, i) => {
      idCount = Math.max(idCount, id + 1);
      if (i > 0 && id === row.ids![i - 1]! + 1) length[length.length - 1]!++;
      else {
        start.push(id);
        length.push(1);
      }
    });
  });
  rowStart[rows.length] = start.length;
  return {
    rowStart,
    start: Uint32Array.from(start),
    length: Uint32Array.from(length),
    idCount,
  };
}

function sessionsOf(rows: readonly Row[]): NonNullable<Trace["sessions"]> {
  const session = new Int32Array(rows.length).fill(-1);
  const parent = Int32Array.from(rows, (row) => row.parent ?? -1);
  let sessionCount = 0;
  rows.forEach((row, r) => {
    const isFirst = row.parent === undefined && rows.some((other) => other.parent === r);
    if (row.parent !== undefined) session[r] = session[row.parent]!;
    else if (isFirst) session[r] = sessionCount++;
  });
  const delayUs = Float64Array.from(rows, (row) => row.delayUs ?? NaN);
  return { session, sessionCount, parent, delayUs };
}

/** A trace of these rows; `blockSize` tokens per id, 0: no ids. */
export function traceOf(rows: readonly Row[], blockSize = 0): Trace {
  const hasSessions = rows.some((row) => row.parent !== undefined);
  return {
    header: {
      v: 1,
      name: "by hand",
      format: "test",
      blockSize,
      partialTail: blockSize > 0 ? "included" : "none",
      tickUs: 0,
      importLog: [],
      transforms: [],
    },
    rows: rows.length,
    arrivalUs: Float64Array.from(rows, (row) => row.at),
    inputTokens: Uint32Array.from(rows, (row) => row.input),
    outputTokens: Uint32Array.from(rows, (row) => row.output),
    ...(blockSize > 0 ? { hashes: runsOf(rows) } : {}),
    ...(hasSessions ? { sessions: sessionsOf(rows) } : {}),
  };
}

/** Steps of whole milliseconds: 10 ms with a prompt in it, 1 ms without. */
export const TEN_AND_ONE = {
  type: "fixed",
  prefill_ms: 10,
  decode_ms: 1,
  mixed: "fused",
} as const;

/** The engine where a test says nothing: what vLLM takes, and steps that can be added in the head. */
const PLAIN = {
  block_size: 16,
  num_gpu_blocks: 16_384,
  max_num_seqs: 256,
  max_num_batched_tokens: 8192,
  step_time: TEN_AND_ONE,
} as const;

/** A complete scenario from an engine's knobs and whatever else differs from the defaults. */
export function scenarioOf(
  engine: ScenarioInput["engine"],
  rest: Omit<ScenarioInput, "engine"> = {},
): Scenario {
  return scenarioSchema.parse({ ...rest, engine: { ...PLAIN, ...engine } });
}
