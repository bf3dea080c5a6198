/**
 * Do predictions rank configurations as measurements do? Within a model and a shape of requests,
 * each
 * configuration (GPU, engine, format, layout) has a curve of throughput per GPU over interactivity;
 * the
 * curves are compared at levels of interactivity.
 */

import { pow } from "../../core/index.ts";
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

/**
 * Two measured throughputs nearer than this are no order: identical runs of the benchmark scatter by
 * 2.2 % (p90 of 54 configurations, data's notes on method), the ratio of two of them by √2 of it.
 */
const NOISE = 0.031;

type Point = {
  readonly load: number;
  readonly interactivity: number;
  readonly throughput: number;
};
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
  const { workload } = run;
  if (workload.kind !== "closed") return undefined;
  const load = workload.concurrency;
  if (measured.outputThroughput !== undefined && metrics.outputThroughput !== undefined) {
    return { load, interactivity, throughput: metrics.outputThroughput };
  }
  const ttftMs = metrics.ttftMean;
  if (ttftMs === undefined) return undefined;
  const { output } = workload.lengths;
  const seconds = (ttftMs + tpotMs * (output - 1)) / MS_PER_S;
  return { load, interactivity, throughput: (load * output) / seconds / run.gpus };
}

/** Runs that were repeated are one point: their means. */
function merged(points: readonly Point[]): Point[] {
  const loads = [...new Set(points.map(({ load }) => load))];
  return loads.map((load) => {
    const own = points.filter((point) => point.load === load);
    const mean = (of: (point: Point) => number): number =>
      own.reduce((sum, point) => sum + of(point), 0) / own.length;
    const throughput = mean((point) => point.throughput);
    return { load, interactivity: mean((point) => point.interactivity), throughput };
  });
}

/**
 * Straight lines between the points, throughput on a logarithmic scale as it spans decades of load, and
 * beyond the ends along the last piece; at least two points.
 */
function throughputAt(points: readonly Point[], interactivity: number): number {
  let i = 1;
  while (i < points.length - 1 && points[i]!.interactivity < interactivity) i++;
  const [a, b] = [points[i - 1]!, points[i]!];
  const span = b.interactivity - a.interactivity;
  const share = span === 0 ? 0 : (interactivity - a.interactivity) / span;
  return a.throughput * pow(b.throughput / a.throughput, share);
}

function configuration({ gpu, engine, layout, quantizedParts, groups }: MeasuredRun): string {
  const split = groups?.map(({ workers, layout: own }) => [workers, own]);
  return JSON.stringify([gpu, engine, layout, quantizedParts, split]);
}

function byInteractivity(points: Point[]): Point[] {
  return merged(points).toSorted((a, b) => a.interactivity - b.interactivity);
}

function comparedAt(curves: readonly Curve[], level: number): PairCount {
  const covered = curves.filter(({ measured }) => {
    const [first, last] = [measured[0]!, measured.at(-1)!];
    return first.interactivity <= level && level <= last.interactivity;
  });
  return rankPairs(
    covered.map(({ measured }) => throughputAt(measured, level)),
    covered.map(({ predicted }) => throughputAt(predicted, level)),
    NOISE,
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
    if (measured === undefined || predicted === undefined || run.suspect !== undefined) continue;
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
      .map(({ measured, predicted }) => ({
        measured: byInteractivity(measured),
        predicted: byInteractivity(predicted),
      }))
      .filter(({ measured }) => measured.length > 1);
    const counts = RANKING_LEVELS.map((level) => comparedAt(curves, level));
    all.push(...counts);
    const [model = "", shape = ""] = JSON.parse(key) as string[];
    const pairs = counts.reduce((sum, count) => sum + pairsOf(count), 0);
    return { model, shape, configurations: curves.length, pairs, tau: kendallTau(counts) };
  });
  const pairs = all.reduce((sum, count) => sum + pairsOf(count), 0);
  return { groups: ranked.filter((group) => group.pairs > 0), tau: kendallTau(all), pairs };
}
