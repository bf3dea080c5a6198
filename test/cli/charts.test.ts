import { expect, it } from "vitest";
import { workerBars } from "../../src/cli/charts/bars.ts";
import { ecdfChart } from "../../src/cli/charts/ecdf.ts";
import { lineChart } from "../../src/cli/charts/lines.ts";
import { histogramChart } from "../../src/cli/charts/histogram.ts";
import { quantileChart } from "../../src/cli/charts/quantiles.ts";
import { timeSeriesChart } from "../../src/cli/charts/time-series.ts";
import { reportCharts } from "../../src/cli/report-charts.ts";
import { resultOf } from "./fixtures.ts";

/** 1, 2, 4, … 512: evenly spaced on a log axis. */
const powers = Float64Array.from({ length: 10 }, (_, i) => 2 ** i);
const none = new Float64Array(0);

/** Reviewed as pictures: `vitest -u` rewrites them, and the diff is looked at. */
const pictures: readonly (readonly [name: string, svg: string])[] = [
  [
    "ecdf",
    ecdfChart("TTFT and e2e", [
      { name: "TTFT", sortedMs: powers, sloMs: 100 },
      { name: "end to end", sortedMs: powers.map((ms) => ms * 10) },
    ]),
  ],
  ["ecdf-one-value", ecdfChart("One request", [{ name: "TTFT", sortedMs: Float64Array.of(5) }])],
  ["ecdf-empty", ecdfChart("Nothing", [{ name: "TTFT", sortedMs: none }])],
  ["histogram", histogramChart("TPOT", powers, { unit: "TPOT", sloMs: 50 })],
  [
    "quantiles",
    quantileChart("Quantiles", [
      {
        name: "TTFT",
        points: [
          ["p50", 10],
          ["p99", 900],
          ["max", 4000],
        ],
      },
      {
        name: "ITL",
        points: [
          ["p50", 0],
          ["p99", 8],
          ["max", 9],
        ],
      },
      {
        name: "queue",
        points: [
          ["p50", null],
          ["p99", null],
          ["max", null],
        ],
      },
    ]),
  ],
  [
    "time-series",
    timeSeriesChart("Requests", Float64Array.of(0, 60e6, 120e6, 600e6), [
      { name: "queued", values: Float64Array.of(0, 5, Number.NaN, 2) },
      { name: "running", values: Float64Array.of(1, 2, 3, 4) },
    ]),
  ],
  ["bars", workerBars("Busy", [0.5, 0.25, 1], { top: 1 })],
];

it.each(pictures)("draws %s", async (name, svg) => {
  await expect(svg).toMatchFileSnapshot(`pictures/${name}.svg`);
});

it("draws every chart of a report with finite coordinates only", () => {
  const groups = reportCharts(resultOf());
  const svg = groups.flatMap((group) => group.charts).join("");
  expect(groups.map((group) => group.title)).toEqual([
    "Latency",
    "Where the time goes",
    "Over time",
    "Workers",
  ]);
  expect(svg.match(/<svg/g)).toHaveLength(15);
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

it("draws what it can without columns", () => {
  const { report, gaps } = resultOf({ workers: [] });
  const svg = reportCharts({ report, gaps })
    .flatMap((group) => group.charts)
    .join("");
  expect(svg).toContain("no worker");
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

it("thins a thousand workers and ten thousand samples", () => {
  const workers = Array.from({ length: 1000 }, (_, i) => i);
  expect(workerBars("Many", workers).match(/<rect/g)).toHaveLength(100);
  const time = Float64Array.from({ length: 10_000 }, (_, i) => i * 1e6);
  const svg = timeSeriesChart("Long", time, [{ name: "queued", values: time }]);
  expect(svg.length).toBeLessThan(6000);
});

it("puts a legend that does not fit beside the title below it, and keeps bars of uncertainty inside the plot", () => {
  const names = [
    "power_of_two_work",
    "sglang_cache_aware",
    "consistent_hash",
    "least_tokens",
    "llm_d",
  ];
  const lines = names.map((name) => ({ name, points: [{ x: 1, y: 1, half: 3 }] }));
  const chart = lineChart("Goodput, requests/s, a view 50 ms old", lines, "load");
  expect(chart).toContain('viewBox="0 -32 560 292"');
  const rowOf = (text: string): number =>
    Number(new RegExp(`y="([-\\d.]+)"[^>]*>${text}<`).exec(chart)![1]);
  expect(rowOf("Goodput, requests/s, a view 50 ms old")).toBeLessThan(rowOf("power_of_two_work"));
  expect(rowOf("power_of_two_work")).toBeLessThan(rowOf("llm_d"));
  expect(chart).toContain("M300,222L300,34"); // From 0, not from −2, to 4.
});
