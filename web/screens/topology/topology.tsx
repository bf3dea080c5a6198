/** The cluster as it stands: workers as tiles over their GPUs, filled by what the reader asks. */

import { useMemo, useState } from "react";
import { useStore } from "zustand";
import { Figure } from "../../charts/figure.tsx";
import { runStore } from "../../engine/session.ts";
import { FILLS, rowsOf, topologyChart } from "./layout.ts";
import type { FillName } from "./layout.ts";
import { PoolTables } from "./pool-tables.tsx";

export function Topology() {
  const { shown } = useStore(runStore);
  const [fill, setFill] = useState<FillName>("busy");
  const { report } = shown.insight;
  const chart = useMemo(() => topologyChart(report, fill), [report, fill]);
  const rows = useMemo(() => rowsOf(report), [report]);
  return (
    <div className="figures">
      <div className="whole">
        <Figure chart={chart} name="topology" topic="steps" height={Math.min(640, 20 + rows * 90)}>
          <label className="row">
            Tiles show
            <select
              value={fill}
              onChange={(event) => {
                setFill(event.target.value as FillName);
              }}
            >
              {Object.entries(FILLS).map(([name, { label }]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        </Figure>
      </div>
      <PoolTables report={report} />
    </div>
  );
}
