/** The report's `slo` section. */

import type { LatencySummary } from "./latency-summary.ts";

/** By the client's clock; what is absent is no target. */
export type TargetsMs = {
  readonly ttftMs?: number;
  readonly tpotMs?: number;
  readonly e2eMs?: number;
};

/** Measured requests of a class or a tenant. */
export type GroupSummary = {
  readonly name: string;
  readonly requests: {
    readonly measured: number;
    readonly completed: number;
    readonly rejected: number;
    readonly failed: number;
    readonly cancelled: number;
    readonly unfinished: number;
  };
  readonly ttftMs: LatencySummary;
  readonly tpotMs: LatencySummary;
  readonly e2eMs: LatencySummary;
  /** Requests that met every target of their own class, per second and as a share; `null`: nothing was promised, or nobody came. */
  readonly goodputPerS: number | null;
  readonly attainment: number | null;
};

export type ClassSummary = GroupSummary & {
  readonly targets: TargetsMs;
  /** Share of its requests that must meet them. */
  readonly attainmentMin: number;
  /** Whether they did; `null`: nothing was promised, or nobody came. */
  readonly held: boolean | null;
};

export type SloReport = {
  /** Of requests that are in no class of the scenario's. */
  readonly targets: TargetsMs;
  /** Measured requests that met every target of their own, per second; `null` when no target is set. */
  readonly goodputPerS: number | null;
  /** Share of measured requests (rejected ones included) that met every target. */
  readonly attainment: number | null;
  /** Share of the requests that must. */
  readonly attainmentMin: number;
  /** By the scenario's classes in their order and then those in none of them; else by the trace's, most requests first; `null`: all are alike. */
  readonly classes: readonly ClassSummary[] | null;
  /** By the trace's tenants, most requests first, the rarest together; `null`: all are of one, or of none. */
  readonly tenants: readonly GroupSummary[] | null;
};
