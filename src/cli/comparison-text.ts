/** A comparison as text: scenarios first, then metrics, then gates. */

import type { Comparison, MetricChange } from "../plan/index.ts";
import { NO_DATA, numberText } from "./numbers.ts";
import { styleFor } from "./style.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

export type ComparisonTextOptions = {
  readonly colour: boolean;
  /** Also metrics that did not change. */
  readonly all: boolean;
  readonly names: { readonly a: string; readonly b: string };
};

export function comparisonText(comparison: Comparison, options: ComparisonTextOptions): string {
  const style = styleFor(options.colour);
  const lines = [
    ...headLines(comparison, options, style),
    ...scenarioLines(comparison, style),
    ...metricLines(comparison, options.all, style),
    ...gateLines(comparison, style),
  ];
  return `${lines.join("\n")}\n`;
}

function headLines(
  comparison: Comparison,
  { names }: ComparisonTextOptions,
  style: Style,
): string[] {
  const worse = comparison.metrics.filter((one) => one.mark === "worse").length;
  const better = comparison.metrics.filter((one) => one.mark === "better").length;
  const verdict = comparison.sameDigest
    ? style.good("Same digest: the two runs gave the same numbers.")
    : `B against A: better in ${style.good(String(better))} metrics, ` +
      `worse in ${style.bad(String(worse))}.`;
  return ["", style.bold(verdict), style.dim(`  A ${names.a}`), style.dim(`  B ${names.b}`), ""];
}

function scenarioLines({ scenario }: Comparison, style: Style): string[] {
  if (scenario.length === 0) return [style.dim("  The scenarios are equal."), ""];
  const rows = scenario.map(({ path, a, b }) => [path, valueText(a), "→", valueText(b)]);
  const align = ["left", "right", "left", "left"] as const;
  return [
    ...textTable([["scenario", "A", "", "B"].map(style.dim), ...rows], { align, indent: 2 }),
    "",
  ];
}

function valueText(value: unknown): string {
  return value === undefined ? NO_DATA : (JSON.stringify(value) ?? NO_DATA);
}

function metricLines({ metrics }: Comparison, all: boolean, style: Style): string[] {
  const shown = all ? metrics : metrics.filter((one) => one.mark !== "same");
  if (shown.length === 0) return [style.dim("  No metric changed."), ""];
  const rows = shown.map((one) => [
    one.metric,
    numberText(one.a),
    numberText(one.b),
    signed(one.change, numberText(one.change)),
    relativeText(one),
    paintMark(one, style),
  ]);
  const same = metrics.length - shown.length;
  return [
    ...textTable([["metric", "A", "B", "change", "", ""].map(style.dim), ...rows], {
      align: ["left", "right", "right", "right", "right", "left"],
      indent: 2,
    }),
    ...(same === 0 ? [] : [style.dim(`  ${String(same)} metrics are the same (--all shows them)`)]),
    "",
  ];
}

function signed(value: number | null, text: string): string {
  return value !== null && value > 0 ? `+${text}` : text;
}

function relativeText({ relative }: MetricChange): string {
  if (relative === null) return "";
  return signed(relative, `${(relative * 100).toFixed(2)} %`);
}

function paintMark({ mark }: MetricChange, style: Style): string {
  if (mark === "better") return style.good(mark);
  if (mark === "worse") return style.bad(mark);
  return style.dim(mark);
}

function gateLines({ gates }: Comparison, style: Style): string[] {
  const rows = gates.map((one) => [
    one.passed ? style.good("passed") : style.bad("FAILED"),
    one.gate,
    `${one.metric} is ${describe(one.worsening)}, ${one.reason}`,
  ]);
  return textTable(rows, { align: ["left", "left", "left"], indent: 2 });
}

function describe(worsening: number | null): string {
  if (worsening === null) return "unknown";
  if (worsening === 0) return "the same";
  return `${numberText(Math.abs(worsening))} ${worsening > 0 ? "worse" : "better"}`;
}
