/** A and B: first what differs in the scenarios, then every main number with its change. */

import { useMemo } from "react";
import { numberText } from "../../../src/core/index.ts";
import { dropBaseline } from "../../engine/session.ts";
import { differences } from "../../scenario/document.ts";
import { openDocument } from "../../stores/scenario-store.ts";
import type { ShownRun } from "../../stores/run-store.ts";
import { changeText } from "./change.ts";
import { METRICS } from "./metrics.ts";

export type ComparePanelProps = { readonly shown: ShownRun; readonly baseline: ShownRun };

export function ComparePanel({ shown, baseline }: ComparePanelProps) {
  const changed = useMemo(
    () => differences(baseline.insight.report.scenario, shown.insight.report.scenario),
    [baseline, shown],
  );
  const isSame = baseline.insight.report.digest === shown.insight.report.digest;
  return (
    <section className="compare" aria-label="Comparison">
      <div className="row">
        <h3>A (baseline, dashed) → B (solid)</h3>
        <span className="spacer" />
        <button
          type="button"
          onClick={() => {
            openDocument(baseline.document);
          }}
        >
          Load A
        </button>
        <button type="button" onClick={dropBaseline}>
          Drop A
        </button>
      </div>
      {changed.length === 0 ? (
        <p className="faint">
          {isSame
            ? "The same scenario and the same digest: equal to the last bit."
            : "The same scenario."}
        </p>
      ) : (
        <ul className="changes">
          {changed.map(({ path, a, b }) => (
            <li key={path}>
              <code>{path}</code>: {JSON.stringify(a) ?? "–"} → <b>{JSON.stringify(b) ?? "–"}</b>
            </li>
          ))}
        </ul>
      )}
      <div className="table-box" tabIndex={0} role="region" aria-label="Numbers of A and B">
        <table>
          <thead>
            <tr>
              <th scope="col">number</th>
              <th scope="col">A</th>
              <th scope="col">B</th>
              <th scope="col">change</th>
            </tr>
          </thead>
          <tbody>
            {METRICS.map(({ name, value, betterIs }) => {
              const a = value(baseline.insight.report);
              const b = value(shown.insight.report);
              const change = a === null || b === null ? null : changeText(a, b, betterIs);
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{numberText(a)}</td>
                  <td>{numberText(b)}</td>
                  <td className={`change ${change?.mood ?? "same"}`}>{change?.text ?? "–"}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
