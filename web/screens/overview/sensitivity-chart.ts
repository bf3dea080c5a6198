/** The tornado of knobs: which are changed, and how their effects are drawn. */

import { percentText } from "../../../src/core/index.ts";
import { axisX, scaleOf, textOf } from "../../charts/axes.ts";
import type { Chart, Drawn, Mark, Reading, Size } from "../../charts/scene.ts";
import { valueAt, withValue } from "../../scenario/document.ts";
import type { Report, ScenarioDocument } from "../../workers/protocol.ts";
import { metricById } from "../compare/metrics.ts";

export type KnobChange = {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly document: ScenarioDocument;
};

/** `report` is null where the changed scenario is impossible. */
export type Effect = KnobChange & { readonly report: Report | null };

/** Knobs, where they lie, and their value when the document is silent. */
const KNOBS: readonly (readonly [
  name: string,
  path: readonly string[],
  fallback: (report: Report) => number,
  integer: boolean,
])[] = [
  ["traffic", ["traffic", "arrivals", "speedup"], () => 1, false],
  ["workers", ["cluster", "workers"], ({ scenario }) => scenario.cluster.workers, true],
  [
    "max num seqs",
    ["engine", "max_num_seqs"],
    ({ scenario }) => scenario.engine.max_num_seqs,
    true,
  ],
  [
    "tokens per step",
    ["engine", "max_num_batched_tokens"],
    ({ scenario }) => scenario.engine.max_num_batched_tokens,
    true,
  ],
  [
    "KV blocks",
    ["engine", "num_gpu_blocks"],
    ({ engine, scenario }) =>
      Math.floor(engine.kvBlocksPerWorker / Math.max(1, scenario.cluster.parallelism.data)),
    true,
  ],
];

const FIFTH = 0.2;

/** Each knob a fifth down and up; whole numbers move by one at least. */
export function changesOf(document: ScenarioDocument, report: Report): KnobChange[] {
  const mode = valueAt(document, ["traffic", "arrivals", "mode"]) ?? "timestamps";
  return KNOBS.flatMap(([name, path, fallback, integer]): KnobChange[] => {
    if (name === "traffic" && mode !== "timestamps") return [];
    const value = valueAt(document, path);
    const from = typeof value === "number" ? value : fallback(report);
    return [-FIFTH, FIFTH].flatMap((share): KnobChange[] => {
      const moved = from * (1 + share);
      const to = integer
        ? Math.max(
            1,
            share < 0
              ? Math.min(from - 1, Math.round(moved))
              : Math.max(from + 1, Math.round(moved)),
          )
        : Number(moved.toPrecision(6));
      if (to === from) return [];
      const tagged =
        name === "traffic"
          ? withValue(document, ["traffic", "arrivals", "mode"], "timestamps")
          : document;
      return [{ name, from, to, document: withValue(tagged, path, to) }];
    });
  });
}

/** Goodput where goals are set, else the p99 TTFT. */
function metricOf(report: Report) {
  return metricById(report.slo.attainment === null ? "ttftMs.p99" : "attainment");
}

export function sensitivityChart(report: Report, effects: readonly Effect[]): Chart {
  const metric = metricOf(report);
  const base = metric.value(report) ?? 0;
  const rows = effects.map((effect) => ({
    label: `${effect.name} ${effect.to > effect.from ? "↑" : "↓"} ${textOf(effect.to, "plain")}`,
    value: effect.report === null ? null : metric.value(effect.report),
  }));
  const sorted = rows.toSorted((a, b) => distance(b.value, base) - distance(a.value, base));
  const [top] = sorted;
  return {
    title: "Which knob matters most?",
    summary:
      top === undefined
        ? "Running the variants…"
        : `${top.label} moves ${metric.name} most: ${textOf(base, metric.unit)} → ` +
          `${top.value === null ? "impossible" : textOf(top.value, metric.unit)} (${percentText(FIFTH)} steps).`,
    table: {
      columns: ["knob", metric.name],
      rows: sorted.map(({ label, value }) => [label, value]),
    },
    draw: (size) => drawTornado(sorted, { base, unit: metric.unit, name: metric.name }, size),
  };
}

function distance(value: number | null, base: number): number {
  return value === null ? 0 : Math.abs(value - base);
}

type Row = { readonly label: string; readonly value: number | null };
type Base = {
  readonly base: number;
  readonly unit: "share" | "ms" | string;
  readonly name: string;
};

function drawTornado(rows: readonly Row[], { base, unit, name }: Base, size: Size): Drawn {
  const plot = { left: 150, top: 6, right: size.width - 16, bottom: size.height - 38 };
  const values = [base, ...rows.flatMap(({ value }) => (value === null ? [] : [value]))];
  const span = Math.max(...values) - Math.min(...values) || Math.abs(base) * 0.1 || 1;
  const axis = {
    name,
    unit: unit === "share" ? "share" : "ms",
    scale: "linear",
    domain: [Math.min(...values) - span * 0.06, Math.max(...values) + span * 0.06],
  } as const;
  const scale = scaleOf(axis, [plot.left, plot.right]);
  const band = Math.min(24, (plot.bottom - plot.top) / Math.max(1, rows.length));
  const marks: Mark[] = [...axisX(axis, scale, plot)];
  const readings: Reading[] = [];
  rows.forEach(({ label, value }, row) => {
    const y = plot.top + row * band;
    marks.push({
      kind: "text",
      x: plot.left - 8,
      y: y + band / 2 + 4,
      text: label,
      anchor: "end",
      ink: "ink",
    });
    if (value === null) {
      marks.push({ kind: "text", x: scale(base) + 6, y: y + band / 2 + 4, text: "impossible" });
      return;
    }
    const [from, to] = [scale(base), scale(value)].sort((a, b) => a - b) as [number, number];
    const isBetter = axis.unit === "share" ? value > base : value < base;
    marks.push({
      kind: "rect",
      x: from,
      y: y + band * 0.15,
      width: Math.max(1, to - from),
      height: band * 0.7,
      fill: isBetter ? "good" : "bad",
    });
    readings.push({
      x: scale(value),
      y: y + band / 2,
      text: `${label}: ${textOf(value, axis.unit)}`,
    });
  });
  const at = String(scale(base));
  marks.push({
    kind: "path",
    d: `M${at},${String(plot.top)}V${String(plot.bottom)}`,
    stroke: "ink",
    width: 1,
  });
  return { scene: { ...size, marks }, plot, series: [{ name: "knobs", readings }] };
}
