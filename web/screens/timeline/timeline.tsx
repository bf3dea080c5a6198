/** What happens when: the workers' steps, the load, the cache, and single requests. */

import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { Figure } from "../../charts/figure.tsx";
import { Legend } from "../../charts/legend.tsx";
import { engine, runStore } from "../../engine/session.ts";
import { useCompared } from "../../engine/use-compared.ts";
import type { OverTime, Report, SlicePyramid } from "../../workers/protocol.ts";
import { loadChart, shortChart } from "../overview/charts.ts";
import { occupancyChart } from "../kv/charts.ts";
import { powerChart, ratesChart } from "./charts.ts";
import { faultsChart } from "./faults.ts";
import { Gantt } from "./gantt.tsx";
import { Slowest } from "./slowest.tsx";

export function Timeline() {
  const shown = useStore(runStore, (state) => state.shown);
  const pyramid = usePyramid(shown.run);
  const { series, report } = shown.insight;
  const { other, isDifference } = useCompared();
  const beside = other?.series ?? null;
  const charts = useMemo(
    () => ({
      load: loadChart(series, beside, isDifference),
      kv: occupancyChart(series, beside, isDifference),
      rates: ratesChart(series, beside, isDifference),
      short: shortChart(series),
      power: powerChart(series, beside),
      faults: report.faults === null ? null : faultsChart(report.faults, endOf(series, report)),
    }),
    [series, beside, isDifference, report],
  );
  return (
    <div className="figures">
      <section className="figure whole" aria-label="Steps of the workers">
        <h3>What does each worker do?</h3>
        <Legend
          items={[
            { name: "steps with prompt tokens", role: "prefill" },
            { name: "decode only", role: "decode" },
          ]}
        />
        {pyramid === null ? (
          <p className="faint pad">Sorting the steps of this run…</p>
        ) : (
          <Gantt key={shown.run} pyramid={pyramid} />
        )}
        {pyramid?.truncated === true ? (
          <p className="faint">Later steps are not recorded: the run has more than are kept.</p>
        ) : null}
      </section>
      {charts.faults === null ? null : (
        <div className="whole">
          <Figure chart={charts.faults} name="faults" topic="series" height={110} isTime />
        </div>
      )}
      <Figure chart={charts.load} name="load" topic="series" height={200} isTime>
        <Legend
          items={[
            { name: "queued", role: "queue" },
            { name: "running", role: "decode" },
          ]}
        />
      </Figure>
      <Figure chart={charts.kv} name="kv-occupancy" topic="kv" height={200} isTime>
        <Legend
          items={[
            { name: "in use", role: "prefill" },
            { name: "kept for reuse", role: "transfer" },
          ]}
        />
      </Figure>
      <Figure chart={charts.rates} name="rates" topic="series" height={200} isTime>
        <Legend
          items={[
            { name: "arrivals", role: "policy" },
            { name: "completions", role: "decode" },
          ]}
        />
      </Figure>
      {charts.power === null ? null : (
        <Figure chart={charts.power} name="power" topic="cost" height={200} isTime>
          <Legend items={[{ name: "cluster", role: "decode" }]} />
        </Figure>
      )}
      <Figure chart={charts.short} name="what-ran-short" topic="limits" height={96} isTime />
      <Slowest />
    </div>
  );
}

/** The last sample's time, s: the other charts' axes end there. */
function endOf(series: OverTime | null, report: Report): number {
  return series?.timeS.at(-1) ?? report.simS;
}

/** The run's steps, asked for when this screen is open. */
function usePyramid(run: number | null): SlicePyramid | null {
  const [pyramid, setPyramid] = useState<SlicePyramid | null>(null);
  useEffect(() => {
    if (run === null) return undefined;
    let isCurrent = true;
    void engine.ask("pyramid", { run }).then((answer) => {
      if (isCurrent && answer.ok) setPyramid(answer.value);
    });
    return () => {
      isCurrent = false;
    };
  }, [run]);
  return pyramid;
}
