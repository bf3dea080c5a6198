/** A part of a trace: whole conversations and whole tasks, so that nothing waits for a call that is gone. */

import { fail, ok, stream } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { gather } from "./finish-parts.ts";
import type {
  AgentHints,
  CallGraph,
  HashRuns,
  LabelColumn,
  RowPins,
  Sessions,
  Trace,
} from "./trace.ts";

/**
 * What to keep. A conversation (or a task with all its sub-agents) belongs where its first call is, and stays whole;
 * a call that belongs to none is a conversation of one.
 */
export type TraceCut = {
  /** Arrival of the first call, µs: from ≤ arrival < to. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Row of the first call: from ≤ row < to. */
  readonly fromRow: number;
  readonly toRow: number;
  /** Share of the conversations kept, drawn by the seed; 1 keeps all. */
  readonly share: number;
  readonly seed: number;
  /** Most conversations, the earliest; `null`: no limit. */
  readonly conversationsMost: number | null;
};

const US_PER_S = 1e6;

/**
 * The part as a trace of its own, times from its first arrival. A wider cut of the same share and seed keeps at least the
 * same conversations. Errors: nothing left.
 */
export function cutTrace(trace: Trace, cut: TraceCut, name: string): Result<Trace> {
  const kept = keptRows(trace, cut);
  const words = cutWords(cut);
  if (kept.length === 0) {
    return fail({
      what: "no request is left",
      where: words,
      remedy: "widen the part or keep a larger share",
    });
  }
  const place = new Int32Array(trace.rows).fill(-1);
  kept.forEach((row, i) => {
    place[row] = i;
  });
  const { header, hashes, sessions, graph, hints, pins, labels, priority } = trace;
  const firstUs = trace.arrivalUs[kept[0]!]!;
  return ok({
    header: { ...header, name, transforms: [...header.transforms, `cut: ${words}`] },
    rows: kept.length,
    arrivalUs: gather(Float64Array, trace.arrivalUs, kept).map((us) => us - firstUs),
    inputTokens: gather(Uint32Array, trace.inputTokens, kept),
    outputTokens: gather(Uint32Array, trace.outputTokens, kept),
    ...(hashes === undefined ? {} : { hashes: cutHashes(hashes, kept) }),
    ...(sessions === undefined ? {} : { sessions: cutSessions(sessions, kept, place) }),
    ...(graph === undefined ? {} : { graph: cutGraph(graph, kept, place) }),
    ...(hints === undefined ? {} : { hints: cutHints(hints, kept) }),
    ...(pins === undefined ? {} : { pins: cutPins(pins, kept) }),
    ...(labels === undefined ? {} : { labels: cutLabels(labels, kept) }),
    ...(priority === undefined ? {} : { priority: gather(Int16Array, priority, kept) }),
  });
}

function cutWords(cut: TraceCut): string {
  const parts = [
    `arrivals from ${String(cut.fromUs / US_PER_S)} s to ${String(cut.toUs / US_PER_S)} s`,
    cut.fromRow > 0 || cut.toRow < Infinity
      ? `rows from ${String(cut.fromRow)} to ${String(cut.toRow)}`
      : "",
    cut.share < 1 ? `share ${String(cut.share)}, seed ${String(cut.seed)}` : "",
    cut.conversationsMost === null ? "" : `at most ${String(cut.conversationsMost)} conversations`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** The group of each row: its task, its session, or −1 for a row that stands alone. */
function groupsOf({ graph, sessions }: Trace): Int32Array | undefined {
  return graph?.task ?? sessions?.session;
}

function keptRows(trace: Trace, cut: TraceCut): Uint32Array {
  const groups = groupsOf(trace);
  const draws = stream(cut.seed, "trace/cut");
  const decided = new Map<number, boolean>();
  let conversations = 0;
  const starts = (row: number): boolean => {
    // Drawn for every conversation, so that a wider cut keeps those of the narrower.
    const isDrawn = cut.share >= 1 || draws.next() < cut.share;
    const us = trace.arrivalUs[row]!;
    const isInside =
      us >= cut.fromUs && us < cut.toUs && row >= cut.fromRow && row < cut.toRow && isDrawn;
    if (!isInside || conversations === (cut.conversationsMost ?? Infinity)) return false;
    conversations++;
    return true;
  };
  const rows = new Uint32Array(trace.rows);
  let count = 0;
  for (let row = 0; row < trace.rows; row++) {
    const group = groups?.[row] ?? -1;
    let isKept = decided.get(group);
    if (group < 0 || isKept === undefined) {
      isKept = starts(row);
      if (group >= 0) decided.set(group, isKept);
    }
    if (isKept) rows[count++] = row;
  }
  return rows.slice(0, count);
}

/** Numbers from 0 in order of first appearance; −1 stays. */
function renumbered(ids: Int32Array, kept: Uint32Array): readonly [Int32Array, count: number] {
  const numbers = new Map<number, number>();
  const found = Int32Array.from(kept, (row) => {
    const id = ids[row]!;
    if (id < 0) return -1;
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    return number;
  });
  return [found, numbers.size];
}

function cutSessions(
  { session, parent, delayUs }: Sessions,
  kept: Uint32Array,
  place: Int32Array,
): Sessions {
  const [numbers, sessionCount] = renumbered(session, kept);
  return {
    session: numbers,
    sessionCount,
    parent: Int32Array.from(kept, (row) => (parent[row]! < 0 ? -1 : place[parent[row]!]!)),
    delayUs: gather(Float64Array, delayUs, kept),
  };
}

function cutGraph(graph: CallGraph, kept: Uint32Array, place: Int32Array): CallGraph {
  const [task, taskCount] = renumbered(graph.task, kept);
  const edgeStart = new Uint32Array(kept.length + 1);
  const edges: number[] = [];
  kept.forEach((row, i) => {
    for (let edge = graph.edgeStart[row]!; edge < graph.edgeStart[row + 1]!; edge++) {
      if (place[graph.on[edge]!]! >= 0) edges.push(edge);
    }
    edgeStart[i + 1] = edges.length;
  });
  const { notBeforeUs } = graph;
  return {
    task,
    taskCount,
    edgeStart,
    on: Uint32Array.from(edges, (edge) => place[graph.on[edge]!]!),
    trigger: Uint8Array.from(edges, (edge) => graph.trigger[edge]!),
    relation: Uint8Array.from(edges, (edge) => graph.relation[edge]!),
    delayUs: Float64Array.from(edges, (edge) => graph.delayUs[edge]!),
    ...(notBeforeUs === undefined ? {} : { notBeforeUs: gather(Float64Array, notBeforeUs, kept) }),
  };
}

function cutHints(hints: AgentHints, kept: Uint32Array): AgentHints {
  const { strictPriority, outputTokens, keepUs } = hints;
  return {
    ...(strictPriority === undefined
      ? {}
      : { strictPriority: gather(Uint32Array, strictPriority, kept) }),
    ...(outputTokens === undefined
      ? {}
      : { outputTokens: gather(Uint32Array, outputTokens, kept) }),
    ...(keepUs === undefined ? {} : { keepUs: gather(Float64Array, keepUs, kept) }),
  };
}

function cutPins({ any, prefill, decode, allowed }: RowPins, kept: Uint32Array): RowPins {
  const cut = (column: Int32Array): Int32Array => Int32Array.from(kept, (row) => column[row]!);
  return {
    ...(any === undefined ? {} : { any: cut(any) }),
    ...(prefill === undefined ? {} : { prefill: cut(prefill) }),
    ...(decode === undefined ? {} : { decode: cut(decode) }),
    ...(allowed === undefined
      ? {}
      : { allowed: { ...allowed, codes: Uint16Array.from(kept, (row) => allowed.codes[row]!) } }),
  };
}

function cutHashes(hashes: HashRuns, kept: Uint32Array): HashRuns {
  const rowStart = new Uint32Array(kept.length + 1);
  kept.forEach((row, i) => {
    rowStart[i + 1] = rowStart[i]! + hashes.rowStart[row + 1]! - hashes.rowStart[row]!;
  });
  const runs = rowStart[kept.length]!;
  const start = new Uint32Array(runs);
  const length = new Uint32Array(runs);
  kept.forEach((row, i) => {
    const from = hashes.rowStart[row]!;
    const to = hashes.rowStart[row + 1]!;
    start.set(hashes.start.subarray(from, to), rowStart[i]!);
    length.set(hashes.length.subarray(from, to), rowStart[i]!);
  });
  return { rowStart, start, length, idCount: hashes.idCount };
}

type Labels = NonNullable<Trace["labels"]>;

function cutLabels(labels: Labels, kept: Uint32Array): Labels {
  return Object.fromEntries(
    Object.entries(labels).map(([name, { values, codes }]): [string, LabelColumn] => [
      name,
      { values, codes: Uint16Array.from(kept, (row) => codes[row]!) },
    ]),
  );
}
