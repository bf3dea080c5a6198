/** The charts as pictures: from fixed columns, reviewed as files. The screen and the exports draw the same. */

import { describe, expect, it } from "vitest";
import { drawBars } from "../../web/charts/bars.ts";
import { drawCells } from "../../web/charts/cells.ts";
import { drawDiverging } from "../../web/charts/diverging.ts";
import { drawLines } from "../../web/charts/lines.ts";
import { DARK, LIGHT } from "../../web/charts/palette.ts";
import { moved, nearestReading, readingAt } from "../../web/charts/read-cursor.ts";
import type { Drawn, Size } from "../../web/charts/scene.ts";
import { drawStrip } from "../../web/charts/strip.ts";
import { svgOf } from "../../web/charts/svg.ts";
import { csvOf } from "../../web/share/csv.ts";
import { drawFlows } from "../../web/screens/kv/flows.ts";
import { paint } from "../../web/screens/timeline/paint.ts";
import { slicePyramid } from "../../src/plan/index.ts";

const SIZE: Size = { width: 420, height: 220 };

const lines = (size: Size): Drawn =>
  drawLines(
    {
      x: { name: "simulated time", unit: "s", scale: "linear", domain: [0, 600] },
      y: { name: "latency", unit: "ms", scale: "log", domain: [1, 4000] },
      curves: [
        { name: "TTFT", role: "prefill", x: [0, 200, 400, 600], y: [20, 300, NaN, 2500] },
        { name: "TTFT (A)", role: "prefill", x: [0, 300, 600], y: [10, 40, 90], isBaseline: true },
      ],
      targets: [{ on: "y", value: 1000, label: "goal" }],
    },
    size,
  );

const CHARTS: Readonly<Record<string, (size: Size) => Drawn>> = {
  lines,
  bars: (size) =>
    drawBars(
      {
        groups: ["p50", "p99"],
        parts: [
          { name: "queue", role: "queue", values: [5, 700] },
          { name: "prefill", role: "prefill", values: [80, 300] },
        ],
        x: { name: "time", unit: "ms", scale: "linear", domain: [0, 1000] },
      },
      size,
    ),
  cells: (size) =>
    drawCells(
      {
        x: { name: "time", unit: "s", scale: "linear", domain: [0, 20] },
        y: { name: "TTFT", unit: "ms", scale: "log", domain: [1, 100] },
        xEdges: [0, 10, 20],
        yEdges: [1, 10, 100],
        counts: [1, 0, 40, 3],
        most: 40,
      },
      size,
    ),
  diverging: (size) =>
    drawDiverging(
      {
        rows: ["queue", "prefill"],
        bars: [
          { name: "slower", role: "decode", values: [180, 40] },
          { name: "faster", role: "prefill", values: [-120, 0] },
        ],
        x: { name: "mean change", unit: "ms", scale: "linear", domain: [-150, 200] },
      },
      size,
    ),
  strip: (size) =>
    drawStrip(
      {
        timeS: [60, 120, 180, 240],
        codes: [0, 1, 1, 0],
        names: [
          { name: "nothing", role: null },
          { name: "KV blocks", role: "transfer" },
        ],
      },
      size,
    ),
  flows: (size) =>
    drawFlows(
      [
        { from: "prompt tokens", to: "found in cache", value: 300, role: "transfer" },
        { from: "prompt tokens", to: "computed", value: 700, role: "prefill" },
        { from: "computed", to: "never seen", value: 700, role: "idle" },
      ],
      1000,
      size,
    ),
};

describe.each(Object.entries(CHARTS))("the picture of %s", (name, draw) => {
  it.each([
    ["light", LIGHT],
    ["dark", DARK],
  ] as const)("is as reviewed, %s", async (theme, colours) => {
    const text = svgOf(draw(SIZE).scene, {
      theme: colours,
      alone: { title: name, description: "<a test>" },
    });
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    await expect(text).toMatchFileSnapshot(`pictures/${name}-${theme}.svg`);
  });

  it("stays within its frame at any size", () => {
    for (const size of [
      { width: 220, height: 96 },
      { width: 1400, height: 500 },
    ]) {
      for (const mark of draw(size).scene.marks) {
        if (mark.kind === "rect") expect(mark.x + mark.width).toBeLessThanOrEqual(size.width + 1);
        if (mark.kind === "circle") expect(mark.x).toBeLessThanOrEqual(size.width);
      }
    }
  });
});

describe("a chart is read", () => {
  it("by the pointer: the nearest value", () => {
    const drawn = lines(SIZE);
    const [first] = drawn.series[0]!.readings;
    expect(readingAt(drawn, nearestReading(drawn, first!.x + 3, first!.y)!)?.text).toBe(
      "TTFT 20 ms at 0 ms",
    );
  });

  it("by keys: along a curve, across curves, and to its ends", () => {
    const drawn = lines(SIZE);
    const end = moved(drawn, null, "End")!;
    expect(readingAt(drawn, end)?.text).toMatch(/^TTFT 2\.5 s/);
    const other = moved(drawn, end, "ArrowUp")!;
    expect(readingAt(drawn, other)?.text).toMatch(/^TTFT \(A\) 90 ms/);
    expect(readingAt(drawn, moved(drawn, other, "ArrowLeft")!)?.text).toMatch(/40 ms/);
    expect(moved(drawn, other, "x")).toBeUndefined();
  });
});

it("a CSV keeps its fields apart and carries no formula", () => {
  const csv = csvOf({
    columns: ["a", "b, c"],
    rows: [
      ["=1+1", 2],
      ['say "x"', null],
      ["NaN", NaN],
    ],
  });
  expect(csv).toBe(`a,"b, c"\r\n'=1+1,2\r\n"say ""x""",\r\nNaN,\r\n`);
});

it("the timeline paints a step where it is, at any zoom", () => {
  const one = {
    prefillTokens: Float64Array.of(9),
    prefillRequests: Uint32Array.of(1),
    decodeRequests: Uint32Array.of(0),
  };
  const slices = {
    rows: 1,
    worker: Int32Array.of(0),
    startUs: Float64Array.of(400_000),
    endUs: Float64Array.of(600_000),
    kind: Uint8Array.of(0),
    steps: Float64Array.of(1),
    ...one,
    truncated: false,
  };
  const pyramid = slicePyramid(slices, 1, 1_000_000);
  const colours = { ground: 1, gap: 1, mixed: 7, decode: 8 };
  for (const [fromUs, toUs, from, to] of [
    [0, 1_000_000, 40, 60],
    [400_000, 600_000, 0, 100],
    [390_000, 410_000, 50, 100],
  ] as const) {
    const pixels = new Uint32Array(100 * 10);
    paint(pyramid, { fromUs, toUs, width: 100, height: 10 }, colours, pixels);
    const painted = Array.from({ length: 100 }, (_, x) => x).filter(
      (x) => pixels[8 * 100 + x] === 7,
    );
    expect(Math.abs(painted[0]! - from)).toBeLessThanOrEqual(1);
    expect(Math.abs(painted.at(-1)! + 1 - to)).toBeLessThanOrEqual(1);
  }
});
