/** How long requests wait: distributions with their tails, over time, over prompt length. */

import { useMemo } from "react";
import { useStore } from "zustand";
import { Figure } from "../../charts/figure.tsx";
import { Legend } from "../../charts/legend.tsx";
import { runStore } from "../../engine/session.ts";
import { useCompared } from "../../engine/use-compared.ts";
import { useView } from "../../engine/use-view.ts";
import { Paired } from "../compare/paired.tsx";
import {
  densityChart,
  ecdfChart,
  overTimeChart,
  percentileChart,
  quantileChangeChart,
  tailChart,
} from "./charts.ts";
import { LoadCurve } from "./load-curve.tsx";

const CURVES = [
  { name: "TTFT", role: "prefill" },
  { name: "end to end", role: "decode" },
  { name: "queue", role: "queue" },
  { name: "TPOT", role: "transfer" },
] as const;

export function Latency() {
  const insight = useStore(runStore, ({ shown }) => shown.insight);
  const { other, isDifference } = useCompared();
  const { own, beside } = useView("latencies");
  const { targets } = insight.report.slo;
  const charts = useMemo(
    () => ({
      ecdf: ecdfChart({ own, beside, targets, isDifference }),
      tail: isDifference
        ? quantileChangeChart(own, beside)
        : tailChart({ own, beside, targets, isDifference }),
      percentiles: percentileChart(insight.report, other?.report ?? null),
      course: overTimeChart(insight.series, other?.series ?? null, { targets, isDifference }),
      time: densityChart(own?.overTime ?? null, "time"),
      prompt: densityChart(own?.overPrompt ?? null, "prompt"),
    }),
    [own, beside, targets, insight, other, isDifference],
  );
  if (own === null) return <p className="faint pad">Reading the requests of this run…</p>;
  return (
    <div className="figures">
      {other === null ? null : <Paired />}
      <Figure chart={charts.ecdf} name="latency-ecdf" topic="ttft" height={280}>
        <Legend items={CURVES} />
      </Figure>
      <Figure chart={charts.tail} name="latency-tail" topic="ttft" height={280}>
        <Legend items={CURVES} />
      </Figure>
      <LoadCurve />
      <Figure chart={charts.course} name="latency-over-time" topic="series" height={240} isTime>
        <Legend
          items={[
            { name: "TTFT p99", role: "prefill" },
            { name: "TPOT p99", role: "transfer" },
          ]}
        />
      </Figure>
      <Figure chart={charts.time} name="latency-heat-map" topic="density" height={260} isTime />
      <Figure chart={charts.prompt} name="latency-over-prompt" topic="density" height={260} />
      <Figure
        chart={charts.percentiles}
        name="latency-percentiles"
        topic="quantiles"
        height={260}
      />
    </div>
  );
}
