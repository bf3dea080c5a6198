/** Two pinned points side by side. */

import { useStore } from "zustand";
import { textOf } from "../../charts/axes.ts";
import { sweepStore } from "../../stores/sweep-store.ts";
import { changeText } from "../compare/change.ts";
import { METRICS } from "../compare/metrics.ts";
import { nameOf } from "./frontier.ts";

export function PinPanel() {
  const { points, pins } = useStore(sweepStore);
  const [a, b] = pins.map((id) => points.find((point) => point.id === id));
  const [first, second] = [a?.report ?? null, b?.report ?? null];
  if (a === undefined || b === undefined || first === null || second === null) {
    return (
      <section className="figure placeholder whole">
        <h3>What is the difference?</h3>
        <p className="faint">
          Click two points, or pin them in the table, to see them side by side.
        </p>
      </section>
    );
  }
  const reports = [first, second] as const;
  return (
    <section className="figure whole" aria-label="Pinned points">
      <div className="row">
        <h3>
          {nameOf(a)} → {nameOf(b)}
        </h3>
        <span className="spacer" />
        <button
          type="button"
          onClick={() => {
            sweepStore.setState({ pins: pins.toReversed() });
          }}
        >
          Swap
        </button>
      </div>
      <div className="table-box" tabIndex={0} role="region" aria-label="Pinned points as a table">
        <table>
          <thead>
            <tr>
              <th scope="col">number</th>
              <th scope="col">{nameOf(a)}</th>
              <th scope="col">{nameOf(b)}</th>
              <th scope="col">change</th>
            </tr>
          </thead>
          <tbody>
            {METRICS.map(({ id, name, value, unit, betterIs }) => {
              const [from, to] = [value(reports[0]), value(reports[1])];
              const change = from === null || to === null ? null : changeText(from, to, betterIs);
              return (
                <tr key={id}>
                  <th scope="row">{name}</th>
                  <td>{textOf(from ?? NaN, unit)}</td>
                  <td>{textOf(to ?? NaN, unit)}</td>
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
