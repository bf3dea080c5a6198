/**
 * Do predictions rank configurations as measurements do? Within a model and a shape of requests,
 * each
 * configuration (GPU, engine, format, layout) has a curve of throughput per GPU over interactivity;
 * the
 * curves are compared at levels of interactivity.
 */

import { kendallTau, rankPairs, type PairCount } from "./kendall.ts";
import type { MeasuredRun, Metrics } from "./measured-run.ts";
import type { Prediction } from "./simulate-run.ts";

/**
 * Interactivity levels at which configurations are compared, tokens/s for one user (assumption).
 */
export const RANKING_LEVELS: readonly number[] = [10, 15, 20, 30, 40, 50, 65, 80, 100, 125, 150];

export type RankedGroup = {
  readonly model: string;
  readonly shape: string;
  readonly configurations: number;
  readonly pairs: number;
  readonly tau: number;
};

export type Ranking = {
  readonly groups: readonly RankedGroup[];
  /** Over the pairs of all groups and levels. */
  readonly tau: number;
  readonly pairs: number;
};

type Point = { readonly interactivity: number; readonly throughput: number };
type Curve = { readonly measured: Point[]; readonly predicted: Point[] };

const MS_PER_S = 1000;

/**
 * Interactivity 1/TPOT and output tokens/s per GPU; where no throughput was measured, that of a
 * closed
 * loop: concurrency · output ÷ (TTFT + TPOT · (output − 1)), for measured and predicted alike.
 */
function pointOf(run: MeasuredRun, metrics: Metrics, measured: Metrics): Point | undefined {
  const tpotMs = measured.tpotP50 === undefined ? metrics.tpotMean : metrics.tpotP50;
  if (tpotMs === undefined || !(tpotMs > 0)) return undefined;
  const interactivity = MS_PER_S / tpotMs;
  if (measured.outputThroughput !== undefined && metrics.outputThroughput !== undefined) {
    return { interactivity, throughput: metrics.outputThroughput };
  }
  const { workload } = run;
  const ttftMs = metrics.ttftMean;
  if (workload.kind !== "closed" || ttftMs === undefined) return undefined;
  const { output } = workload.lengths;
  const seconds = (ttftMs + tpotMs * (output - 1)) / MS_PER_S;
  return { interactivity, throughput: (workload.concurrency * output) / seconds / run.gpus };
}

/**
 * Straight lines between the points, and beyond the ends along the last piece; at least two points.
 */
function throughputAt(points: readonly Point[], interactivity: number): number {
  let i = 1;
  while (i < points.length - 1 && points[i]!.interactivity < interactivity) i++;
  const [a, b] = [points[i - 1]!, points[i]!];
  const span = b.interactivity - a.interactivity;
  const share = span === 0 ? 0 : (interactivity - a.interactivity) / span;
  return a.throughput + (b.throughput - a.throughput) * share;
}

function configuration({ gpu, engine, layout, quantizedParts }: MeasuredRun): string {
  return JSON.stringify([gpu, engine, layout, quantizedParts]);
}

function byInteractivity(points: Point[]): Point[] {
  return points.toSorted((a, b) => a.interactivity - b.interactivity);
}

function comparedAt(curves: readonly Curve[], level: number): PairCount {
  const covered = curves.filter(({ measured }) => {
    const [first, last] = [measured[0]!, measured.at(-1)!];
    return first.interactivity <= level && level <= last.interactivity;
  });
  return rankPairs(
    covered.map(({ measured }) => throughputAt(measured, level)),
    covered.map(({ predicted }) => throughputAt(predicted, level)),
  );
}

function pairsOf({ concordant, discordant }: PairCount): number {
  return concordant + discordant;
}

/** Ranks the configurations of closed-loop runs; a configuration needs two loads at least. */
export function rankConfigurations(
  runs: readonly { readonly run: MeasuredRun; readonly prediction: Prediction }[],
): Ranking {
  const groups = new Map<string, Map<string, Curve>>();
  for (const { run, prediction } of runs) {
    const measured = run.windows[0]?.measured;
    const predicted = prediction.windows[0];
    if (run.workload.kind !== "closed" || measured === undefined || predicted === undefined)
      continue;
    const a = pointOf(run, measured, measured);
    const b = pointOf(run, predicted, measured);
    if (a === undefined || b === undefined) continue;
    const key = JSON.stringify([run.model, run.shape]);
    const curves = groups.get(key) ?? new Map<string, Curve>();
    groups.set(key, curves);
    const curve = curves.get(configuration(run)) ?? { measured: [], predicted: [] };
    curves.set(configuration(run), curve);
    curve.measured.push(a);
    curve.predicted.push(b);
  }
  const all: PairCount[] = [];
  const ranked = [...groups].map(([key, byName]) => {
    const curves = [...byName.values()]
      .filter(({ measured }) => measured.length > 1)
      .map(({ measured, predicted }) => ({
        measured: byInteractivity(measured),
        predicted: byInteractivity(predicted),
      }));
    const counts = RANKING_LEVELS.map((level) => comparedAt(curves, level));
    all.push(...counts);
    const [model = "", shape = ""] = JSON.parse(key) as string[];
    const pairs = counts.reduce((sum, count) => sum + pairsOf(count), 0);
    return { model, shape, configurations: curves.length, pairs, tau: kendallTau(counts) };
  });
  const pairs = all.reduce((sum, count) => sum + pairsOf(count), 0);
  return { groups: ranked.filter((group) => group.pairs > 0), tau: kendallTau(all), pairs };
}
