/** What the engine is doing, and what the shown result is: digest, seed, version. */

import { useStore } from "zustand";
import { countText, secondsText } from "../../src/core/index.ts";
import { runNow, runStore, stopRun } from "../engine/session.ts";

export function RunBar() {
  const { shown, isStale, progress } = useStore(runStore);
  const { report } = shown.insight;
  return (
    <footer className="run-bar">
      {isStale && progress !== null ? (
        <>
          <progress max={1} value={progress.fraction} aria-label="Simulated so far" />
          <span>
            {Math.round(progress.fraction * 100)} %, {countText(progress.events)} events,{" "}
            {secondsText(progress.simS)} simulated
          </span>
          <button
            type="button"
            onClick={() => {
              stopRun(false);
            }}
          >
            Stop
          </button>
          <button
            type="button"
            onClick={() => {
              stopRun(true);
            }}
          >
            Stop and keep
          </button>
        </>
      ) : (
        <>
          <button type="button" title="Run again (R)" onClick={runNow}>
            {isStale ? "Run" : "Run again"}
          </button>
          <span className="faint">{tookText(shown.tookMs, isStale)}</span>
        </>
      )}
      <span className="spacer" />
      <span
        className="faint"
        title="Same digest, same numbers: here, in the command line, anywhere"
      >
        digest <code data-testid="digest">{report.digest.slice(0, 12)}</code>, seed {report.seed},{" "}
        {countText(report.requests.offered)} requests, v{report.versions.headworks}
      </span>
    </footer>
  );
}

function tookText(tookMs: number | null, isStale: boolean): string {
  if (isStale) return "the result shown is older than the scenario";
  if (tookMs === null) return "computed when this page was built";
  return `computed in this browser in ${secondsText(tookMs / 1000)}`;
}
