/**
 * Do predictions rank configurations as measurements do? Within a model and a shape of requests, each
 * configuration (GPU, engine, format, layout) has a curve of throughput per GPU over interactivity; the curves
 * are compared at levels of interactivity that measurements cover. Where predictions of the measured loads do
 * not cover a level, further loads are simulated.
 */

import {
  covers,
  curveOf,
  loadsToCover,
  noiseAt,
  throughputAt,
  type CurvePoint,
} from "./interactivity-curve.ts";
import { kendallTau, rankPairs, type PairCount } from "./kendall.ts";
import { configurationName } from "./measured-run.ts";
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

/** A run and what the simulator says of it; no prediction: it could not be simulated. */
export type SimulatedRun = { readonly run: MeasuredRun; readonly prediction?: Prediction };

type Configuration = {
  readonly runs: MeasuredRun[];
  /** What was measured of its first run: further loads are read alike. */
  readonly basis: Metrics;
  readonly measured: CurvePoint[];
  readonly predicted: CurvePoint[];
  /** Loads that could not be simulated. */
  readonly failed: Set<number>;
};

const MS_PER_S = 1000;

/**
 * Interactivity 1/TPOT and output tokens/s per GPU; where no throughput was measured, that of a
 * closed
 * loop: concurrency · output ÷ (TTFT + TPOT · (output − 1)), for measured and predicted alike.
 */
function pointOf(run: MeasuredRun, metrics: Metrics, measured: Metrics): CurvePoint | undefined {
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

type Groups = ReadonlyMap<string, ReadonlyMap<string, Configuration>>;

function groupName({ model, shape }: MeasuredRun): string {
  return JSON.stringify([model, shape]);
}

/** Configurations by group, with the points of measured runs. */
function measuredGroups(runs: readonly SimulatedRun[]): Groups {
  const groups = new Map<string, Map<string, Configuration>>();
  for (const { run, prediction } of runs) {
    const measured = run.windows[0]?.measured;
    const metrics = prediction?.windows[0];
    if (measured === undefined || metrics === undefined || run.suspect !== undefined) continue;
    const a = pointOf(run, measured, measured);
    const b = pointOf(run, metrics, measured);
    if (a === undefined || b === undefined) continue;
    const group = groups.get(groupName(run)) ?? new Map<string, Configuration>();
    groups.set(groupName(run), group);
    const name = configurationName(run);
    const own = group.get(name) ?? {
      runs: [],
      basis: measured,
      measured: [],
      predicted: [],
      failed: new Set(),
    };
    group.set(name, own);
    own.runs.push(run);
    own.measured.push(a);
    own.predicted.push(b);
  }
  return groups;
}

/** The same with further predictions, of loads that were not measured. */
function groupsOf(runs: readonly SimulatedRun[], further: readonly SimulatedRun[]): Groups {
  const groups = measuredGroups(runs);
  for (const { run, prediction } of further) {
    const own = groups.get(groupName(run))?.get(configurationName(run));
    const metrics = prediction?.windows[0];
    if (own === undefined || run.workload.kind !== "closed") continue;
    const point = metrics === undefined ? undefined : pointOf(run, metrics, own.basis);
    if (point === undefined) own.failed.add(run.workload.concurrency);
    else own.predicted.push(point);
  }
  return groups;
}

function loadOf({ workload }: MeasuredRun): number {
  return workload.kind === "closed" ? workload.concurrency : NaN;
}

/**
 * Runs to simulate next so that predicted curves cover what was measured, beside `runs` and the `further`
 * ones that this function asked for before; none when all do or cannot.
 */
export function furtherRuns(
  runs: readonly SimulatedRun[],
  further: readonly SimulatedRun[],
): MeasuredRun[] {
  return [...groupsOf(runs, further).values()].flatMap((group) => {
    const compared = [...group].filter(([, configuration]) => isCurve(configuration));
    if (compared.length < 2) return [];
    return compared.flatMap(([name, { runs: own, measured, predicted, failed }]) =>
      loadsToCover(curveOf(predicted), curveOf(measured))
        .filter((load) => !failed.has(load))
        .flatMap((load) => {
          // From the nearest load: settings may follow the number of clients.
          const near = own.reduce((best, run) =>
            Math.abs(loadOf(run) - load) < Math.abs(loadOf(best) - load) ? run : best,
          );
          const run = near.atConcurrency?.(load);
          // Scripts may take other kernels for many clients: another configuration.
          return run === undefined || configurationName(run) !== name ? [] : [run];
        }),
    );
  });
}

/** A configuration needs two loads at least. */
function isCurve({ measured }: Configuration): boolean {
  return new Set(measured.map(({ load }) => load)).size > 1;
}

type Curve = {
  readonly measured: readonly CurvePoint[];
  readonly predicted: readonly CurvePoint[];
};

function comparedAt(curves: readonly Curve[], level: number): PairCount {
  const covered = curves.filter(({ measured }) => covers(measured, level));
  return rankPairs(
    covered.map(({ measured }) => throughputAt(measured, level)),
    covered.map(({ predicted }) => throughputAt(predicted, level)),
    covered.map(({ measured }) => noiseAt(measured, level)),
  );
}

function pairsOf({ concordant, discordant }: PairCount): number {
  return concordant + discordant;
}

/** Ranks the configurations of closed-loop runs, with the predictions of `furtherRuns`. */
export function rankConfigurations(
  runs: readonly SimulatedRun[],
  further: readonly SimulatedRun[] = [],
): Ranking {
  const all: PairCount[] = [];
  const ranked = [...groupsOf(runs, further)].map(([key, byName]) => {
    const curves = [...byName.values()].filter(isCurve).map(({ measured, predicted }) => ({
      measured: curveOf(measured),
      predicted: curveOf(predicted),
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
