/** What the times of a report consist of, as stacked bars. */

import type { Report, TimePart } from "../sim/index.ts";
import { breakdownRows, PART_NAMES, partsIn } from "./breakdown-rows.ts";
import { stackedBars } from "./charts/stacked-bars.ts";

const COLOURS: Readonly<Record<TimePart, string>> = {
  path: "var(--faint)",
  queue: "var(--c2)",
  onboard: "var(--c5)",
  prefill: "var(--c1)",
  transfer: "var(--c3)",
  preemption: "var(--c4)",
  decode: "var(--c6)",
};

/** One chart for TTFT and one for end-to-end time: the mean, and the requests around each percentile. */
export function breakdownCharts(report: Report): string[] {
  return (
    [
      ["Time to first token: its parts", "ttft"],
      ["End to end: its parts", "e2e"],
    ] as const
  ).map(([title, by]) => {
    const rows = breakdownRows(report, by);
    const parts = partsIn(rows).filter(
      (part) => by === "e2e" || rows.some(({ ms }) => ms[part] > 0),
    );
    return stackedBars(
      title,
      parts.map((part) => ({ name: PART_NAMES[part], colour: COLOURS[part] })),
      rows.map(({ label, ms }) => ({ name: label, values: parts.map((part) => ms[part]) })),
      "ms",
    );
  });
}
