/** What happens when: lanes over one time, the same courses as charts, and single requests. */

import { useMemo } from "react";
import { useStore } from "zustand";
import { Figure } from "../../charts/figure.tsx";
import { Legend } from "../../charts/legend.tsx";
import { runStore } from "../../engine/session.ts";
import { useAnswer } from "../../engine/use-answer.ts";
import { useCompared } from "../../engine/use-compared.ts";
import type { OverTime, Report } from "../../workers/protocol.ts";
import { loadChart, shortChart } from "../overview/charts.ts";
import { SHORT_LEGEND } from "../overview/legends.ts";
import { powerChart, ratesChart } from "./charts.ts";
import { faultsChart } from "./faults.ts";
import { Lanes } from "./lanes.tsx";
import { Slowest } from "./slowest.tsx";

export function Timeline() {
  const shown = useStore(runStore, (state) => state.shown);
  const pyramid = useAnswer("pyramid", shown.run);
  const lanes = useAnswer("lanes", shown.run);
  const { series, report } = shown.insight;
  const { other, isDifference } = useCompared();
  const beside = other?.series ?? null;
  const charts = useMemo(
    () => ({
      load: loadChart(series, beside, isDifference, report.faults),
      rates: ratesChart(series, beside, isDifference),
      short: shortChart(series),
      power: powerChart(series, beside),
      faults: report.faults === null ? null : faultsChart(report.faults, endOf(series, report)),
    }),
    [series, beside, isDifference, report],
  );
  return (
    <div className="figures">
      <section className="figure whole" aria-label="Lanes">
        {pyramid === null || lanes === null || series === null ? (
          <p className="faint pad">Sorting the steps of this run…</p>
        ) : (
          <Lanes series={series} report={report} lanes={lanes} pyramid={pyramid} />
        )}
      </section>
      {charts.faults === null ? null : (
        <div className="whole">
          <Figure chart={charts.faults} name="faults" topic="faults" height={110} isTime />
        </div>
      )}
      <Slowest />
      <Figure chart={charts.load} name="load" topic="series" height={200} isTime>
        <Legend
          items={[
            { name: "queued", role: "queue" },
            { name: "running", role: "decode" },
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
        <Figure chart={charts.power} name="power" topic="energy" height={200} isTime>
          <Legend items={[{ name: "cluster", role: "decode" }]} />
        </Figure>
      )}
      <Figure chart={charts.short} name="what-ran-short" topic="limits" height={96} isTime>
        <Legend items={SHORT_LEGEND} />
      </Figure>
    </div>
  );
}

/** The last sample's time, s: the other charts' axes end there. */
function endOf(series: OverTime | null, report: Report): number {
  return series?.timeS.at(-1) ?? report.simS;
}
