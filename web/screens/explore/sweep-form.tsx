/** Which fields are swept, how many runs that is, and the runs themselves. */

import { useMemo } from "react";
import { useStore } from "zustand";
import { secondsText } from "../../../src/core/index.ts";
import { poolSize } from "../../engine/pool.ts";
import { runStore } from "../../engine/session.ts";
import { scenarioStore } from "../../stores/scenario-store.ts";
import { sweepStore } from "../../stores/sweep-store.ts";
import type { SweepAxis } from "../../stores/sweep-store.ts";
import { AXES_MOST, planSweep } from "./plan-sweep.ts";
import { startSweep, stopSweep } from "./run-sweep.ts";

/** Fields that are swept most; any other may be typed. */
const SUGGESTED = [
  "cluster.workers",
  "cluster.parallelism.tensor",
  "gpu",
  "model",
  "router.policy",
  "traffic.arrivals.speedup",
  "engine.max_num_seqs",
  "engine.max_num_batched_tokens",
  "engine.gpu_memory_utilization",
  "engine.num_gpu_blocks",
  "engine.kv_cache_dtype",
  "engine.enable_prefix_caching",
] as const;

export function SweepForm() {
  const { axes, points, isRunning } = useStore(sweepStore);
  const document = useStore(scenarioStore, (state) => state.document);
  const tookMs = useStore(runStore, ({ shown }) => shown.tookMs);
  const plan = useMemo(() => planSweep(document, axes), [document, axes]);
  const done = points.filter(({ report, problem }) => report !== null || problem !== null).length;
  const count = plan.ok ? plan.value.length : 0;
  return (
    <section className="figure" aria-label="Sweep">
      <h3>Sweep</h3>
      <p className="faint">Everything else is the scenario at the left.</p>
      {axes.map((axis, index) => (
        <AxisRow key={index} axis={axis} index={index} />
      ))}
      <datalist id="sweep-fields">
        {SUGGESTED.map((path) => (
          <option key={path} value={path} />
        ))}
      </datalist>
      <div className="row">
        {axes.length < AXES_MOST ? (
          <button
            type="button"
            onClick={() => {
              sweepStore.setState({
                axes: [...axes, { path: "router.policy", values: "round_robin, least_loaded" }],
              });
            }}
          >
            Add a field
          </button>
        ) : null}
        {isRunning ? (
          <button type="button" onClick={stopSweep}>
            Stop
          </button>
        ) : (
          <button
            type="button"
            className="strong"
            disabled={!plan.ok}
            onClick={() => {
              if (plan.ok) startSweep(plan.value);
            }}
          >
            Run {count} scenarios
          </button>
        )}
        {plan.ok ? (
          <span className="faint">
            {isRunning || done > 0
              ? `${String(done)} of ${String(points.length)} done`
              : tookMs === null
                ? ""
                : `about ${secondsText((count * tookMs) / 1000 / poolSize())}`}
          </span>
        ) : (
          <span className="field-problem" role="alert">
            {plan.problem.where === undefined ? "" : `${plan.problem.where}: `}
            {plan.problem.what}: {plan.problem.expected ?? plan.problem.remedy}
          </span>
        )}
      </div>
      {isRunning ? <progress max={points.length} value={done} aria-label="Runs done" /> : null}
    </section>
  );
}

function AxisRow({ axis, index }: { readonly axis: SweepAxis; readonly index: number }) {
  const { axes } = sweepStore.getState();
  function change(next: SweepAxis): void {
    sweepStore.setState({ axes: axes.map((one, i) => (i === index ? next : one)) });
  }
  return (
    <div className="row axis">
      <input
        type="text"
        list="sweep-fields"
        aria-label={`Field ${String(index + 1)}`}
        value={axis.path}
        onChange={(event) => {
          change({ ...axis, path: event.target.value });
        }}
      />
      <input
        type="text"
        className="values"
        aria-label={`Values of field ${String(index + 1)}`}
        value={axis.values}
        onChange={(event) => {
          change({ ...axis, values: event.target.value });
        }}
      />
      <button
        type="button"
        className="quiet"
        disabled={axes.length === 1}
        onClick={() => {
          sweepStore.setState({ axes: axes.filter((_, i) => i !== index) });
        }}
      >
        Remove
      </button>
    </div>
  );
}
