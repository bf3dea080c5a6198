/** Lanes over one time: workers' steps, load, KV, links, replicas; zoomed, moved and brushed together. */

import { useCallback, useMemo, useState } from "react";
import type { ReactNode } from "react";
import { useStore } from "zustand";
import { DataTable } from "../../charts/data-table.tsx";
import { Legend } from "../../charts/legend.tsx";
import type { LegendItem } from "../../charts/legend.tsx";
import { useTheme } from "../../charts/use-theme.ts";
import { useWidth } from "../../charts/use-width.ts";
import { viewStore } from "../../stores/view-store.ts";
import type { OverTime, Report, RunLanes, SlicePyramid } from "../../workers/protocol.ts";
import { GanttPainter } from "./gantt-painter.ts";
import { laneGroups } from "./lane-groups.ts";
import type { LaneGroup } from "./lane-groups.ts";
import { heightOf } from "./lane-rows.ts";
import type { LaneRow } from "./lane-rows.ts";
import { LaneTools } from "./lane-tools.tsx";
import { RowPainter } from "./row-painter.ts";
import { TimeCanvas } from "./time-canvas.tsx";
import { TimeMarks, TimeScale } from "./time-marks.tsx";
import { TimeWindow } from "./time-window.ts";

/** Names of rows, on wide and on narrow screens. */
const LABEL_WIDTH = { wide: 148, narrow: 84 } as const;
const NARROW = 560;
/** A worker's row: at most this high, all of them together at most that. */
const ROW_HEIGHT = 22;
const GANTT_HEIGHT = 420;
const US_PER_S = 1e6;

const STEP_LEGEND: readonly LegendItem[] = [
  { name: "steps with prompt tokens", role: "prefill" },
  { name: "decode only", role: "decode" },
];
const LEGENDS: Readonly<Record<string, readonly LegendItem[]>> = {
  load: [
    { name: "arrivals", role: "policy" },
    { name: "running", role: "decode" },
    { name: "queued", role: "queue" },
  ],
  memory: [
    { name: "in use", role: "prefill" },
    { name: "kept for reuse", role: "transfer" },
  ],
};

export type LanesProps = {
  readonly series: OverTime;
  readonly report: Report;
  readonly lanes: RunLanes;
  readonly pyramid: SlicePyramid;
};

export function Lanes({ series, report, lanes, pyramid }: LanesProps) {
  const theme = useTheme();
  const [box, width] = useWidth<HTMLDivElement>();
  const [hint, setHint] = useState("");
  const endUs = Math.max(pyramid.endUs, (lanes.timeS.at(-1) ?? 0) * US_PER_S, 1);
  const window = useMemo(() => new TimeWindow(endUs), [endUs]);
  const groups = useMemo(
    () => laneGroups({ series, lanes, report }, theme),
    [series, lanes, report, theme],
  );
  const timeUs = useMemo(() => lanes.timeS.map((s) => s * US_PER_S), [lanes]);
  const labels = width < NARROW ? LABEL_WIDTH.narrow : LABEL_WIDTH.wide;
  const plot = Math.max(80, width - labels);
  const [load, ...others] = groups;
  const shared = { window, timeUs, plot, labels, onHint: setHint };
  return (
    <div className="lanes">
      <LaneTools window={window} hasMore={pyramid.truncated} />
      <div ref={box} className="lanes-box">
        {width === 0 ? null : (
          <>
            <TimeScale window={window} plot={plot} labels={labels} />
            {load === undefined ? null : <Group {...shared} group={load} />}
            <Steps {...shared} pyramid={pyramid} />
            {others.map((group) => (
              <Group key={group.id} {...shared} group={group} />
            ))}
            <TimeMarks window={window} plot={plot} labels={labels} faults={report.faults} />
          </>
        )}
      </div>
      <p className="faint gantt-hint" aria-live="polite">
        {hint === ""
          ? "Drag to restrict every view, Shift and drag to move, Ctrl and wheel to zoom. A click sets the clock of Topology."
          : hint}
      </p>
    </div>
  );
}

type SharedProps = {
  readonly window: TimeWindow;
  readonly timeUs: Float64Array;
  readonly plot: number;
  readonly labels: number;
  readonly onHint: (words: string) => void;
};

function Steps({
  window,
  plot,
  labels,
  onHint,
  pyramid,
}: SharedProps & { readonly pyramid: SlicePyramid }) {
  const theme = useTheme();
  const { workers } = pyramid;
  const rowHeight = Math.max(1, Math.min(ROW_HEIGHT, Math.floor(GANTT_HEIGHT / workers)));
  const height = Math.max(24, Math.min(GANTT_HEIGHT, workers * rowHeight));
  const painter = useCallback(
    (canvas: HTMLCanvasElement) =>
      new GanttPainter(canvas, pyramid, { width: plot, height, theme }),
    [pyramid, plot, height, theme],
  );
  const every = Math.max(1, Math.ceil((workers * 15) / height));
  const names = Array.from({ length: Math.ceil(workers / every) }, (_, i) => ({
    name: `worker ${String(i * every)}`,
    middle: ((i * every + 0.5) * height) / workers,
  }));
  return (
    <LaneSection id="steps" title="What does each worker do?" legend={STEP_LEGEND}>
      <Labels names={names} width={labels} height={height} />
      <TimeCanvas
        window={window}
        label="Steps of the workers over time."
        painter={painter}
        onHint={onHint}
      />
    </LaneSection>
  );
}

function Group({
  window,
  timeUs,
  plot,
  labels,
  onHint,
  group,
}: SharedProps & { readonly group: LaneGroup }) {
  const theme = useTheme();
  const asTable = useStore(viewStore, (state) => state.tables);
  const { rows } = group;
  const painter = useCallback(
    (canvas: HTMLCanvasElement) => new RowPainter(canvas, timeUs, rows, { width: plot, theme }),
    [timeUs, rows, plot, theme],
  );
  return (
    <LaneSection id={group.id} title={group.title} legend={LEGENDS[group.id] ?? []}>
      {asTable ? (
        <DataTable table={group.table} label={group.title} />
      ) : (
        <>
          <Labels names={namesOf(rows)} width={labels} height={heightOf(rows)} />
          <TimeCanvas window={window} label={group.title} painter={painter} onHint={onHint} />
        </>
      )}
    </LaneSection>
  );
}

type LaneSectionProps = {
  readonly id: string;
  readonly title: string;
  readonly legend: readonly LegendItem[];
  readonly children: ReactNode;
};

/** A group of lanes that can be folded away. */
function LaneSection({ id, title, legend, children }: LaneSectionProps) {
  const [isOpen, setOpen] = useState(true);
  return (
    <section className="lane-group" aria-label={title}>
      <div className="row lane-title">
        <h3>
          <button
            type="button"
            className="quiet"
            aria-expanded={isOpen}
            aria-controls={`lane-${id}`}
            onClick={() => {
              setOpen(!isOpen);
            }}
          >
            <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> {title}
          </button>
        </h3>
        {isOpen && legend.length > 0 ? <Legend items={legend} /> : null}
      </div>
      <div id={`lane-${id}`} className="gantt-plot">
        {isOpen ? children : null}
      </div>
    </section>
  );
}

type RowName = {
  readonly name: string;
  readonly middle: number;
  /** Value at the full height. */
  readonly scale?: string;
};

/** Rows lower than this have room for one line. */
const TWO_LINES = 34;

function namesOf(rows: readonly LaneRow[]): RowName[] {
  let top = 0;
  return rows.map((row) => {
    const { name, height } = row;
    top += height;
    const middle = top - height / 2;
    return row.kind === "area" && height >= TWO_LINES
      ? { name, middle, scale: row.scale }
      : { name, middle };
  });
}

function Labels({
  names,
  width,
  height,
}: {
  readonly names: readonly RowName[];
  readonly width: number;
  readonly height: number;
}) {
  return (
    <div className="gantt-labels" style={{ width, height }} aria-hidden="true">
      {names.map(({ name, middle, scale }) => (
        <span key={name} style={{ top: middle, maxWidth: width - 8 }} title={name}>
          {name}
          {scale === undefined ? null : <small>to {scale}</small>}
        </span>
      ))}
    </div>
  );
}
