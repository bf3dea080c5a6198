/** Rates over time. */

import { textOf } from "../../charts/axes.ts";
import { asDifference, tableOfLines } from "../../charts/compared.ts";
import { domainUp, drawLines } from "../../charts/lines.ts";
import type { Curve, LinesOptions } from "../../charts/lines.ts";
import type { Chart } from "../../charts/scene.ts";
import type { OverTime } from "../../workers/protocol.ts";

export function ratesChart(
  series: OverTime | null,
  baseline: OverTime | null,
  isDifference = false,
): Chart {
  const of = (one: OverTime | null, isBaseline: boolean): Curve[] =>
    one === null
      ? []
      : [
          { name: "arrivals", role: "policy", x: one.timeS, y: one.arrivalsPerS, isBaseline },
          { name: "completions", role: "decode", x: one.timeS, y: one.completionsPerS, isBaseline },
        ];
  const curves = [...of(baseline, true), ...of(series, false)];
  const [, most] = domainUp(series === null ? [] : [series.arrivalsPerS]);
  const lines: LinesOptions = {
    x: {
      name: "simulated time",
      unit: "s",
      scale: "linear",
      domain: [0, Math.max(1, series?.timeS.at(-1) ?? 0)],
    },
    y: {
      name: "requests/s",
      unit: "perS",
      scale: "linear",
      domain: domainUp(curves.map(({ y }) => y)),
    },
    curves,
  };
  const drawn = isDifference ? asDifference(lines, "none") : lines;
  return {
    title: "Do completions keep up with arrivals?",
    summary: `Arrivals peak at ${textOf(most / 1.05, "perS")} in a sample.`,
    table:
      baseline === null
        ? {
            columns: ["time s", "arrivals/s", "completions/s"],
            rows: Array.from(series?.timeS ?? [], (s, i) => [
              s,
              series?.arrivalsPerS[i] ?? null,
              series?.completionsPerS[i] ?? null,
            ]),
          }
        : tableOfLines(drawn),
    draw: (size) => drawLines(drawn, size),
  };
}

/** Power of the whole cluster; null when the cards tell nothing of it. */
export function powerChart(series: OverTime | null, baseline: OverTime | null): Chart | null {
  if (series === null || !series.powerW.some((watts) => watts > 0)) return null;
  const of = (one: OverTime, isBaseline: boolean): Curve => {
    return { name: "power", role: "decode", x: one.timeS, y: one.powerW, isBaseline };
  };
  const curves = [...(baseline === null ? [] : [of(baseline, true)]), of(series, false)];
  const range = domainUp(curves.map(({ y }) => y));
  return {
    title: "What power does the cluster draw?",
    summary: `GPUs, hosts and the facility's overhead: at most ${textOf(range[1] / 1.05, "watt")} between two samples.`,
    table: {
      columns: ["time s", "power W"],
      rows: Array.from(series.timeS, (s, i) => [s, series.powerW[i] ?? null]),
    },
    draw: (size) =>
      drawLines(
        {
          x: {
            name: "simulated time",
            unit: "s",
            scale: "linear",
            domain: [0, Math.max(1, series.timeS.at(-1) ?? 0)],
          },
          y: { name: "power", unit: "watt", scale: "linear", domain: range },
          curves,
        },
        size,
      ),
  };
}
