/** Sweeps: up to three fields, the frontier, a goal to drag, pins to compare, and every point as a row. */

import { useMemo } from "react";
import { useStore } from "zustand";
import { Figure } from "../../charts/figure.tsx";
import { sweepStore } from "../../stores/sweep-store.ts";
import { METRICS, metricById } from "../compare/metrics.ts";
import { frontierChart, rolesOf } from "./frontier.ts";
import { Legend } from "../../charts/legend.tsx";
import { PinPanel } from "./pin-panel.tsx";
import { PointTable } from "./point-table.tsx";
import { SweepForm } from "./sweep-form.tsx";

export function Explore() {
  const { axes, points, x, y, limit, pins } = useStore(sweepStore);
  const options = useMemo(
    () => ({
      points,
      axes: axes.map(({ path }) => path),
      x: metricById(x),
      y: metricById(y),
      limit,
      pins,
    }),
    [points, axes, x, y, limit, pins],
  );
  const chart = useMemo(() => frontierChart(options), [options]);
  const legend = useMemo(
    () => [...rolesOf(points)].map(([name, role]) => ({ name, role })),
    [points],
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
            <Figure
              chart={chart}
              name="frontier"
              topic="frontier"
              height={380}
              line={{
                value: limit,
                label: `Goal for ${options.y.name}`,
                onChange: (value) => {
                  sweepStore.setState({ limit: value });
                },
              }}
            >
              <div className="row">
                <MetricChoice
                  label="Across"
                  value={x}
                  onChange={(id) => {
                    sweepStore.setState({ x: id });
                  }}
                />
                <MetricChoice
                  label="Up"
                  value={y}
                  onChange={(id) => {
                    sweepStore.setState({ y: id, limit: null });
                  }}
                />
                <Legend items={legend} />
              </div>
            </Figure>
          </div>
          <PinPanel />
          <div className="whole">
            <PointTable options={options} />
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
