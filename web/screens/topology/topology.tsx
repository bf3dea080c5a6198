/** The cluster as it stands: workers in their nodes and the links between them, over the run or at a moment of it. */

import { useCallback, useMemo, useState } from "react";
import { useStore } from "zustand";
import { textOf } from "../../charts/axes.ts";
import { Figure } from "../../charts/figure.tsx";
import { runStore } from "../../engine/session.ts";
import { useAnswer } from "../../engine/use-answer.ts";
import { viewStore } from "../../stores/view-store.ts";
import { Clock } from "./clock.tsx";
import { clusterState, FILLS, fillsFor, sampleOf } from "./cluster-state.ts";
import type { FillName } from "./cluster-state.ts";
import { topologyChart, topologyHeight } from "./layout.ts";
import { PoolTables } from "./pool-tables.tsx";

export function Topology() {
  const { shown } = useStore(runStore);
  const clockS = useStore(viewStore, (state) => state.clockS);
  const lanes = useAnswer("lanes", shown.run);
  const [fill, setFill] = useState<FillName>("busy");
  const { report } = shown.insight;
  // Lanes of the run before have other workers.
  const own = lanes?.workers?.count === report.workers.length ? lanes : null;
  const sample = own === null ? null : sampleOf(own.timeS, clockS);
  const state = useMemo(() => clusterState(report, own, sample, fill), [report, own, sample, fill]);
  const chart = useMemo(() => {
    const timeS = state.sample === null ? NaN : (own?.timeS[state.sample] ?? NaN);
    return topologyChart(state, Number.isNaN(timeS) ? "Over the run" : `At ${textOf(timeS, "s")}`);
  }, [state, own]);
  const height = useCallback((width: number) => topologyHeight(state, width), [state]);
  return (
    <div className="figures">
      <div className="whole">
        <Figure chart={chart} name="topology" topic="moment" height={height}>
          <div className="row">
            <label className="row">
              Tiles show
              <select
                value={state.fill}
                onChange={(event) => {
                  setFill(event.target.value as FillName);
                }}
              >
                {fillsFor(state.sample !== null).map((name) => (
                  <option key={name} value={name}>
                    {FILLS[name].label}
                  </option>
                ))}
              </select>
            </label>
          </div>
          {own === null ? null : <Clock timeS={own.timeS} />}
        </Figure>
      </div>
      <PoolTables report={report} />
    </div>
  );
}
