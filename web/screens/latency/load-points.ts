/** The load sweep: which scenarios it runs, and its curve with the knee marked. */

import { textOf } from "../../charts/axes.ts";
import { domainUp, drawLines } from "../../charts/lines.ts";
import type { Curve } from "../../charts/lines.ts";
import type { Chart } from "../../charts/scene.ts";
import { valueAt, withValue } from "../../scenario/document.ts";
import type { Report, ScenarioDocument } from "../../workers/protocol.ts";

export type LoadPoint = { readonly times: number; readonly report: Report };

/** Loads relative to the scenario's own; coarse first, then between. */
const TIMES = [1, 0.5, 2, 0.25, 0.75, 1.25, 1.5, 1.75] as const;
/** The knee: TTFT p99 this many times that of the least load (assumption: clearly not noise). */
const KNEE_TIMES = 3;

/** The scenario at each load, whichever way its requests arrive. */
export function loadPoints(
  document: ScenarioDocument,
): readonly { readonly times: number; readonly variant: ScenarioDocument }[] {
  const arrivals = ["traffic", "arrivals"];
  const mode = String(valueAt(document, [...arrivals, "mode"]) ?? "timestamps");
  const key =
    { closed: "concurrency", poisson: "rate_per_s", gamma: "rate_per_s" }[mode] ?? "speedup";
  const own = valueAt(document, [...arrivals, key]);
  const base = typeof own === "number" ? own : 1;
  const tagged = withValue(document, [...arrivals, "mode"], mode);
  return TIMES.map((times) => {
    const value = key === "concurrency" ? Math.max(1, Math.round(base * times)) : base * times;
    return { times, variant: withValue(tagged, [...arrivals, key], value) };
  });
}

export function loadChart(points: readonly LoadPoint[], { slo }: Report): Chart {
  const x = points.map(({ report }) => report.throughput.requestsPerS);
  const curve = (name: "p50" | "p90" | "p99", role: Curve["role"]): Curve => ({
    name: `TTFT ${name}`,
    role,
    x: points.map(({ times }) => times),
    y: points.map(({ report }) => report.latency.ttftMs[name] ?? NaN),
  });
  const curves = [curve("p50", "prefill"), curve("p90", "queue"), curve("p99", "decode")];
  const least = points[0]?.report.latency.ttftMs.p99 ?? NaN;
  const knee = points.find(({ report }) => (report.latency.ttftMs.p99 ?? 0) > KNEE_TIMES * least);
  const { ttftMs } = slo.targets;
  const holds = points.findLast(({ report }) => (report.slo.attainment ?? 1) >= 0.99);
  const [, most] = domainUp(
    curves.map(({ y }) => y),
    1,
  );
  return {
    title: "How much load can it take?",
    summary: summaryOf(points, knee, slo.attainment === null ? undefined : holds),
    table: {
      columns: [
        "load, times",
        "completed/s",
        "TTFT p50 ms",
        "TTFT p90 ms",
        "TTFT p99 ms",
        "within goals",
      ],
      rows: points.map(({ times, report }, i) => [
        times,
        x[i] ?? null,
        report.latency.ttftMs.p50,
        report.latency.ttftMs.p90,
        report.latency.ttftMs.p99,
        report.slo.attainment,
      ]),
    },
    draw: (size) =>
      drawLines(
        {
          x: {
            name: "load, times the scenario's",
            unit: "plain",
            scale: "linear",
            domain: [0, 2.05],
          },
          y: { name: "TTFT", unit: "ms", scale: "log", domain: [Math.max(1, most / 1e4), most] },
          curves,
          targets: [
            ...(ttftMs === undefined
              ? []
              : [{ value: ttftMs, label: "TTFT goal", on: "y" as const }]),
            ...(knee === undefined ? [] : [{ value: knee.times, label: "knee", on: "x" as const }]),
          ],
        },
        size,
      ),
  };
}

function summaryOf(
  points: readonly LoadPoint[],
  knee: LoadPoint | undefined,
  holds: LoadPoint | undefined,
): string {
  if (points.length < TIMES.length)
    return `${String(points.length)} of ${String(TIMES.length)} loads are run…`;
  const bend =
    knee === undefined
      ? "TTFT p99 does not bend up to twice the load."
      : `TTFT p99 bends at ${textOf(knee.times, "plain")} times the load.`;
  return holds === undefined
    ? bend
    : `${bend} The goals hold up to ${textOf(holds.times, "plain")} times.`;
}
