/** Sweeps: up to three fields, the frontier, a goal to drag, pins to compare, filters, and every point as a row. */

import { useMemo, useState } from "react";
import { useStore } from "zustand";
import { Figure } from "../../charts/figure.tsx";
import { Legend } from "../../charts/legend.tsx";
import { sweepStore } from "../../stores/sweep-store.ts";
import type { SweepFilters } from "../../stores/sweep-store.ts";
import { METRICS, metricById } from "../compare/metrics.ts";
import { AxisBrushes } from "./axis-brushes.tsx";
import { columnsOf, passes } from "./columns.ts";
import type { Column } from "./columns.ts";
import { FilterBar } from "./filter-bar.tsx";
import { frontierChart, rolesOf } from "./frontier.ts";
import type { FrontierOptions } from "./frontier.ts";
import { heatMapChart } from "./heat-map.ts";
import { axesOf, parallelChart } from "./parallel.ts";
import { PinPanel } from "./pin-panel.tsx";
import { PointTable } from "./point-table.tsx";
import { togglePin } from "./run-sweep.ts";
import { SweepForm } from "./sweep-form.tsx";

export function Explore() {
  const { axes, points, x, y, limit, pins, filters } = useStore(sweepStore);
  const options = useMemo(
    () => ({
      points,
      roles: rolesOf(points),
      axes: axes.map(({ path }) => path),
      x: metricById(x),
      y: metricById(y),
      limit,
      pins,
    }),
    [points, axes, x, y, limit, pins],
  );
  const columns = useMemo(() => columnsOf(options), [options]);
  const kept = useMemo(
    () => ({
      ...options,
      points: points.filter((point) => point.report === null || passes(point, columns, filters)),
    }),
    [options, points, columns, filters],
  );
  const isRun = points.some(({ report }) => report !== null);
  return (
    <div className="figures">
      <div className="whole">
        <SweepForm />
      </div>
      {isRun ? (
        <>
          <div className="whole">
            <Frontier options={kept} />
          </div>
          <PinPanel />
          <div className="whole">
            <Parallel options={options} columns={columns} filters={filters} />
          </div>
          {axes.length > 1 ? (
            <div className="whole">
              <HeatMap options={kept} />
            </div>
          ) : null}
          <div className="whole">
            <PointTable options={kept} left={points.length - kept.points.length} />
          </div>
        </>
      ) : (
        <p className="faint pad whole">
          Run the sweep: its scenarios appear here one by one, with the frontier that nothing beats,
          goals to drag, and two points to pin against each other.
        </p>
      )}
    </div>
  );
}

function Frontier({ options }: { readonly options: FrontierOptions }) {
  const chart = useMemo(() => frontierChart(options), [options]);
  const legend = useMemo(
    () => [...options.roles].map(([name, role]) => ({ name, role })),
    [options.roles],
  );
  return (
    <Figure
      chart={chart}
      name="frontier"
      topic="frontier"
      height={380}
      onPick={togglePin}
      line={{
        value: options.limit,
        label: `Goal for ${options.y.name}`,
        onChange: (value) => {
          sweepStore.setState({ limit: value });
        },
      }}
    >
      <div className="row">
        <MetricChoice
          label="Across"
          value={options.x.id}
          onChange={(id) => {
            sweepStore.setState({ x: id });
          }}
        />
        <MetricChoice
          label="Up"
          value={options.y.id}
          onChange={(id) => {
            sweepStore.setState({ y: id, limit: null });
          }}
        />
        {options.limit === null ? null : (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              sweepStore.setState({ limit: null });
            }}
          >
            Drop the goal
          </button>
        )}
        <Legend items={legend} />
      </div>
    </Figure>
  );
}

type ParallelProps = {
  readonly options: FrontierOptions;
  readonly columns: readonly Column[];
  readonly filters: SweepFilters;
};

function Parallel({ options, columns, filters }: ParallelProps) {
  const chart = useMemo(() => parallelChart(options, filters), [options, filters]);
  const done = useMemo(
    () => options.points.filter(({ report }) => report !== null),
    [options.points],
  );
  return (
    <Figure
      chart={chart}
      name="parallel-coordinates"
      topic="frontier"
      height={300}
      onPick={togglePin}
      overlay={({ plot, scene }) => (
        <AxisBrushes plot={plot} axes={axesOf(columns, done, scene)} filters={filters} />
      )}
    >
      <FilterBar columns={columns} filters={filters} />
    </Figure>
  );
}

function HeatMap({ options }: { readonly options: FrontierOptions }) {
  const { axes } = options;
  const [chosen, setChosen] = useState<readonly [across: number, up: number]>([0, 1]);
  // Fields come and go: a position that is gone stands for the first that is free.
  const across = Math.min(chosen[0], axes.length - 1);
  const up = chosen[1] !== across && chosen[1] < axes.length ? chosen[1] : across === 0 ? 1 : 0;
  const chart = useMemo(() => heatMapChart({ ...options, across, up }), [options, across, up]);
  return (
    <Figure chart={chart} name="sweep-heat-map" topic="frontier" height={280} onPick={togglePin}>
      {axes.length < 3 ? null : (
        <div className="row">
          <FieldChoice
            label="Across"
            axes={axes}
            value={across}
            onChange={(at) => {
              setChosen([at, at === up ? across : up]);
            }}
          />
          <FieldChoice
            label="Up"
            axes={axes}
            value={up}
            onChange={(at) => {
              setChosen([at === across ? up : across, at]);
            }}
          />
        </div>
      )}
    </Figure>
  );
}

function FieldChoice({
  label,
  axes,
  value,
  onChange,
}: {
  readonly label: string;
  readonly axes: readonly string[];
  readonly value: number;
  readonly onChange: (at: number) => void;
}) {
  return (
    <label className="row">
      {label}
      <select
        value={value}
        onChange={(event) => {
          onChange(Number(event.target.value));
        }}
      >
        {axes.map((path, at) => (
          <option key={path} value={at}>
            {path}
          </option>
        ))}
      </select>
    </label>
  );
}

function MetricChoice({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (id: string) => void;
}) {
  return (
    <label className="row">
      {label}
      <select
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      >
        {METRICS.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
