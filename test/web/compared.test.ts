/** Differences of curves against a plain reading of the baseline. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asDifference, differences, tableOfLines } from "../../web/charts/compared.ts";
import type { Curve } from "../../web/charts/lines.ts";

const curve = (name: string, points: readonly (readonly [number, number])[]): Curve => ({
  name,
  role: "queue",
  x: points.map(([x]) => x),
  y: points.map(([, y]) => y),
  isBaseline: name.endsWith("(A)"),
});

const points = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: -50, max: 50 })), {
    minLength: 1,
    maxLength: 20,
    selector: ([x]) => x,
  })
  .map((all) => all.toSorted(([a], [b]) => a - b));

/** The baseline at a place, looked up from its two neighbours. */
function plain(all: readonly (readonly [number, number])[], x: number, holds: boolean): number {
  const [first, last] = [all[0]!, all.at(-1)!];
  if (x < first[0]) return holds ? first[1] : NaN;
  if (x > last[0]) return holds ? last[1] : NaN;
  const exact = all.find(([at]) => at === x);
  if (exact !== undefined) return exact[1];
  const right = all.findIndex(([at]) => at > x);
  const [x0, y0] = all[right - 1]!;
  const [x1, y1] = all[right]!;
  return y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
}

describe("the difference of two curves", () => {
  it("is B less the baseline at the same place, and nothing where there is no baseline", () => {
    fc.assert(
      fc.property(points, points, fc.boolean(), (a, b, holds) => {
        const [found] = differences(
          [curve("queue (A)", a), curve("queue", b)],
          holds ? "hold" : "none",
        );
        b.forEach(([x, y], i) => {
          const want = y - plain(a, x, holds);
          if (Number.isNaN(want)) expect(found!.y[i]).toBeNaN();
          else expect(found!.y[i]).toBeCloseTo(want, 9);
        });
      }),
      { seed: 20261121 },
    );
  });

  it("leaves a chart as it is without a baseline, and has every point in its table", () => {
    const x = { name: "time", unit: "s", scale: "linear", domain: [0, 2] } as const;
    const y = { name: "queued", unit: "count", scale: "log", domain: [1, 9] } as const;
    const own = curve("queue", [
      [0, 5],
      [1, 7],
    ]);
    const alone = { x, y, curves: [own] };
    expect(asDifference(alone, "none")).toBe(alone);
    const both = asDifference({ x, y, curves: [curve("queue (A)", [[0, 2]]), own] }, "none");
    expect(both.y).toMatchObject({ name: "queued, B − A", scale: "linear" });
    expect(both.y.domain[0]).toBeLessThan(0);
    expect(tableOfLines(both)).toEqual({
      columns: ["curve", "time, s", "queued, B − A"],
      rows: [
        ["queue, B − A", 0, 3],
        ["queue, B − A", 1, null],
      ],
    });
  });
});
