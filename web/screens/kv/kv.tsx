/** The KV cache: where tokens come from, how full it is, whether more would help. */

import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { countText } from "../../../src/core/index.ts";
import { Figure } from "../../charts/figure.tsx";
import { Legend } from "../../charts/legend.tsx";
import { engine, runStore } from "../../engine/session.ts";
import { useAnswer } from "../../engine/use-answer.ts";
import { useCompared } from "../../engine/use-compared.ts";
import { useView } from "../../engine/use-view.ts";
import type { TraceStatistics } from "../../workers/protocol.ts";
import { capacityChart, hitRateChart, occupancyChart } from "./charts.ts";
import { sourcesChart } from "./sources.ts";
import { TierFigures } from "./tier-figures.tsx";
import { TierTable } from "./tier-table.tsx";

export function Kv() {
  const { shown, windowed } = useStore(runStore);
  const { insight } = shown;
  const { other, isDifference } = useCompared();
  const beside = other?.series ?? null;
  const { own: sources } = useView("sources");
  const lanes = useAnswer("lanes", shown.run);
  const statistics = useStatistics(insight.report.scenario.traffic.source.trace);
  const charts = useMemo(
    () => ({
      sources: sourcesChart(sources, insight.report, windowed !== null),
      occupancy: occupancyChart(insight.series, beside, isDifference),
      hits: hitRateChart(insight.series, beside, isDifference),
      capacity: capacityChart(statistics, insight.cluster, insight.report.kv.tiers ?? []),
    }),
    [sources, insight, beside, isDifference, statistics, windowed],
  );
  return (
    <div className="figures">
      <div className="whole">
        <Figure chart={charts.sources} name="prompt-tokens" topic="sources" height={300} />
      </div>
      <TierTable kv={insight.report.kv} />
      <TierFigures kv={insight.report.kv} series={insight.series} lanes={lanes} />
      <Figure chart={charts.occupancy} name="kv-occupancy" topic="kv" height={230} isTime>
        <Legend
          items={[
            { name: "in use", role: "prefill" },
            { name: "kept for reuse", role: "transfer" },
          ]}
        />
      </Figure>
      <Figure chart={charts.hits} name="hit-rate" topic="kv" height={230} isTime />
      <Figure chart={charts.capacity} name="hit-rate-by-capacity" topic="capacity" height={250} />
      <section className="figure">
        <h3>What do these rates mean?</h3>
        <p>
          The hit rate is prompt tokens found in the cache of the worker, divided by all prompt
          tokens at first admission. The parts of the flow above add up to all prompt tokens: “seen”
          counts a prefix from the moment an earlier request with it was admitted, so a block that
          was still being computed counts as seen.
        </p>
        <p>
          {insight.report.kv.evictedBlocks === 0
            ? "No block was evicted in this run: a larger cache would change nothing."
            : `${countText(insight.report.kv.evictedBlocks)} blocks were evicted in this run.`}
        </p>
      </section>
    </div>
  );
}

/** The trace's statistics, once a trace. */
function useStatistics(name: string | undefined): TraceStatistics | null {
  const [statistics, setStatistics] = useState<TraceStatistics | null>(null);
  useEffect(() => {
    setStatistics(null);
    if (name === undefined) return undefined;
    let isCurrent = true;
    void engine.ask("previewTrace", { name }).then((answer) => {
      if (isCurrent && answer.ok) setStatistics(answer.value.statistics);
    });
    return () => {
      isCurrent = false;
    };
  }, [name]);
  return statistics;
}
