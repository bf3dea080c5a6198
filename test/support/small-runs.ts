/** Small scenarios written by hand: traces as rows, engines as the few knobs that matter, both modes at once. */

import { expect } from "vitest";
import type { ProfileTable } from "../../src/hardware/index.ts";
import { scenarioSchema } from "../../src/sim/index.ts";
import type {
  RequestColumns,
  Scenario,
  ScenarioInput,
  SimulationOptions,
  SimulationResult,
} from "../../src/sim/index.ts";

import type { RowSource, Trace } from "../../src/trace/index.ts";
import { simulate } from "./simulate.ts";

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

export type Inputs = {
  readonly scenario: Scenario;
  readonly trace?: Trace;
  readonly rows?: () => RowSource;
  readonly table?: ProfileTable;
};

/** Runs both modes, which must agree, and returns the fast one's result with all its columns. */
export function runBoth(
  inputs: Inputs,
  options: SimulationOptions = {},
): Required<SimulationResult> {
  const watch = { requests: true, slices: 100_000, seriesIntervalUs: 1_000_000, auditEvery: 1 };
  const { rows, ...fixed } = inputs;
  const once = (more: SimulationOptions): Required<SimulationResult> => {
    const source = rows === undefined ? {} : { rows: rows() };
    return simulate(
      { ...fixed, ...source },
      { ...watch, ...options, ...more },
    ) as Required<SimulationResult>;
  };
  const fast = once({});
  const steps = once({ stepByStep: true });
  expect(steps.report.digest).toBe(fast.report.digest);
  expect(steps.requests).toEqual(fast.requests);
  return fast;
}

/** One request's results, times in µs. */
export type Outcome = {
  readonly admitted: number;
  readonly first: number;
  readonly finish: number;
  readonly cached: number;
  readonly preemptions: number;
};

export function outcomesOf(requests: RequestColumns): Outcome[] {
  return Array.from({ length: requests.rows }, (_, i) => ({
    admitted: requests.admittedUs[i]!,
    first: requests.firstTokenUs[i]!,
    finish: requests.finishUs[i]!,
    cached: requests.cachedTokens[i]!,
    preemptions: requests.preemptions[i]!,
  }));
}

/** First-token and finish times of every request, µs. */
export function timesOf(requests: RequestColumns): [first: number, finish: number][] {
  return outcomesOf(requests).map(({ first, finish }) => [first, finish]);
}
