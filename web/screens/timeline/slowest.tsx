/** The slowest requests, and the waterfall of the one that is chosen. */

import { useMemo, useState } from "react";
import { textOf } from "../../charts/axes.ts";
import { Figure } from "../../charts/figure.tsx";
import { useView } from "../../engine/use-view.ts";
import { waterfallChart } from "./waterfall.ts";

export function Slowest() {
  const slowest = useView("slowest").own ?? [];
  const [chosen, setChosen] = useState(0);
  const request = slowest[Math.min(chosen, slowest.length - 1)];
  const chart = useMemo(() => waterfallChart(request), [request]);
  if (slowest.length === 0) return null;
  return (
    <>
      <section className="figure" aria-label="The slowest requests">
        <h3>Which requests took longest?</h3>
        <div
          className="table-box"
          tabIndex={0}
          role="region"
          aria-label="Table of the slowest requests"
        >
          <table>
            <thead>
              <tr>
                <th scope="col">request</th>
                <th scope="col">worker</th>
                <th scope="col">end to end</th>
                <th scope="col">queue</th>
                <th scope="col">prompt</th>
                <th scope="col">output</th>
              </tr>
            </thead>
            <tbody>
              {slowest.map((one, index) => (
                <tr key={one.request} aria-selected={one === request}>
                  <td>
                    <button
                      type="button"
                      className="quiet"
                      aria-pressed={one === request}
                      onClick={() => {
                        setChosen(index);
                      }}
                    >
                      {one.request}
                    </button>
                  </td>
                  <td>{one.worker}</td>
                  <td>{textOf((one.finishUs - one.arrivalUs) / 1e3, "ms")}</td>
                  <td>{textOf((one.admittedUs - one.arrivalUs) / 1e3, "ms")}</td>
                  <td>{one.inputTokens}</td>
                  <td>{one.outputTokens}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <Figure chart={chart} name="request" topic="breakdown" height={170} />
    </>
  );
}
