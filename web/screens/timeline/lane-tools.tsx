/** Buttons for what keys and pointers do on the lanes, and the stretch of time on show. */

import { useStore } from "zustand";
import { textOf } from "../../charts/axes.ts";
import { viewStore } from "../../stores/view-store.ts";
import { keysOf } from "./time-window.ts";
import type { TimeWindow } from "./time-window.ts";
import { useTimeView } from "./use-time-view.ts";

const US_PER_S = 1e6;
const TOOLS = [
  ["w", "+", "Zoom in (W, or Ctrl and wheel)"],
  ["s", "−", "Zoom out (S)"],
  ["a", "←", "Earlier (A)"],
  ["d", "→", "Later (D)"],
  ["f", "Fit", "Fit: the whole run (F)"],
] as const;

export function LaneTools({
  window,
  hasMore,
}: {
  readonly window: TimeWindow;
  readonly hasMore: boolean;
}) {
  const { fromUs, toUs } = useTimeView(window);
  const brush = useStore(viewStore, (state) => state.brush);
  const keys = keysOf(window);
  return (
    <div className="row lane-tools">
      {TOOLS.map(([key, sign, title]) => (
        <button key={key} type="button" title={title} aria-label={title} onClick={keys[key]}>
          {sign}
        </button>
      ))}
      <span className="faint">
        {textOf(fromUs / US_PER_S, "s")} … {textOf(toUs / US_PER_S, "s")}
      </span>
      {hasMore ? <span className="faint">Later steps are not recorded.</span> : null}
      <span className="spacer" />
      {brush === null ? null : (
        <button
          type="button"
          onClick={() => {
            window.show({ fromUs: brush.fromS * US_PER_S, toUs: brush.toS * US_PER_S });
          }}
        >
          Zoom to the selection
        </button>
      )}
      <button
        type="button"
        onClick={() => {
          viewStore.setState({ brush: { fromS: fromUs / US_PER_S, toS: toUs / US_PER_S } });
        }}
      >
        Restrict every view to this
      </button>
    </div>
  );
}
