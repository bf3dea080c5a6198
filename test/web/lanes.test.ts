/** The timeline's lanes: every pixel column shows the most of its samples, whatever the zoom. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { heightOf, paintRows, rowAt, sampleAt } from "../../web/screens/timeline/lane-rows.ts";
import type { LaneRow } from "../../web/screens/timeline/lane-rows.ts";

const COLOUR = 7;
const GROUND = 1;
const GAP = 2;
const HEIGHT = 11;

const courses = fc
  .array(
    fc.record({ span: fc.integer({ min: 1, max: 50 }), value: fc.integer({ min: 0, max: 10 }) }),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .map((samples) => {
    let at = 0;
    const timeUs = Float64Array.from(samples, ({ span }) => (at += span));
    return { timeUs, values: Float64Array.from(samples, ({ value }) => value), endUs: at };
  });

function areaRow(values: Float64Array): LaneRow {
  const row = { name: "x", height: HEIGHT, top: 10, scale: "10", words: () => "" } as const;
  return { ...row, kind: "area", courses: [{ values, colour: COLOUR }] };
}

function painted(rows: readonly LaneRow[], timeUs: Float64Array, fromUs: number, toUs: number) {
  const width = 37;
  const pixels = new Uint32Array(width * heightOf(rows));
  const picture = { timeUs, rows, ground: GROUND, gap: GAP };
  paintRows(picture, { fromUs, toUs, width, ratio: 1 }, pixels);
  return { width, pixels };
}

describe("lanes", () => {
  it("show in each column the most of the samples whose intervals it covers", () => {
    fc.assert(
      fc.property(courses, fc.nat(99), fc.nat(99), ({ timeUs, values, endUs }, a, b) => {
        const fromUs = (Math.min(a, b) / 100) * endUs;
        const toUs = fromUs + Math.max(1, ((Math.max(a, b) + 1) / 100) * endUs - fromUs);
        const { width, pixels } = painted([areaRow(values)], timeUs, fromUs, toUs);
        for (let x = 0; x < width; x++) {
          const leftUs = fromUs + (x * (toUs - fromUs)) / width;
          const rightUs = fromUs + ((x + 1) * (toUs - fromUs)) / width;
          let most = 0;
          timeUs.forEach((end, i) => {
            const begin = timeUs[i - 1] ?? 0;
            // Edges on a pixel's border may fall to either side of it.
            if (end > leftUs + 1e-6 && begin < rightUs - 1e-6) most = Math.max(most, values[i]!);
          });
          let filled = 0;
          for (let y = 0; y < HEIGHT; y++) if (pixels[y * width + x] === COLOUR) filled++;
          expect(filled).toBeGreaterThanOrEqual(most);
          expect(pixels[(HEIGHT - 1) * width + x]).toBe(GAP);
        }
      }),
    );
  });

  it("find the sample and the row under a place", () => {
    const timeUs = Float64Array.of(0, 10, 20);
    expect([0, 1, 10, 10.5, 20, 21].map((us) => sampleAt(timeUs, us))).toEqual([0, 1, 1, 2, 2, 3]);
    const rows = [areaRow(timeUs), { ...areaRow(timeUs), name: "below" }];
    expect(rowAt(rows, 0)?.name).toBe("x");
    expect(rowAt(rows, HEIGHT)?.name).toBe("below");
    expect(rowAt(rows, 2 * HEIGHT)).toBeUndefined();
  });

  it("draw a stretch of time where it lies, two pixels at least, hatched with gaps", () => {
    const span = { fromUs: 50, toUs: 50, colour: COLOUR, hatched: false, words: "" };
    const row = { name: "x", height: 5, words: () => "" };
    const solid: LaneRow = { ...row, kind: "spans", spans: [span] };
    const wide: LaneRow = {
      ...row,
      kind: "spans",
      spans: [{ ...span, fromUs: 0, toUs: 100, hatched: true }],
    };
    const { width, pixels } = painted([solid, wide], Float64Array.of(100), 0, 100);
    const columns = Array.from({ length: width }, (_, x) => pixels[x]! === COLOUR);
    expect(columns.flatMap((isIn, x) => (isIn ? [x] : []))).toEqual([18, 19]);
    const hatch = pixels.subarray(5 * width, 6 * width);
    expect(hatch.filter((pixel) => pixel === COLOUR).length).toBeGreaterThan(width / 3);
    expect(hatch.filter((pixel) => pixel === GROUND).length).toBeGreaterThan(width / 3);
  });
});
