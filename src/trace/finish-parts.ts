/** The parts of finishing a trace that every kind of draft shares: window, columns, block ids, labels, hints. */

import { fail, ok, type Result } from "../core/index.ts";
import { LABEL_NAMES, type Draft, type LabelName } from "./draft.ts";
import { chainHashIds, gatherRuns } from "./hash-runs.ts";
import { DEFAULT_NAME, type ImportOptions } from "./import-options.ts";
import type { HashRuns, LabelColumn, Trace, TraceHeader } from "./trace.ts";

/** A time origin after 2001-09-09 in µs since 1970 is a wall clock, not a count from zero. */
const WALL_CLOCK_US = 1_000_000_000_000_000;

/** Codes are 16 bits wide. */
const LABEL_NAMES_LIMIT = 65_535;

export type FinishContext = {
  readonly format: string;
  readonly options: ImportOptions;
  readonly transforms: readonly string[];
};

/** Priorities, hints and pins of the kept rows. */
function finishMarks(draft: Draft, order: Uint32Array): Pick<Trace, "priority" | "hints" | "pins"> {
  const pins = draft.pins.gather(order);
  const { strictPriority, outputHint, keepUs } = draft;
  const hints = {
    ...(strictPriority.isUsed
      ? { strictPriority: new Uint32Array(strictPriority.gather(order)) }
      : {}),
    ...(outputHint.isUsed ? { outputTokens: new Uint32Array(outputHint.gather(order)) } : {}),
    ...(keepUs.isUsed ? { keepUs: keepUs.gather(order) } : {}),
  };
  return {
    ...(draft.anyPriority ? { priority: gather(Int16Array, draft.priority.view(), order) } : {}),
    ...(Object.keys(hints).length === 0 ? {} : { hints }),
    ...(pins === undefined ? {} : { pins }),
  };
}

/** The error for a draft without a row. */
export function noRows(draft: Draft, { options }: FinishContext): Result<Trace> {
  const reasons = draft.faults.importLog().map(({ reason, rows }) => `${reason} (${rows})`);
  return fail({
    what: reasons.length === 0 ? "the file has no rows" : `no row is left: ${reasons.join("; ")}`,
    where: options.name ?? DEFAULT_NAME,
    expected: "at least one request",
    remedy: "check that the file is complete and in the format it was taken for",
  });
}

/** Applies window and limit to the time order. */
function cut(
  order: Uint32Array,
  keys: Float64Array,
  originUs: number,
  options: ImportOptions,
  transforms: string[],
): Uint32Array {
  let kept = order;
  if (options.window !== undefined) {
    const { fromUs, toUs } = options.window;
    kept = kept.filter((row) => {
      const time = keys[row]! - originUs;
      return time >= fromUs && time < toUs;
    });
    transforms.push(`window ${fromUs} to ${toUs} us`);
  }
  if (options.limit !== undefined && kept.length > options.limit) {
    kept = kept.subarray(0, options.limit);
  }
  if (options.limit !== undefined) transforms.push(`limit ${options.limit} rows`);
  return kept;
}

/** The kept rows in time order, and where their times begin. */
export type Span = {
  readonly order: Uint32Array;
  /** Smallest time of the whole draft, µs. */
  readonly originUs: number;
  /** Time that becomes 0, µs: the origin, or where the window begins. */
  readonly startUs: number;
  readonly transforms: string[];
};

/** Window, limit and time origin applied to rows sorted by `keys`. Errors: no row is left. */
export function spanOf(
  sorted: Uint32Array,
  keys: Float64Array,
  context: FinishContext,
): Result<Span> {
  const { options } = context;
  const originUs = keys[sorted[0]!]!;
  const transforms = [...context.transforms];
  const order = cut(sorted, keys, originUs, options, transforms);
  if (order.length === 0) {
    return fail({
      what: "no row lies inside the window",
      where: options.name ?? DEFAULT_NAME,
      expected: `a window within 0 to ${keys[sorted[sorted.length - 1]!]! - originUs} us`,
      remedy: "widen the window; calls that wait for others lie where those begin",
    });
  }
  if (originUs > 0 && originUs < WALL_CLOCK_US) {
    transforms.push(`time shifted by ${-originUs} us to start at 0`);
  }
  const startUs = options.window === undefined ? originUs : originUs + options.window.fromUs;
  return ok({ order, originUs, startUs, transforms });
}

/** What the draft's columns say of a trace besides its times: hashes, labels, marks, header. */
export function finishColumns(
  draft: Draft,
  context: FinishContext,
  { order, originUs, startUs, transforms }: Span,
  times: Pick<TraceHeader, "tickUs" | "untimed">,
): Pick<Trace, "header" | "rows" | "hashes" | "labels" | "priority" | "hints" | "pins"> {
  const { options } = context;
  const whole = order.length === draft.rows && isIdentity(order);
  const hashes = draft.anyHashes ? finishHashes(draft, whole ? undefined : order) : undefined;
  const labels = finishLabels(draft, order);
  const header: TraceHeader = {
    v: 1,
    name: options.name ?? DEFAULT_NAME,
    format: context.format,
    blockSize: hashes === undefined ? 0 : draft.options.blockSize,
    partialTail: hashes === undefined ? "none" : partialTail(draft),
    tickUs: times.tickUs,
    ...(originUs >= WALL_CLOCK_US ? { epochUnixUs: startUs } : {}),
    ...(times.untimed === true ? { untimed: true } : {}),
    ...(options.licence === undefined ? {} : { licence: options.licence }),
    ...(options.source === undefined ? {} : { source: options.source }),
    importLog: draft.faults.importLog(),
    transforms,
  };
  return {
    header,
    rows: order.length,
    ...(hashes === undefined ? {} : { hashes }),
    ...finishMarks(draft, order),
    ...(labels === undefined ? {} : { labels }),
  };
}

function isIdentity(order: Uint32Array): boolean {
  for (let i = 0; i < order.length; i++) if (order[i] !== i) return false;
  return true;
}

export function gather<T extends Uint32Array | Int16Array | Float64Array>(
  Kind: new (length: number) => T,
  source: ArrayLike<number>,
  order: Uint32Array,
): T {
  const target = new Kind(order.length);
  for (let i = 0; i < order.length; i++) target[i] = source[order[i]!]!;
  return target;
}

/** Runs of the kept rows: one tail convention, one parent per id. */
function finishHashes(draft: Draft, order: Uint32Array | undefined): HashRuns {
  let hashes = draft.hashes.build();
  const input = draft.input.view();
  const { blockSize } = draft.options;
  const mixed = draft.tailsIncluded > 0 && draft.tailsOmitted > 0;
  if (mixed) {
    draft.faults.note(
      "repaired: ids of partial tail blocks removed, because other rows have none",
      undefined,
      draft.tailsIncluded,
    );
  }
  if (mixed || order !== undefined) {
    const rows = order ?? new Uint32Array(draft.rows).map((_, row) => row);
    const limit = mixed ? (row: number): number => Math.floor(input[row]! / blockSize) : undefined;
    hashes = gatherRuns(hashes, rows, limit);
  }
  if (draft.hasContentIds) return chainHashIds(hashes);
  const { violatingRows } = draft.hashes;
  if (violatingRows > 0) {
    draft.faults.note(
      "repaired: a block id follows different ids, ids re-chained by their whole prefix",
      undefined,
      violatingRows,
    );
    hashes = chainHashIds(hashes);
  }
  return hashes;
}

function partialTail(draft: Draft): TraceHeader["partialTail"] {
  return draft.tailsOmitted > 0 ? "omitted" : "included";
}

/** Labels of the kept rows; names are numbered by first appearance among them, "" where there is none. */
function finishLabels(draft: Draft, order: Uint32Array): Trace["labels"] {
  const labels: { [name in LabelName]?: LabelColumn } = {};
  for (const name of LABEL_NAMES) {
    const source = draft.labelCodes[name];
    if (source.length === 0) continue;
    const raw = source.view();
    const interner = draft.labelNames[name];
    // The last entry stands for rows without the label.
    const dense = new Int32Array(interner.size + 1).fill(-1);
    const values: string[] = [];
    const codes = new Uint16Array(order.length);
    for (let i = 0; i < order.length && values.length <= LABEL_NAMES_LIMIT; i++) {
      const code = raw[order[i]!] ?? -1;
      const place = code < 0 ? interner.size : code;
      if (dense[place]! < 0) {
        dense[place] = values.length;
        const text = code < 0 ? "" : interner.textOf(code);
        values.push(draft.doubledQuotes ? text.replaceAll('""', '"') : text);
      }
      codes[i] = dense[place]!;
    }
    if (values.length <= LABEL_NAMES_LIMIT) labels[name] = { values, codes };
    else draft.faults.note(`noted: ${name} has over ${LABEL_NAMES_LIMIT} names, left out`);
  }
  return Object.keys(labels).length === 0 ? undefined : labels;
}
