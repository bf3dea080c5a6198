/** What the times of a report consist of, as lines for the terminal. */

import type { Report } from "../sim/index.ts";
import { breakdownRows, PART_NAMES, partsIn } from "./breakdown-rows.ts";
import type { BreakdownRow } from "./breakdown-rows.ts";
import { numberText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

/** One row for the mean and each percentile of TTFT and of end-to-end time; nothing where no request completed. */
export function breakdownLines(report: Report, style: Style): string[] {
  const ttft = breakdownRows(report, "ttft");
  const e2e = breakdownRows(report, "e2e");
  const parts = partsIn([...ttft, ...e2e]);
  if (ttft.length + e2e.length === 0) return [];
  const row = (name: string, { label, totalMs, ms }: BreakdownRow): string[] => [
    `${name} ${label}`,
    numberText(totalMs),
    ...parts.map((part) => numberText(ms[part])),
  ];
  const head = ["ms", "whole", ...parts.map((part) => PART_NAMES[part])].map(style.dim);
  return textTable(
    [head, ...ttft.map((one) => row("TTFT", one)), ...e2e.map((one) => row("end to end", one))],
    { align: ["left", ...["", ...parts].map(() => "right" as const)], indent: 2 },
  );
}
