/** What one knob up or down by a fifth would change: run in the background on request. */

import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { Figure } from "../../charts/figure.tsx";
import { Batch, reportOf, stopBatch } from "../../engine/pool.ts";
import { runStore } from "../../engine/session.ts";
import type { Report, ScenarioDocument } from "../../workers/protocol.ts";
import { changesOf, sensitivityChart } from "./sensitivity-chart.ts";
import type { Effect } from "./sensitivity-chart.ts";

export function Sensitivity() {
  const { shown, isStale } = useStore(runStore);
  const [asked, setAsked] = useState<ScenarioDocument | null>(null);
  const { document, insight } = shown;
  const effects = useEffects(asked === document && !isStale ? document : null, insight.report);
  const chart = useMemo(() => sensitivityChart(insight.report, effects), [insight.report, effects]);
  if (asked !== document) {
    return (
      <section className="figure placeholder">
        <h3>Which knob matters most?</h3>
        <p>Runs this scenario with each main knob a fifth down and up, in the background.</p>
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
  return <Figure chart={chart} name="sensitivity" topic="sensitivity" height={220} />;
}

/** Effects as they come in; stopped when the scenario changes. */
function useEffects(document: ScenarioDocument | null, report: Report): readonly Effect[] {
  const [effects, setEffects] = useState<readonly Effect[]>([]);
  useEffect(() => {
    setEffects([]);
    if (document === null) return undefined;
    const batch = new Batch();
    for (const change of changesOf(document, report)) {
      void reportOf(change.document, batch).then((outcome) => {
        if (batch.isStopped) return;
        const effect = { ...change, report: outcome.ok ? outcome.value : null };
        setEffects((before) => [...before, effect]);
      });
    }
    return () => {
      stopBatch(batch);
    };
  }, [document, report]);
  return effects;
}
