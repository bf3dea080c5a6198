/** Request by request: the same row of the trace in both runs. */

import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { countText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { Figure } from "../../charts/figure.tsx";
import { Legend } from "../../charts/legend.tsx";
import { engine, runStore, windowOf } from "../../engine/session.ts";
import { viewStore } from "../../stores/view-store.ts";
import type { ChangedRequest, LatencyName, PairedInsight } from "../../workers/protocol.ts";
import {
  besideChart,
  changeMs,
  changesChart,
  courseChart,
  LATENCY_WORDS,
  pairedWords,
  whyChart,
} from "./paired-charts.ts";

const NAMES = Object.keys(LATENCY_WORDS) as readonly LatencyName[];

export function Paired() {
  const [name, setName] = useState<LatencyName>("ttft");
  const found = usePaired(name);
  return (
    <section className="whole paired" aria-label="Request by request">
      <div className="row">
        <h3>The same requests in A and in B</h3>
        <label className="row">
          by
          <select
            value={name}
            onChange={(event) => {
              const chosen = NAMES.find((one) => one === event.target.value);
              if (chosen !== undefined) setName(chosen);
            }}
          >
            {NAMES.map((one) => (
              <option key={one} value={one}>
                {LATENCY_WORDS[one]}
              </option>
            ))}
          </select>
        </label>
      </div>
      {found === "none" ? (
        <p className="faint">
          A and B replay different requests, or A is a report without its requests: there is nothing
          to pair. Run the same traffic in both.
        </p>
      ) : found === null ? (
        <p className="faint">Pairing the requests of both runs…</p>
      ) : (
        <PairedFigures paired={found} />
      )}
    </section>
  );
}

function PairedFigures({ paired }: { readonly paired: PairedInsight }) {
  const charts = useMemo(
    () => ({
      beside: besideChart(paired),
      changes: changesChart(paired),
      course: courseChart(paired),
      why: whyChart(paired),
    }),
    [paired],
  );
  return (
    <>
      <p>{pairedWords(paired)}</p>
      <div className="figures">
        <Figure chart={charts.beside} name="paired-latency" topic="paired" height={300} />
        <Figure chart={charts.changes} name="paired-changes" topic="paired" height={300} />
        <Figure chart={charts.course} name="paired-over-time" topic="paired" height={220} isTime>
          <Legend
            items={[
              { name: "p90 of the changes", role: "queue" },
              { name: "median", role: "policy" },
              { name: "p10", role: "transfer" },
            ]}
          />
        </Figure>
        {charts.why === null ? null : (
          <Figure chart={charts.why} name="paired-parts" topic="paired" height={220}>
            <Legend
              items={[
                { name: "requests that got slower", role: "decode" },
                { name: "requests that got faster", role: "prefill" },
              ]}
            />
          </Figure>
        )}
        <Quantiles paired={paired} />
        <MostChanged paired={paired} />
      </div>
    </>
  );
}

function Quantiles({
  paired: { name, meanMs, quantiles, pairs },
}: {
  readonly paired: PairedInsight;
}) {
  const rows = [
    { label: "mean", ms: meanMs.mean, halfMs: meanMs.half },
    ...quantiles.map(({ share, ms, halfMs }) => ({
      label: `p${String(Math.round(share * 100))}`,
      ms,
      halfMs,
    })),
  ];
  return (
    <section className="figure" aria-label="Quantiles of the changes">
      <h3>How sure is that?</h3>
      <p className="faint">
        Change of {LATENCY_WORDS[name]} of {countText(pairs)} pairs, B − A, with its 95 % interval
        over 20 stretches of arrivals; “–” where the pairs are too few to say.
      </p>
      <div className="table-box" tabIndex={0} role="region" aria-label="Table of the changes">
        <table>
          <thead>
            <tr>
              <th scope="col">of the changes</th>
              <th scope="col">B − A</th>
              <th scope="col">95 % interval</th>
              <th scope="col">sign</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ label, ms, halfMs }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>{changeMs(ms)}</td>
                <td>
                  {halfMs === null ? "–" : `${changeMs(ms - halfMs)} … ${changeMs(ms + halfMs)}`}
                </td>
                <td>{halfMs === null ? "–" : signOf(ms, halfMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function signOf(ms: number, halfMs: number): string {
  if (ms === 0 && halfMs === 0) return "= no change";
  if (Math.abs(ms) <= halfMs) return "within the noise";
  return ms > 0 ? "✕ slower" : "✓ faster";
}

function MostChanged({ paired: { mostSlower, mostFaster } }: { readonly paired: PairedInsight }) {
  const rows = [...mostSlower, ...mostFaster.toReversed()];
  if (rows.length === 0) return null;
  return (
    <section className="figure" aria-label="Requests that changed most">
      <h3>Which changed most?</h3>
      <div
        className="table-box"
        tabIndex={0}
        role="region"
        aria-label="Table of the requests that changed most"
      >
        <table>
          <thead>
            <tr>
              {["request", "A", "B", "change", "worker", "prompt", "output", "arrival"].map(
                (title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ),
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <ChangedRow key={row.request} row={row} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function ChangedRow({ row }: { readonly row: ChangedRequest }) {
  const { request, arrivalS, inputTokens, outputTokens, aMs, bMs, aWorker, bWorker } = row;
  return (
    <tr>
      <th scope="row">{request}</th>
      <td>{textOf(aMs, "ms")}</td>
      <td>{textOf(bMs, "ms")}</td>
      <td className={`change ${bMs < aMs ? "good" : "bad"}`}>{changeMs(bMs - aMs)}</td>
      <td>{aWorker === bWorker ? bWorker : `${String(aWorker)} → ${String(bWorker)}`}</td>
      <td>{inputTokens}</td>
      <td>{outputTokens}</td>
      <td>{textOf(arrivalS, "s")}</td>
    </tr>
  );
}

/** Null while it is computed; the answer before stays meanwhile. */
function usePaired(name: LatencyName): PairedInsight | "none" | null {
  const run = useStore(runStore, ({ shown }) => shown.run);
  const baseline = useStore(runStore, (state) => state.baseline?.run ?? null);
  const brush = useStore(viewStore, (state) => state.brush);
  const [found, setFound] = useState<PairedInsight | "none" | null>(null);
  useEffect(() => {
    if (run === null) return undefined;
    if (baseline === null) {
      setFound("none");
      return undefined;
    }
    let isCurrent = true;
    const ask = { run, baseline, window: windowOf(brush), name };
    void engine.ask("paired", ask).then((answer) => {
      if (isCurrent) setFound(answer.ok ? (answer.value ?? "none") : "none");
    });
    return () => {
      isCurrent = false;
    };
  }, [run, baseline, brush, name]);
  return found;
}
