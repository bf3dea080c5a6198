/**
 * Levels of detail of the workers' time: for every worker, how much of each bucket of time went into prefill
 * and into decode, in buckets of doubling width. Built once after a run, so that drawing any window costs as many
 * buckets as it has pixels, however many steps there were.
 */

import { SLICE_MIXED } from "../../sim/index.ts";
import type { SliceColumns } from "../../sim/index.ts";

/** One width of buckets; shares are of the bucket's time, by worker, then bucket. */
export type PyramidLevel = {
  readonly bucketUs: number;
  readonly buckets: number;
  /** Steps that hold prompt tokens, and steps that only decode. */
  readonly mixed: Float32Array;
  readonly decode: Float32Array;
};

/** Slices sorted by worker, then time, with where each worker's begin, and their levels. */
export type SlicePyramid = {
  readonly workers: number;
  readonly endUs: number;
  readonly slices: number;
  /** workers + 1 entries. */
  readonly rowStart: Uint32Array;
  readonly startUs: Float64Array;
  readonly endsUs: Float64Array;
  readonly kind: Uint8Array;
  readonly steps: Float32Array;
  readonly prefillTokens: Float32Array;
  readonly requests: Uint32Array;
  /** Finest first. */
  readonly levels: readonly PyramidLevel[];
  readonly truncated: boolean;
};

/** Buckets of the finest level over all workers, at most (assumption: 16 MB). */
const BUCKETS_MOST = 1 << 21;
/** Buckets of the coarsest level: below a screen's width there is nothing to gain. */
const BUCKETS_LEAST = 256;

/** Sorts the slices and builds the levels. `endUs`: the end of the run. */
export function slicePyramid(slices: SliceColumns, workers: number, endUs: number): SlicePyramid {
  const rowStart = new Uint32Array(workers + 1);
  for (let i = 0; i < slices.rows; i++) rowStart[slices.worker[i]! + 1]!++;
  for (let row = 0; row < workers; row++) rowStart[row + 1]! += rowStart[row]!;
  // Slices of one worker are recorded in order of time, so one pass sorts them all.
  const next = rowStart.slice();
  const order = new Uint32Array(slices.rows);
  for (let i = 0; i < slices.rows; i++) order[next[slices.worker[i]!]!++] = i;
  const sorted = {
    workers,
    endUs,
    slices: slices.rows,
    rowStart,
    startUs: Float64Array.from(order, (i) => slices.startUs[i]!),
    endsUs: Float64Array.from(order, (i) => slices.endUs[i]!),
    kind: Uint8Array.from(order, (i) => slices.kind[i]!),
    steps: Float32Array.from(order, (i) => slices.steps[i]!),
    prefillTokens: Float32Array.from(order, (i) => slices.prefillTokens[i]!),
    requests: Uint32Array.from(
      order,
      (i) => slices.prefillRequests[i]! + slices.decodeRequests[i]!,
    ),
    truncated: slices.truncated,
  };
  return { ...sorted, levels: levelsOf(sorted) };
}

type Sorted = Omit<SlicePyramid, "levels">;

function levelsOf(sorted: Sorted): PyramidLevel[] {
  const { workers, endUs } = sorted;
  if (workers === 0 || !(endUs > 0)) return [];
  const perWorker = Math.max(1, Math.floor(BUCKETS_MOST / workers));
  const wanted = Math.max(BUCKETS_LEAST, Math.ceil(sorted.slices / workers));
  let buckets = BUCKETS_LEAST;
  while (buckets < wanted && buckets * 2 <= perWorker) buckets *= 2;
  const levels = [finest(sorted, buckets)];
  while (levels.at(-1)!.buckets > BUCKETS_LEAST) levels.push(halved(levels.at(-1)!, workers));
  return levels;
}

function finest(sorted: Sorted, buckets: number): PyramidLevel {
  const { workers, endUs, rowStart, startUs, endsUs, kind } = sorted;
  const bucketUs = endUs / buckets;
  const mixed = new Float32Array(workers * buckets);
  const decode = new Float32Array(workers * buckets);
  for (let worker = 0; worker < workers; worker++) {
    const base = worker * buckets;
    for (let i = rowStart[worker]!; i < rowStart[worker + 1]!; i++) {
      const into = kind[i] === SLICE_MIXED ? mixed : decode;
      const from = startUs[i]!;
      const to = endsUs[i]!;
      const last = Math.min(buckets - 1, Math.floor(to / bucketUs));
      for (let bucket = Math.min(last, Math.floor(from / bucketUs)); bucket <= last; bucket++) {
        const overlap = Math.min(to, (bucket + 1) * bucketUs) - Math.max(from, bucket * bucketUs);
        if (overlap > 0) into[base + bucket]! += overlap / bucketUs;
      }
    }
  }
  return { bucketUs, buckets, mixed, decode };
}

function halved(level: PyramidLevel, workers: number): PyramidLevel {
  const buckets = level.buckets / 2;
  const means = (of: Float32Array): Float32Array =>
    Float32Array.from({ length: workers * buckets }, (_, i) => (of[2 * i]! + of[2 * i + 1]!) / 2);
  return {
    bucketUs: level.bucketUs * 2,
    buckets,
    mixed: means(level.mixed),
    decode: means(level.decode),
  };
}
