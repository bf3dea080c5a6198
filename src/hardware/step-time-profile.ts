/** Dynamo planner profile data: measured prefill times and a decode grid, from NPZ or JSON. */
import { fail, ok, type Problem, type Result } from "../core/index.ts";
import type { NpyArray } from "./npz.ts";
import { profileArrays, requireArray } from "./step-time-arrays.ts";

/** Measured step times. Axes strictly increasing, at least two points each; all times > 0. */
export type ProfileTable = {
  /** New prompt tokens of a step. */
  readonly prefillTokens: Float64Array;
  /** Time of a prefill step, ms, one per entry of `prefillTokens`. */
  readonly prefillMs: Float64Array;
  /** Σ context over the decode batch, tokens. */
  readonly decodeKvTokens: Float64Array;
  /** Mean context of the decode batch, tokens. */
  readonly decodeContext: Float64Array;
  /** Time of a decode step, ms, row-major `decodeKvTokens` × `decodeContext`. */
  readonly decodeMs: Float64Array;
};

const ARRAYS = [
  "prefill_isl",
  "prefill_ttft_ms",
  "decode_active_kv_tokens",
  "decode_context_length",
  "decode_itl",
] as const;

const REMEDY =
  "write the profile with Dynamo's planner_profiler_perf_data_converter, " +
  "or give the same five arrays as JSON";

function axisProblem(name: string, axis: Float64Array): Problem | undefined {
  if (axis.length < 2) {
    return {
      what: `the axis has ${axis.length} points`,
      where: name,
      expected: "at least 2",
      remedy: REMEDY,
    };
  }
  for (let i = 0; i < axis.length; i++) {
    const value = axis[i]!;
    if (!Number.isFinite(value) || value < 0) {
      return { what: `point ${i} is ${value}`, where: name, expected: "a number ≥ 0" };
    }
    if (i > 0 && value <= axis[i - 1]!) {
      return {
        what: `point ${i} (${value}) does not exceed the one before (${axis[i - 1]})`,
        where: name,
        expected: "strictly increasing points",
      };
    }
  }
  return undefined;
}

function timesProblem(name: string, times: Float64Array, count: number): Problem | undefined {
  if (times.length !== count) {
    return { what: `${times.length} times`, where: name, expected: `${count}, one per grid point` };
  }
  const bad = times.findIndex((ms) => !(ms > 0 && ms < Infinity));
  if (bad < 0) return undefined;
  return {
    what: `time ${bad} is ${times[bad]}`,
    where: name,
    expected: "a finite number of milliseconds > 0",
  };
}

/** The table as it is, or a problem that names the array: axes, sizes and positive times. */
export function checkProfile(table: ProfileTable): Result<ProfileTable> {
  const grid = table.decodeKvTokens.length * table.decodeContext.length;
  const problem =
    axisProblem("prefill_isl", table.prefillTokens) ??
    timesProblem("prefill_ttft_ms", table.prefillMs, table.prefillTokens.length) ??
    axisProblem("decode_active_kv_tokens", table.decodeKvTokens) ??
    axisProblem("decode_context_length", table.decodeContext) ??
    timesProblem("decode_itl", table.decodeMs, grid);
  return problem === undefined ? ok(table) : fail(problem);
}

function readProfile(source: unknown): Result<ProfileTable> {
  const arrays = profileArrays(source, ARRAYS);
  if (!arrays.ok) return arrays;
  const found: NpyArray[] = [];
  for (const name of ARRAYS) {
    const array = requireArray(arrays.value, name, name === "decode_itl" ? 2 : 1, REMEDY);
    if (!array.ok) return array;
    found.push(array.value);
  }
  const [prefillTokens, prefillMs, decodeKvTokens, decodeContext, decodeMs] = found.map(
    (array) => array.values,
  ) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  const [rows, columns] = found[4]!.shape;
  if (rows !== decodeKvTokens.length || columns !== decodeContext.length) {
    return fail({
      what: `the array has shape (${rows}, ${columns})`,
      where: "decode_itl",
      expected: `(${decodeKvTokens.length}, ${decodeContext.length}), KV tokens × context`,
    });
  }
  return checkProfile({ prefillTokens, prefillMs, decodeKvTokens, decodeContext, decodeMs });
}

/**
 * Reads a profile NPZ as Dynamo's mocker takes it (`--planner-profile-data`): `prefill_isl`
 * (tokens), `prefill_ttft_ms`, `decode_active_kv_tokens`, `decode_context_length` and `decode_itl`
 * (ms, KV tokens × context).
 *
 * Problems name the array: missing, of the wrong shape, an axis that does not increase, a time that
 * is not positive; or say why the file cannot be unpacked (checksums are not compared).
 *
 * Source of the names: ai-dynamo/dynamo, lib/mocker/src/common/perf_model.rs.
 */
export function readProfileNpz(bytes: Uint8Array): Result<ProfileTable> {
  return readProfile(bytes);
}

/** The same five arrays from a parsed JSON object, `decode_itl` as a list of rows. */
export function readProfileJson(json: unknown): Result<ProfileTable> {
  return readProfile(json);
}
