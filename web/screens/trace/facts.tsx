/** A trace's rate over time, its numbers, its faults and its first rows. */

import { useMemo } from "react";
import { numberText, percentText } from "../../../src/core/index.ts";
import { textOf } from "../../charts/axes.ts";
import { Figure } from "../../charts/figure.tsx";
import { domainUp, drawLines } from "../../charts/lines.ts";
import type { Chart } from "../../charts/scene.ts";
import type { TracePreview } from "../../workers/protocol.ts";

export function Facts({ preview }: { readonly preview: TracePreview }) {
  const chart = useMemo(() => rateChart(preview), [preview]);
  return (
    <div className="figures">
      <Figure chart={chart} name="arrival-rate" height={220} />
      <section className="figure" aria-label="Quality">
        <h3>Can it be trusted?</h3>
        <Quality preview={preview} />
      </section>
      <section className="figure" aria-label="Numbers">
        <h3>What is in it?</h3>
        <dl className="facts">
          {factsOf(preview).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section className="figure" aria-label="First rows">
        <h3>The first rows</h3>
        <div className="table-box" tabIndex={0} role="region" aria-label="First rows as a table">
          <table>
            <thead>
              <tr>
                <th scope="col">row</th>
                <th scope="col">arrival s</th>
                <th scope="col">prompt tokens</th>
                <th scope="col">output tokens</th>
              </tr>
            </thead>
            <tbody>
              {preview.head.map(({ arrivalS, input, output }, row) => (
                <tr key={row}>
                  <td>{row}</td>
                  <td>{numberText(arrivalS)}</td>
                  <td>{input}</td>
                  <td>{output}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </div>
  );
}

function Quality({ preview }: { readonly preview: TracePreview }) {
  const { warnings, importLog } = qualityOf(preview);
  return (
    <ul className="warnings-list">
      {warnings.length === 0 && importLog.length === 0 ? <li>✓ Nothing stands out.</li> : null}
      {importLog.map((text) => (
        <li key={text}>{text}</li>
      ))}
      {warnings.map((text) => (
        <li key={text}>! {text}</li>
      ))}
    </ul>
  );
}

function qualityOf({ statistics }: TracePreview): {
  readonly warnings: readonly string[];
  readonly importLog: readonly string[];
} {
  const { quality } = statistics;
  return {
    warnings: quality.warnings.map(({ message }) => message),
    importLog: quality.importLog.map(({ reason, rows, where }) =>
      [reason, `${String(rows)} rows`, ...(where === undefined ? [] : [where])].join(", "),
    ),
  };
}

function factsOf({ statistics }: TracePreview): readonly (readonly [string, string])[] {
  const { arrivals, input, output, inputOutputSpearman, prefixes, sessions } = statistics;
  return [
    ["span", textOf(arrivals.spanS ?? NaN, "s")],
    ["mean rate", `${numberText(arrivals.meanPerS)}/s`],
    ...arrivals.peakPerS.map(
      ({ windowS, value }) => [`peak over ${String(windowS)} s`, `${numberText(value)}/s`] as const,
    ),
    ["burstiness (CV of gaps)", numberText(arrivals.gapCv)],
    ["prompt tokens, mean", numberText(input.mean)],
    ["output tokens, mean", numberText(output.mean)],
    ["rank correlation prompt ~ output", numberText(inputOutputSpearman)],
    ...(prefixes === undefined
      ? []
      : ([
          ["prefix tokens an endless cache finds", percentText(prefixes.infiniteCache.tokenHit)],
          ["distinct blocks", numberText(prefixes.uniqueBlocks)],
        ] as const)),
    ...(sessions === undefined
      ? []
      : ([["conversations", numberText(sessions.sessions)]] as const)),
  ];
}

function rateChart({ rate, statistics }: TracePreview): Chart {
  const { timeS, perS } = rate;
  return {
    title: "When do requests come?",
    summary: `${numberText(statistics.arrivals.meanPerS)} requests a second in the mean.`,
    table: {
      columns: ["time s", "arrivals/s"],
      rows: Array.from(timeS, (s, i) => [s, perS[i] ?? null]),
    },
    draw: (size) =>
      drawLines(
        {
          x: {
            name: "time in the trace",
            unit: "s",
            scale: "linear",
            domain: [0, timeS.at(-1) ?? 1],
          },
          y: { name: "arrivals/s", unit: "perS", scale: "linear", domain: domainUp([perS]) },
          curves: [{ name: "arrivals", role: "policy", x: timeS, y: perS, area: true }],
        },
        size,
      ),
  };
}
