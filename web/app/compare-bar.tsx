/** Says, on every screen, which two runs are compared and how, and turns them round or lets go. */

import { useMemo } from "react";
import { useStore } from "zustand";
import { dropBaseline, pinBaseline, runStore } from "../engine/session.ts";
import { differences } from "../scenario/document.ts";
import { openDocument } from "../stores/scenario-store.ts";
import { viewStore } from "../stores/view-store.ts";

/** Changed fields that the bar names; the overview lists all. */
const NAMED_MOST = 3;

export function CompareBar() {
  const { shown, baseline, compares } = useStore(runStore);
  const isDifference = useStore(viewStore, (state) => state.isDifference);
  const words = useMemo(
    () =>
      baseline === null
        ? ""
        : changesText(baseline.insight.report.scenario, shown.insight.report.scenario),
    [shown, baseline],
  );
  if (!compares || baseline === null) return null;
  return (
    <section className="compare-bar" aria-label="Compare">
      <span>
        <b>A → B</b> {words}
      </span>
      <span className="spacer" />
      {[false, true].map((difference) => (
        <button
          key={String(difference)}
          type="button"
          aria-pressed={isDifference === difference}
          title={
            difference
              ? "Charts show what changes from A to B (D)"
              : "Charts show A dashed behind B (D)"
          }
          onClick={() => {
            viewStore.setState({ isDifference: difference });
          }}
        >
          {difference ? "B − A" : "A and B"}
        </button>
      ))}
      <button
        type="button"
        title="B becomes the baseline, and A's scenario runs"
        onClick={() => {
          pinBaseline();
          openDocument(baseline.document);
        }}
      >
        Swap
      </button>
      <button type="button" className="quiet" title="Drop the baseline (C)" onClick={dropBaseline}>
        Drop A
      </button>
    </section>
  );
}

function changesText(a: unknown, b: unknown): string {
  const changed = differences(a, b);
  if (changed.length === 0) return "the same scenario";
  const named = changed
    .slice(0, NAMED_MOST)
    .map(({ path, a: from, b: to }) => `${path}: ${valueText(from)} → ${valueText(to)}`);
  const rest = changed.length - named.length;
  return `${named.join("; ")}${rest > 0 ? `; ${String(rest)} more` : ""}`;
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "–");
}
