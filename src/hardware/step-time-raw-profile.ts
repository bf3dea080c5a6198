/** Dynamo profiler results before conversion: one file a direction, decode as scattered points. */
import { fail, ok, type Result } from "../core/index.ts";
import { profileArrays, requireArray, type ProfileSource } from "./step-time-arrays.ts";
import { checkProfile, type ProfileTable } from "./step-time-profile.ts";

/** KV points of the grid, as in Dynamo's converter (resolution 100). */
const KV_POINTS_MAX = 100;

/** Assumption: profiler sweeps have hundreds of points; more than this is another kind of file. */
const POINTS_MAX = 100_000;

const REMEDY = "give the profiler's raw_data.npz or *_raw_data.json of that direction";

type Point = { readonly x: number; readonly ms: number };

function points(xs: Float64Array, ms: Float64Array, name: string): Result<Point[]> {
  if (xs.length !== ms.length || xs.length > POINTS_MAX) {
    return fail({
      what: `${xs.length} points and ${ms.length} times`,
      where: name,
      expected: `as many times as points, at most ${POINTS_MAX}`,
    });
  }
  const made = Array.from(xs, (x, i) => ({ x, ms: ms[i]! }));
  if (!made.every((point) => Number.isFinite(point.x) && Number.isFinite(point.ms))) {
    return fail({ what: "a point or its time is not a finite number", where: name });
  }
  return ok(made.sort((a, b) => a.x - b.x));
}

/** Linear between the points of one curve (ascending x), constant outside them. */
function onCurve(curve: readonly Point[], x: number): number {
  const next = curve.findIndex((point) => point.x > x);
  if (next === 0) return curve[0]!.ms;
  if (next < 0) return curve.at(-1)!.ms;
  const [a, b] = [curve[next - 1]!, curve[next]!];
  return a.ms + ((b.ms - a.ms) * (x - a.x)) / (b.x - a.x);
}

function kvAxis(sorted: readonly Point[]): Float64Array {
  const distinct = [...new Set(sorted.map((point) => point.x))];
  if (distinct.length <= KV_POINTS_MAX) return Float64Array.from(distinct);
  const first = distinct[0]!;
  const gap = (distinct.at(-1)! - first) / (KV_POINTS_MAX - 1);
  return Float64Array.from({ length: KV_POINTS_MAX }, (_, i) => first + gap * i);
}

type Grid = Pick<ProfileTable, "decodeKvTokens" | "decodeContext" | "decodeMs">;

function decodeGrid(source: ProfileSource): Result<Grid> {
  const names = ["x_kv_usage", "y_context_length", "z_itl", "max_kv_tokens"] as const;
  const arrays = profileArrays(source, names);
  if (!arrays.ok) return arrays;
  const usage = requireArray(arrays.value, "x_kv_usage", 1, REMEDY);
  if (!usage.ok) return usage;
  const context = requireArray(arrays.value, "y_context_length", 1, REMEDY);
  if (!context.ok) return context;
  const itl = requireArray(arrays.value, "z_itl", 1, REMEDY);
  if (!itl.ok) return itl;
  const maxKvTokens = arrays.value.get("max_kv_tokens")?.values[0];
  if (maxKvTokens === undefined || !(maxKvTokens > 0)) {
    return fail({
      what: "there is no KV capacity",
      where: "max_kv_tokens",
      expected: "tokens > 0",
    });
  }
  const contexts = context.value.values;
  const kvTokens = usage.value.values.map((share) => share * maxKvTokens);
  const all = points(kvTokens, itl.value.values, "z_itl");
  if (!all.ok) return all;
  if (contexts.length !== kvTokens.length) {
    return fail({
      what: `${contexts.length} contexts for ${kvTokens.length} points`,
      where: "y_context_length",
    });
  }
  const curves = new Map<number, Point[]>();
  for (const [i, ms] of itl.value.values.entries()) {
    const curve = curves.get(contexts[i]!);
    const point = { x: kvTokens[i]!, ms };
    if (curve === undefined) curves.set(contexts[i]!, [point]);
    else curve.push(point);
  }
  const decodeContext = Float64Array.from(curves.keys()).sort();
  const decodeKvTokens = kvAxis(all.value);
  const decodeMs = new Float64Array(decodeKvTokens.length * decodeContext.length);
  for (const [j, at] of decodeContext.entries()) {
    const curve = curves.get(at)!.sort((a, b) => a.x - b.x);
    if (curve.length < 2) {
      return fail({
        what: `context ${at} was measured at one KV usage only`,
        where: "y_context_length",
        expected: "at least two KV usages for each context",
        remedy: "convert the profile with Dynamo's planner_profiler_perf_data_converter",
      });
    }
    for (const [i, x] of decodeKvTokens.entries()) {
      decodeMs[i * decodeContext.length + j] = onCurve(curve, x);
    }
  }
  return ok({ decodeKvTokens, decodeContext, decodeMs });
}

/**
 * Makes a table of the profiler's own files: `selected_prefill_interpolation/raw_data.npz` or
 * `prefill_raw_data.json` (`prefill_isl` in tokens, `prefill_ttft` in ms), and
 * `selected_decode_interpolation/raw_data.npz` or `decode_raw_data.json` (`x_kv_usage` as a share
 * of `max_kv_tokens`, `y_context_length` in tokens, `z_itl` in ms: one entry a measured point).
 *
 * Every measured context becomes a column of the decode grid, linear between its own points and
 * constant outside them. Dynamo's converter instead resamples both directions with cubic splines to
 * 100 points; away from the measured points the two differ, at them they agree.
 *
 * Source of the names: ai-dynamo/dynamo, dynamo.planner perf_interpolation.
 */
export function readProfileRaw(
  prefill: ProfileSource,
  decode: ProfileSource,
): Result<ProfileTable> {
  const arrays = profileArrays(prefill, ["prefill_isl", "prefill_ttft"]);
  if (!arrays.ok) return arrays;
  const isl = requireArray(arrays.value, "prefill_isl", 1, REMEDY);
  if (!isl.ok) return isl;
  const ttft = requireArray(arrays.value, "prefill_ttft", 1, REMEDY);
  if (!ttft.ok) return ttft;
  const sorted = points(isl.value.values, ttft.value.values, "prefill_ttft");
  if (!sorted.ok) return sorted;
  const grid = decodeGrid(decode);
  if (!grid.ok) return grid;
  return checkProfile({
    prefillTokens: Float64Array.from(sorted.value, (point) => point.x),
    prefillMs: Float64Array.from(sorted.value, (point) => point.ms),
    ...grid.value,
  });
}
