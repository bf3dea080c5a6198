/** Says that a brush restricts the views, and lets go of it. */

import { useStore } from "zustand";
import { countText } from "../../src/core/index.ts";
import { textOf } from "../charts/axes.ts";
import { runStore } from "../engine/session.ts";
import { viewStore } from "../stores/view-store.ts";

export function BrushBar() {
  const brush = useStore(viewStore, (state) => state.brush);
  const requests = useStore(runStore, (state) => state.windowed?.shown.requests);
  if (brush === null) return null;
  return (
    <p className="brush-bar" role="status">
      Showing requests that arrived from {textOf(brush.fromS, "s")} to {textOf(brush.toS, "s")}
      {requests === undefined ? "" : `: ${countText(requests)}`}.
      <button
        type="button"
        className="quiet"
        onClick={() => {
          viewStore.setState({ brush: null });
        }}
      >
        Show all (Esc)
      </button>
    </p>
  );
}
