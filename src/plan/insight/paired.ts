/** Two runs of the same requests, request by request: who waited longer, by how much, when, and where the time went. */

import { PartSums, TIME_PARTS, timesAt } from "../../sim/index.ts";
import type { PartsMs, Scenario, SimulationResult } from "../../sim/index.ts";
import { intervalOf } from "../study/intervals.ts";
import type { Interval } from "../study/intervals.ts";
import { besideEachOther } from "./density.ts";
import type { Density } from "./density.ts";
import { evenRanks, quantileOf } from "./latency-curves.ts";
import { latencyUs, rowsOfRun, WHOLE_RUN } from "./window.ts";
import type { LatencyName, TimedRequests, TimeWindow, WindowRows } from "./window.ts";

/** A quantile of the differences B − A. */
export type PairedQuantile = {
  readonly share: number;
  readonly ms: number;
  /** Half of its 95 % interval, ms; `null`: too few pairs to say. */
  readonly halfMs: number | null;
};

/** One request in both runs. */
export type ChangedRequest = {
  readonly request: number;
  readonly arrivalS: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly aMs: number;
  readonly bMs: number;
  readonly aWorker: number;
  readonly bWorker: number;
};

/** Mean change of each part of the time over some requests, ms; the parts add up to the mean change. */
export type ChangedParts = { readonly requests: number; readonly ms: PartsMs };

export type PairedInsight = {
  readonly name: LatencyName;
  /** Requests that have this latency in both runs. */
  readonly pairs: number;
  readonly slower: number;
  readonly faster: number;
  /** Measured requests of one run that the other did not complete or measure. */
  readonly onlyA: number;
  readonly onlyB: number;
  readonly meanMs: Interval;
  readonly quantiles: readonly PairedQuantile[];
  /** Distribution of B − A, ascending: `share` of the pairs changed by at most `ms`. */
  readonly share: Float64Array;
  readonly ms: Float64Array;
  /** Pairs on a grid: A across, B up. */
  readonly beside: Density | null;
  /** Quantiles of B − A by time of arrival; NaN where nobody arrived. */
  readonly course: {
    readonly timeS: Float64Array;
    readonly p10: Float64Array;
    readonly p50: Float64Array;
    readonly p90: Float64Array;
  };
  /** Of those that got slower and faster; null for latencies without parts, and without such requests. */
  readonly slowerParts: ChangedParts | null;
  readonly fasterParts: ChangedParts | null;
  /** The greatest changes both ways. */
  readonly mostSlower: readonly ChangedRequest[];
  readonly mostFaster: readonly ChangedRequest[];
};

const US_PER_MS = 1e3;
const US_PER_S = 1e6;
const SHARES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;
/** Stretches of arrivals for intervals: 10 to 30 are usual (Law, Simulation Modeling and Analysis, 2015, §9.5.3). */
const BATCHES = 20;
/** Least values beyond a quantile in each stretch (assumption: one alone is no tail). */
const BEYOND_LEAST = 5;
const COURSE_BINS = 60;
const MOST_CHANGED = 10;

/** Row in A, row in B and the change in µs of each pair, in order of arrival in B. */
type Pairs = {
  readonly a: TimedRequests;
  readonly b: TimedRequests;
  readonly name: LatencyName;
  readonly rowA: Uint32Array;
  readonly rowB: Uint32Array;
  readonly changeUs: Float64Array;
};

/**
 * Pairs the measured requests of two runs of one trace by their rows in it; `window` is of arrivals in B.
 * Null when a run kept no requests, or when the two replay different ones.
 */
export function pairedRuns(
  a: SimulationResult,
  b: SimulationResult,
  window: TimeWindow,
  name: LatencyName,
): PairedInsight | null {
  if (!hasSameRequests(a.report.scenario, b.report.scenario)) return null;
  const [allA, allB] = [rowsOfRun(a, WHOLE_RUN), rowsOfRun(b, WHOLE_RUN)];
  const [partA, partB] = [rowsOfRun(a, window), rowsOfRun(b, window)];
  if (allA === null || allB === null || partA === null || partB === null) return null;
  const ofTrace = { a: byTraceRow(allA), b: byTraceRow(allB) };
  const pairs = pairsOf(allA.requests, partB, ofTrace.a, name);
  const { rowA, rowB, changeUs } = pairs;
  if (changeUs.length === 0) return null;
  const ranked = changeUs.slice().sort();
  return {
    name,
    pairs: changeUs.length,
    slower: changeUs.reduce((sum, us) => sum + (us > 0 ? 1 : 0), 0),
    faster: changeUs.reduce((sum, us) => sum + (us < 0 ? 1 : 0), 0),
    onlyA: alone(partA, ofTrace.b),
    onlyB: alone(partB, ofTrace.a),
    meanMs: meanOf(changeUs),
    quantiles: SHARES.map((share) => quantile(changeUs, ranked, share)),
    ...distribution(ranked),
    beside: besideEachOther(msOf(pairs.a, rowA, name), msOf(pairs.b, rowB, name)),
    course: courseOf(pairs),
    slowerParts: partsOf(pairs, 1),
    fasterParts: partsOf(pairs, -1),
    ...mostChanged(pairs),
  };
}

/** One trace, or one recipe with one seed: then the same row is the same request. */
function hasSameRequests(a: Scenario, b: Scenario): boolean {
  const [from, other] = [a.traffic.source, b.traffic.source];
  if (JSON.stringify(from) !== JSON.stringify(other)) return false;
  return from.synth === undefined || a.seed === b.seed;
}

/** Row of a run by row of the trace; −1 where the run measured no such request. */
function byTraceRow({ requests, rows }: WindowRows): Int32Array {
  let most = -1;
  for (const row of rows) most = Math.max(most, requests.row[row]!);
  const found = new Int32Array(most + 1).fill(-1);
  for (const row of rows) found[requests.row[row]!] = row;
  return found;
}

function pairsOf(
  a: TimedRequests,
  { requests: b, rows }: WindowRows,
  inA: Int32Array,
  name: LatencyName,
): Pairs {
  const rowA = new Uint32Array(rows.length);
  const rowB = new Uint32Array(rows.length);
  const changeUs = new Float64Array(rows.length);
  let count = 0;
  for (const row of rows) {
    const other = inA[b.row[row]!] ?? -1;
    if (other < 0) continue;
    const us = latencyUs(b, row, name) - latencyUs(a, other, name);
    if (Number.isNaN(us)) continue;
    rowA[count] = other;
    rowB[count] = row;
    changeUs[count++] = us;
  }
  return {
    a,
    b,
    name,
    rowA: rowA.slice(0, count),
    rowB: rowB.slice(0, count),
    changeUs: changeUs.slice(0, count),
  };
}

/** How many of the rows the other run has not measured. */
function alone({ requests, rows }: WindowRows, other: Int32Array): number {
  return rows.reduce((sum, row) => sum + ((other[requests.row[row]!] ?? -1) < 0 ? 1 : 0), 0);
}

function msOf(requests: TimedRequests, rows: Uint32Array, name: LatencyName): Float64Array {
  return Float64Array.from(rows, (row) => latencyUs(requests, row, name) / US_PER_MS);
}

/** Equal stretches of the pairs in order of arrival: neighbours depend on each other, stretches hardly. */
function batchesOf(changeUs: Float64Array): readonly Float64Array[] {
  const size = Math.floor(changeUs.length / BATCHES);
  if (size === 0) return [];
  return Array.from({ length: BATCHES }, (_, i) => changeUs.slice(i * size, (i + 1) * size));
}

/** Mean change with the interval of batch means. */
function meanOf(changeUs: Float64Array): Interval {
  const mean = (of: Float64Array): number =>
    of.reduce((sum, us) => sum + us, 0) / of.length / US_PER_MS;
  const batches = batchesOf(changeUs);
  const half = batches.length === 0 ? null : intervalOf(batches.map(mean)).half;
  return { mean: mean(changeUs), half };
}

/** One quantile of the changes; its interval is that of the same quantile of each stretch. */
function quantile(changeUs: Float64Array, ranked: Float64Array, share: number): PairedQuantile {
  const batches = batchesOf(changeUs);
  const beyond = Math.min(share, 1 - share) * (batches[0]?.length ?? 0);
  const halfMs =
    beyond < BEYOND_LEAST
      ? null
      : intervalOf(batches.map((batch) => quantileOf(batch.sort(), share) / US_PER_MS)).half;
  return { share, ms: quantileOf(ranked, share) / US_PER_MS, halfMs };
}

function distribution(ranked: Float64Array): Pick<PairedInsight, "share" | "ms"> {
  const ranks = evenRanks(ranked.length);
  return {
    share: Float64Array.from(ranks, (rank) => (rank + 1) / ranked.length),
    ms: Float64Array.from(ranks, (rank) => ranked[rank]! / US_PER_MS),
  };
}

function courseOf({ b, rowB, changeUs }: Pairs): PairedInsight["course"] {
  const first = b.arrivalUs[rowB[0]!]!;
  const last = b.arrivalUs[rowB[rowB.length - 1]!]!;
  const binUs = Math.max(1, (last - first) / COURSE_BINS);
  const empty = (): Float64Array => new Float64Array(COURSE_BINS).fill(NaN);
  const course = {
    timeS: Float64Array.from(
      { length: COURSE_BINS },
      (_, bin) => (first + (bin + 0.5) * binUs) / US_PER_S,
    ),
    p10: empty(),
    p50: empty(),
    p90: empty(),
  };
  let start = 0;
  for (let bin = 0; bin < COURSE_BINS; bin++) {
    let end = start;
    const untilUs = bin === COURSE_BINS - 1 ? Infinity : first + (bin + 1) * binUs;
    while (end < rowB.length && b.arrivalUs[rowB[end]!]! < untilUs) end++;
    if (end > start) {
      const sorted = changeUs.slice(start, end).sort();
      course.p10[bin] = quantileOf(sorted, 0.1) / US_PER_MS;
      course.p50[bin] = quantileOf(sorted, 0.5) / US_PER_MS;
      course.p90[bin] = quantileOf(sorted, 0.9) / US_PER_MS;
    }
    start = end;
  }
  return course;
}

/** Where the time went, or came from, over the pairs that changed in one direction. */
function partsOf(pairs: Pairs, sign: 1 | -1): ChangedParts | null {
  const { a, b, name, rowA, rowB, changeUs } = pairs;
  if (name !== "ttft" && name !== "e2e") return null;
  const sums = { a: new PartSums(name), b: new PartSums(name) };
  changeUs.forEach((us, pair) => {
    if (us * sign <= 0) return;
    sums.a.add(timesAt(a, rowA[pair]!));
    sums.b.add(timesAt(b, rowB[pair]!));
  });
  const inA = sums.a.meanMs(a.pathUs);
  const inB = sums.b.meanMs(b.pathUs);
  if (inA === null || inB === null) return null;
  const ms = { ...inB };
  for (const part of TIME_PARTS) ms[part] = inB[part] - inA[part];
  return { requests: sums.b.count, ms };
}

function mostChanged(pairs: Pairs): Pick<PairedInsight, "mostSlower" | "mostFaster"> {
  const { changeUs } = pairs;
  const order = Uint32Array.from(changeUs, (_, pair) => pair);
  order.sort((one, other) => changeUs[other]! - changeUs[one]! || one - other);
  const rowsOf = (some: Uint32Array): ChangedRequest[] =>
    Array.from(some, (one) => changed(pairs, one));
  const slower = order.subarray(0, MOST_CHANGED).filter((pair) => changeUs[pair]! > 0);
  const faster = order.subarray(-MOST_CHANGED).filter((pair) => changeUs[pair]! < 0);
  return { mostSlower: rowsOf(slower), mostFaster: rowsOf(faster.toReversed()) };
}

function changed({ a, b, name, rowA, rowB }: Pairs, pair: number): ChangedRequest {
  const inA = rowA[pair]!;
  const inB = rowB[pair]!;
  return {
    request: b.row[inB]!,
    arrivalS: b.arrivalUs[inB]! / US_PER_S,
    inputTokens: b.inputTokens[inB]!,
    outputTokens: b.outputTokens[inB]!,
    aMs: latencyUs(a, inA, name) / US_PER_MS,
    bMs: latencyUs(b, inB, name) / US_PER_MS,
    aWorker: a.worker[inA]!,
    bWorker: b.worker[inB]!,
  };
}
