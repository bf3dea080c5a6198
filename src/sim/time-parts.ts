/**
 * Where requests spend their time: the one definition, for the report and for every view of a run.
 *
 * A request's time is cut into parts that add up to it, to the microsecond:
 *
 *   path        between client and engine, there and back
 *   queue       arrival → first scheduled, less onboard; with encoder workers their pass and the embeddings' way too
 *   onboard     loading its prefix from lower tiers or peers before it was first scheduled
 *   prefill     first scheduled → prompt computed, less what is preemption
 *   transfer    prompt computed on a prefill worker → its keys and values at the decode worker, waiting for memory there included
 *   preemption  taken off the batch, or its worker lost, → its next token: waiting, loading and computing again
 *   decode      the rest: prompt there → last token. Of the time to first token it is nothing but the wait for a seat and the
 *               first step at a decode worker.
 *
 * The groups are those of the requests around a percentile: sorted by the time in question (ties in order of arrival), the
 * ranks from 45 to 55 % are p50, from 88 to 92 % p90, from 98.5 to 99.5 % p99; at least one request each.
 */

/** Parts in the order in which a request passes them first. */
export const TIME_PARTS = [
  "path",
  "queue",
  "onboard",
  "prefill",
  "transfer",
  "preemption",
  "decode",
] as const;
export type TimePart = (typeof TIME_PARTS)[number];
export type PartsMs = Readonly<Record<TimePart, number>>;

/** Mean times of the requests around one percentile. */
export type TimeGroup = {
  readonly label: string;
  readonly requests: number;
  readonly ms: PartsMs;
};

/** The parts of one time; they add up to it. */
export type TimeBreakdown = {
  readonly requests: number;
  /** Over all measured requests that completed; `null` without any. */
  readonly meanMs: PartsMs | null;
  /** Of the requests around p50, p90 and p99; empty when no columns of requests were kept. */
  readonly groups: readonly TimeGroup[];
};

/** What requests spent otherwise, µs; one entry per request. */
export type AsideColumns = {
  /** Loading its prefix before it was first admitted. */
  readonly onboardUs: Float64Array;
  /** Prompt computed → keys and values at the decode worker. */
  readonly transferUs: Float64Array;
  /** From then to the first token. */
  readonly settleUs: Float64Array;
  /** Doing again what was lost: before the first token, and after it. */
  readonly redoFirstUs: Float64Array;
  readonly redoUs: Float64Array;
};

/** What the parts follow from: the columns of the requests, or some like them. */
export type TimeColumns = {
  readonly arrivalUs: Float64Array;
  readonly admittedUs: Float64Array;
  readonly firstTokenUs: Float64Array;
  readonly finishUs: Float64Array;
  readonly outputTokens: Uint32Array;
  readonly asides?: AsideColumns;
};

/** One request, µs; `settleUs`, `redoFirstUs` and `redoUs` as in the columns of the same names. */
export type RequestTimes = {
  readonly arrivalUs: number;
  readonly admittedUs: number;
  /** NaN: it asked for no token. */
  readonly firstTokenUs: number;
  readonly finishUs: number;
  readonly onboardUs: number;
  readonly transferUs: number;
  readonly settleUs: number;
  readonly redoFirstUs: number;
  readonly redoUs: number;
};

export type BrokenDown = "ttft" | "e2e";

const US_PER_MS = 1e3;
const GROUPS = [
  ["p50", 0.45, 0.55],
  ["p90", 0.88, 0.92],
  ["p99", 0.985, 0.995],
] as const;
const NO_ASIDES = { onboardUs: 0, transferUs: 0, settleUs: 0, redoFirstUs: 0, redoUs: 0 };

/** Sums of parts over requests. Times are whole microseconds, so sums below 2⁵³ are exact. */
export class PartSums {
  count = 0;
  private queue = 0;
  private onboard = 0;
  private prefill = 0;
  private transfer = 0;
  private preemption = 0;
  private decode = 0;
  private readonly by: BrokenDown;

  constructor(by: BrokenDown) {
    this.by = by;
  }

  add(times: RequestTimes): void {
    const { arrivalUs, admittedUs, finishUs, onboardUs, transferUs, settleUs, redoFirstUs } = times;
    // A request without output has no first token: all its time after admission is prefill.
    const firstUs = Number.isNaN(times.firstTokenUs) ? finishUs : times.firstTokenUs;
    this.count++;
    this.queue += admittedUs - arrivalUs - onboardUs;
    this.onboard += onboardUs;
    this.prefill += firstUs - admittedUs - transferUs - settleUs - redoFirstUs;
    this.transfer += transferUs;
    this.preemption += redoFirstUs;
    this.decode += settleUs;
    if (this.by === "ttft") return;
    this.preemption += times.redoUs;
    this.decode += finishUs - firstUs - times.redoUs;
  }

  /** `pathUs`: what each waits between client and engine; null without requests. */
  meanMs(pathUs: number): PartsMs | null {
    const { count, queue, onboard, prefill, transfer, preemption, decode } = this;
    if (count === 0) return null;
    const mean = (sum: number): number => sum / (count * US_PER_MS);
    return {
      path: pathUs / US_PER_MS,
      queue: mean(queue),
      onboard: mean(onboard),
      prefill: mean(prefill),
      transfer: mean(transfer),
      preemption: mean(preemption),
      decode: mean(decode),
    };
  }
}

/** The sum of the parts, ms. */
export function totalMs(ms: PartsMs): number {
  return TIME_PARTS.reduce((sum, part) => sum + ms[part], 0);
}

/** One entry of the columns as times. */
export function timesAt(columns: TimeColumns, row: number): RequestTimes {
  const { asides } = columns;
  return {
    arrivalUs: columns.arrivalUs[row]!,
    admittedUs: columns.admittedUs[row]!,
    firstTokenUs: columns.outputTokens[row] === 0 ? NaN : columns.firstTokenUs[row]!,
    finishUs: columns.finishUs[row]!,
    ...(asides === undefined ? NO_ASIDES : asidesAt(asides, row)),
  };
}

function asidesAt(asides: AsideColumns, row: number): typeof NO_ASIDES {
  return {
    onboardUs: asides.onboardUs[row]!,
    transferUs: asides.transferUs[row]!,
    settleUs: asides.settleUs[row]!,
    redoFirstUs: asides.redoFirstUs[row]!,
    redoUs: asides.redoUs[row]!,
  };
}

/** The parts of one request's end-to-end time, ms. */
export function partsMsAt(columns: TimeColumns, row: number, pathUs: number): PartsMs {
  const sums = new PartSums("e2e");
  sums.add(timesAt(columns, row));
  return sums.meanMs(pathUs)!;
}

/** The groups of the completed requests in `rows`, one per percentile; empty without requests that have the time. */
export function timeGroups(
  columns: TimeColumns,
  rows: Uint32Array,
  by: BrokenDown,
  pathUs: number,
): readonly TimeGroup[] {
  const end = by === "e2e" ? columns.finishUs : columns.firstTokenUs;
  const { arrivalUs, outputTokens } = columns;
  // One array of a million times, and no lists beside it: the parts must not be what a run needs most memory for.
  const times = new Float64Array(rows.length);
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (by === "e2e" || outputTokens[row]! > 0) times[count++] = end[row]! - arrivalUs[row]!;
  }
  if (count === 0) return [];
  const sorted = times.subarray(0, count).sort();
  const keyOf = (row: number): number =>
    by === "e2e" || outputTokens[row]! > 0 ? end[row]! - arrivalUs[row]! : NaN;
  return GROUPS.map(([label, from, to]) => {
    const first = Math.min(count - 1, Math.floor(from * count));
    const last = Math.min(count, Math.max(first + 1, Math.ceil(to * count)));
    const sums = new PartSums(by);
    forRanks(rows, keyOf, sorted, first, last, (row) => {
      sums.add(timesAt(columns, row));
    });
    return { label, requests: sums.count, ms: sums.meanMs(pathUs)! };
  });
}

/**
 * Visits the rows whose rank by key, ties in order, is in [first, last): a pass instead of a sort of all rows. Rows whose key is NaN have no
 * rank.
 */
function forRanks(
  rows: Uint32Array,
  keyOf: (row: number) => number,
  sorted: Float64Array,
  first: number,
  last: number,
  visit: (row: number) => void,
): void {
  const low = sorted[first]!;
  const high = sorted[last - 1]!;
  let skip = first - sorted.indexOf(low);
  let take = last - Math.max(first, sorted.indexOf(high));
  for (let i = 0; i < rows.length; i++) {
    const key = keyOf(rows[i]!);
    if (!(key >= low && key <= high)) continue;
    if (key === low && skip-- > 0) continue;
    if (key === high && take-- <= 0) continue;
    visit(rows[i]!);
  }
}
