/** What a comparison says of one metric or one key of the scenario. */

export type Direction = "lower" | "higher" | "neutral";
export type Mark = "better" | "worse" | "same" | "changed";

export type ScenarioDifference = {
  readonly path: string;
  /** `undefined` where the key is absent. */
  readonly a: unknown;
  readonly b: unknown;
};

export type MetricChange = {
  /** Path in the report, for example `latency.ttftMs.p99`. */
  readonly metric: string;
  /** `null`: no data. */
  readonly a: number | null;
  readonly b: number | null;
  /** b − a, in the metric's own unit; `null` without data on both sides. */
  readonly change: number | null;
  /** (b − a) / |a|; `null` without data or when a is zero. */
  readonly relative: number | null;
  readonly mark: Mark;
};
