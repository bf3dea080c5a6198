/** What a screen compares: the baseline while there is one, over the shown run or as the change to it. */

import { useStore } from "zustand";
import { viewStore } from "../stores/view-store.ts";
import type { Insight } from "../workers/protocol.ts";
import { runStore } from "./session.ts";

export type Compared = {
  /** Null while nothing is compared. */
  readonly other: Insight | null;
  readonly isDifference: boolean;
};

export function useCompared(): Compared {
  const other = useStore(runStore, ({ compares, baseline }) =>
    compares ? (baseline?.insight ?? null) : null,
  );
  const isDifference = useStore(viewStore, (state) => state.isDifference) && other !== null;
  return { other, isDifference };
}
