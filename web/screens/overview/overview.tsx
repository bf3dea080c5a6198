/** The answer: a sentence, five numbers, where time goes, what ran short. */

import { useMemo } from "react";
import { useStore } from "zustand";
import { Figure } from "../../charts/figure.tsx";
import { Legend } from "../../charts/legend.tsx";
import { runStore } from "../../engine/session.ts";
import { useCompared } from "../../engine/use-compared.ts";
import { explain } from "../../stores/view-store.ts";
import { faultsChart } from "../timeline/faults.ts";
import { ComparePanel } from "../compare/compare-panel.tsx";
import { breakdownChart, breakdownLegend, loadChart, shortChart } from "./charts.ts";
import { GroupTables } from "./group-tables.tsx";
import { SHORT_LEGEND } from "./legends.ts";
import { Sensitivity } from "./sensitivity.tsx";
import { Tiles } from "./tiles.tsx";

const MOODS = { good: "✓", fair: "!", bad: "✕" } as const;

export function Overview() {
  const { shown, baseline, compares, windowed } = useStore(runStore);
  const { insight } = shown;
  const { other, isDifference } = useCompared();
  const own = windowed?.shown ?? insight.whole;
  const beside = windowed === null ? (other?.whole ?? null) : windowed.baseline;
  const breakdown = useMemo(() => breakdownChart(own, beside), [own, beside]);
  const short = useMemo(() => shortChart(insight.series), [insight.series]);
  const load = useMemo(
    () => loadChart(insight.series, other?.series ?? null, isDifference, insight.report.faults),
    [insight, other, isDifference],
  );
  const faults = useMemo(() => {
    const { report, series } = insight;
    const endS = series?.timeS.at(-1) ?? report.simS;
    return report.faults === null ? null : faultsChart(report.faults, endS);
  }, [insight]);
  return (
    <>
      <section className={`verdict ${insight.verdict.mood}`} aria-label="Verdict">
        <p data-testid="verdict">
          <span aria-hidden="true">{MOODS[insight.verdict.mood]}</span> {insight.verdict.text}
        </p>
        <button
          type="button"
          className="quiet"
          onClick={() => {
            explain("verdict");
          }}
        >
          How this is computed
        </button>
      </section>
      {compares && baseline !== null ? <ComparePanel shown={shown} baseline={baseline} /> : null}
      <Tiles insight={insight} baseline={other} />
      <div className="figures">
        <Figure chart={breakdown} name="where-time-goes" topic="breakdown" height={190}>
          <Legend items={breakdownLegend(own)} />
        </Figure>
        <Figure chart={short} name="what-ran-short" topic="limits" height={96} isTime>
          <Legend items={SHORT_LEGEND} />
        </Figure>
        <Figure chart={load} name="load" topic="series" height={220} isTime>
          <Legend
            items={[
              { name: "queued", role: "queue" },
              { name: "running", role: "decode" },
            ]}
          />
        </Figure>
        {faults === null ? null : (
          <Figure chart={faults} name="faults" topic="faults" height={120} isTime />
        )}
        <Sensitivity />
      </div>
      <GroupTables insight={insight} baseline={other} />
      <Warnings warnings={insight.report.warnings} />
    </>
  );
}

function Warnings({ warnings }: { readonly warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  return (
    <section className="warnings" aria-label="Warnings">
      <h3>Know before you trust this</h3>
      <ul>
        {warnings.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </section>
  );
}
