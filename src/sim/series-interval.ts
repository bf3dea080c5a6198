/** How finely a run is sampled when nobody says. */

import type { Scenario } from "./scenario.ts";

/** Most samples in a time series: a chart's width (assumption). */
const SERIES_SAMPLES = 400;
/** Intervals to choose from, s. */
const SERIES_INTERVALS_S = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600] as const;
const US_PER_S = 1e6;

/** The span as replayed, µs; arrivals that are made anew have none that is known. */
export function replaySpanUs(scenario: Scenario, spanUs: number): number | undefined {
  const { arrivals } = scenario.traffic;
  return arrivals.mode === "timestamps" ? spanUs / arrivals.speedup : undefined;
}

/** The shortest interval, µs, that covers the arrivals with a chart's worth of samples. */
export function seriesIntervalUs(spanUs: number): number {
  const wanted = spanUs / US_PER_S / SERIES_SAMPLES;
  const interval = SERIES_INTERVALS_S.find((seconds) => seconds >= wanted) ?? 3600;
  return interval * US_PER_S;
}
