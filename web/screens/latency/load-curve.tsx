/** Percentiles against load: the same scenario with less and more traffic, filled in as the runs end. */

import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { Figure } from "../../charts/figure.tsx";
import { Legend } from "../../charts/legend.tsx";
import { Batch, reportOf, stopBatch } from "../../engine/pool.ts";
import { runStore } from "../../engine/session.ts";
import type { ScenarioDocument } from "../../workers/protocol.ts";
import { loadChart, loadPoints } from "./load-points.ts";
import type { LoadPoint } from "./load-points.ts";

export function LoadCurve() {
  const { shown, isStale } = useStore(runStore);
  const [asked, setAsked] = useState<ScenarioDocument | null>(null);
  const { document, insight } = shown;
  const isAsked = asked === document && !isStale;
  const points = useLoad(isAsked ? document : null);
  const chart = useMemo(() => loadChart(points, insight.report), [points, insight.report]);
  if (asked !== document) {
    return (
      <section className="figure placeholder">
        <h3>How much load can it take?</h3>
        <p>
          Runs this scenario at eight loads from a quarter to twice the traffic, in the background.
        </p>
        <button
          type="button"
          onClick={() => {
            setAsked(document);
          }}
        >
          Find out
        </button>
      </section>
    );
  }
  return (
    <Figure chart={chart} name="latency-against-load" topic="load" height={280}>
      <Legend
        items={[
          { name: "TTFT p50", role: "prefill" },
          { name: "TTFT p90", role: "queue" },
          { name: "TTFT p99", role: "decode" },
        ]}
      />
    </Figure>
  );
}

function useLoad(document: ScenarioDocument | null): readonly LoadPoint[] {
  const [points, setPoints] = useState<readonly LoadPoint[]>([]);
  useEffect(() => {
    setPoints([]);
    if (document === null) return undefined;
    const batch = new Batch();
    for (const { times, variant } of loadPoints(document)) {
      void reportOf(variant, batch).then((outcome) => {
        if (batch.isStopped || !outcome.ok) return;
        const point = { times, report: outcome.value };
        setPoints((before) => [...before, point].toSorted((a, b) => a.times - b.times));
      });
    }
    return () => {
      stopBatch(batch);
    };
  }, [document]);
  return points;
}
