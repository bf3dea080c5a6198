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

/** Ranges of values by column, ends included: points outside are left out. */
export type SweepFilters = Readonly<Record<string, readonly [low: number, high: number]>>;

export type SweepState = {
  readonly axes: readonly SweepAxis[];
  readonly points: readonly SweepPoint[];
  readonly isRunning: boolean;
  readonly x: string;
  readonly y: string;
  /** Limit on y that the reader drags; `null`: none. */
  readonly limit: number | null;
  readonly filters: SweepFilters;
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
  filters: {},
  pins: [],
}));

/** Keeps the points whose column is within the range; null keeps all. */
export function setFilter(column: string, range: readonly [number, number] | null): void {
  sweepStore.setState(({ filters }) => {
    const { [column]: _, ...others } = filters;
    return { filters: range === null ? others : { ...others, [column]: range } };
  });
}
