/** Axes → scenarios: every combination, coarse first, so that a sweep that is stopped has seen the corners. */

import { fail, ok } from "../../../src/core/index.ts";
import type { Result } from "../../../src/core/index.ts";
import { withValue } from "../../scenario/document.ts";
import type { SweepAxis, SweepPoint } from "../../stores/sweep-store.ts";
import type { ScenarioDocument } from "../../workers/protocol.ts";

/** Most runs of a sweep (assumption: some minutes for the bundled scenario). */
export const POINTS_MOST = 400;
export const AXES_MOST = 3;

/** "4, 8, 16", "4..16 step 4" or words; numbers where they are numbers. */
export function parseValues(text: string): Result<readonly (string | number)[]> {
  const [, from, to, step] =
    /^\s*(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)(?:\s*step\s*([\d.]+))?\s*$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined)
    return range(Number(from), Number(to), Number(step ?? 1));
  const values = text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "")
    .map((one) => (/^-?(\d+\.?\d*|\.\d+)$/.test(one) ? Number(one) : one));
  return values.length === 0
    ? fail({
        what: "no value",
        expected: "values such as 4, 8, 16, or a range such as 4..16 step 4",
      })
    : ok([...new Set(values)]);
}

function range(from: number, to: number, step: number): Result<readonly number[]> {
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  if (!(step > 0) || !(to >= from) || count > POINTS_MOST) {
    return fail({
      what: "the range is empty or too fine",
      expected: "from..to step size, for example 4..16 step 4",
    });
  }
  return ok(Array.from({ length: count }, (_, i) => Number((from + i * step).toPrecision(12))));
}

/** All combinations. Errors: an axis without values, more runs than a page does. */
export function planSweep(
  document: ScenarioDocument,
  axes: readonly SweepAxis[],
): Result<readonly SweepPoint[]> {
  let combinations: readonly (readonly (string | number)[])[] = [[]];
  for (const { path, values } of axes) {
    const parsed = parseValues(values);
    if (!parsed.ok) return fail({ ...parsed.problem, where: path });
    combinations = combinations.flatMap((one) => parsed.value.map((value) => [...one, value]));
  }
  if (combinations.length > POINTS_MOST) {
    return fail({
      what: `${String(combinations.length)} runs are more than ${String(POINTS_MOST)}`,
      remedy: "take fewer values",
    });
  }
  const points = combinations.map((values, id): SweepPoint => ({
    id,
    values,
    document: axes.reduce<ScenarioDocument>(
      (made, { path }, i) => withSwept(made, path, values[i]),
      document,
    ),
    report: null,
    problem: null,
  }));
  return ok(coarseFirst(points));
}

/** A field of a case needs the case beside it. */
function withSwept(document: ScenarioDocument, path: string, value: unknown): ScenarioDocument {
  const tagged =
    path === "traffic.arrivals.speedup"
      ? withValue(document, ["traffic", "arrivals", "mode"], "timestamps")
      : document;
  return withValue(tagged, path.split("."), value);
}

/** Ends, then middles, then what lies between. */
function coarseFirst(points: readonly SweepPoint[]): readonly SweepPoint[] {
  const order: SweepPoint[] = [];
  const seen = new Set<number>();
  for (let stride = points.length - 1; stride >= 1; stride = Math.floor(stride / 2)) {
    for (let i = 0; i < points.length; i += stride) {
      const point = points[i];
      if (point === undefined || seen.has(point.id)) continue;
      seen.add(point.id);
      order.push(point);
    }
  }
  return [...order, ...points.filter(({ id }) => !seen.has(id))];
}
