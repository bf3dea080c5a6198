/** A sweep: which fields take which values, what was found, which points are pinned. */

import { createStore } from "zustand/vanilla";
import type { Problem, Report, ScenarioDocument } from "../workers/protocol.ts";

/** A field of the scenario and the values it takes, as typed. */
export type SweepAxis = { readonly path: string; readonly values: string };

export type SweepPoint = {
  readonly id: number;
  readonly document: ScenarioDocument;
  /** Value of each axis, in their order. */
  readonly values: readonly (string | number)[];
  readonly report: Report | null;
  readonly problem: Problem | null;
};

export type SweepState = {
  readonly axes: readonly SweepAxis[];
  readonly points: readonly SweepPoint[];
  readonly isRunning: boolean;
  readonly x: string;
  readonly y: string;
  /** Limit on y that the reader drags; `null`: none. */
  readonly limit: number | null;
  /** Ids of at most two pinned points. */
  readonly pins: readonly number[];
};

export const sweepStore = createStore<SweepState>(() => ({
  axes: [
    { path: "cluster.workers", values: "4, 6, 8, 12, 16" },
    { path: "gpu", values: "h100-sxm, h200-sxm, b200" },
  ],
  points: [],
  isRunning: false,
  x: "cost",
  y: "ttftMs.p99",
  limit: null,
  pins: [],
}));
