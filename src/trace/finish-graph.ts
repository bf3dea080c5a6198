/** From a draft of calls that wait for calls to a trace: rows after all they wait for, edges renumbered, sessions and tasks. */

import { ok, type Result } from "../core/index.ts";
import type { Draft } from "./draft.ts";
import { finishColumns, gather, noRows, spanOf, type FinishContext } from "./finish-parts.ts";
import { dependencyOrder, type GraphDraft } from "./graph-draft.ts";
import { detectTickUs } from "./ticks.ts";
import { RELATION_SEQUENCE, TRIGGER_COMPLETION } from "./trace.ts";
import type { CallGraph, Sessions, Trace } from "./trace.ts";

/** Builds the trace out of a draft with edges. Errors: more rows that cannot be replayed than are allowed; none left. */
export function finishGraph(
  draft: Draft,
  graph: GraphDraft,
  context: FinishContext,
): Result<Trace> {
  const { order: ranked, faults } = dependencyOrder(graph, draft.rows);
  for (const { row, reason } of faults) {
    if (!draft.faults.reject(graph.line.view()[row]!, { reason })) return draft.faults.failure();
  }
  if (ranked.length === 0) return noRows(draft, context);
  const keys = releaseTimes(draft, graph, ranked);
  const rank = new Float64Array(draft.rows);
  ranked.forEach((row, place) => (rank[row] = place));
  const sorted = ranked.toSorted((a, b) => keys[a]! - keys[b]! || rank[a]! - rank[b]!);
  const span = spanOf(sorted, keys, context);
  if (!span.ok) return span;
  const { order, startUs } = span.value;
  const calls = finishEdges(draft, graph, order);
  const arrivalUs = new Float64Array(order.length);
  const raw = draft.arrivalUs.view();
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    const isRoot = calls.edgeStart[i] === calls.edgeStart[i + 1];
    arrivalUs[i] = isRoot || !Number.isNaN(raw[row]!) ? keys[row]! - startUs : NaN;
  }
  const times = {
    tickUs: graph.isUntimed ? 0 : detectTickUs(arrivalUs),
    untimed: graph.isUntimed,
  };
  return ok({
    ...finishColumns(draft, context, span.value, times),
    arrivalUs,
    inputTokens: gather(Uint32Array, draft.input.view(), order),
    outputTokens: gather(Uint32Array, draft.output.view(), order),
    sessions: graphSessions(draft, order, calls),
    graph: calls,
  });
}

/** The time a row is sorted by: its own, but never before what it waits for. */
function releaseTimes(draft: Draft, graph: GraphDraft, ranked: Uint32Array): Float64Array {
  const keys = draft.arrivalUs.view().slice();
  const starts = graph.edgeStarts(draft.rows);
  const on = graph.on.view();
  for (const row of ranked) {
    // A stream whose forerunners were dropped starts with its file.
    if (starts[row] === starts[row + 1] && Number.isNaN(keys[row]!)) keys[row] = 0;
    for (let edge = starts[row]!; edge < starts[row + 1]!; edge++) {
      const waitedFor = keys[on[edge]!]!;
      if (!(keys[row]! >= waitedFor)) keys[row] = waitedFor;
    }
  }
  return keys;
}

/** Edges between kept rows, renumbered; a row whose every edge was cut off arrives by itself. */
function finishEdges(draft: Draft, graph: GraphDraft, order: Uint32Array): CallGraph {
  const place = new Int32Array(draft.rows).fill(-1);
  order.forEach((row, i) => (place[row] = i));
  const starts = graph.edgeStarts(draft.rows);
  const on = graph.on.view();
  const edges: number[] = [];
  const edgeStart = new Uint32Array(order.length + 1);
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    for (let edge = starts[row]!; edge < starts[row + 1]!; edge++) {
      if (place[on[edge]!]! >= 0) edges.push(edge);
    }
    if (starts[row] !== starts[row + 1] && edges.length === edgeStart[i]) {
      draft.faults.note(
        "repaired: a call whose forerunners lie outside the window arrives by itself",
      );
    }
    edgeStart[i + 1] = edges.length;
  }
  const notBefore = gather(Float64Array, graph.notBeforeUs.view(), order);
  const { dense: task, count: taskCount } = denseCodes(graph.task.view(), order);
  return {
    task,
    taskCount,
    edgeStart,
    on: Uint32Array.from(edges, (edge) => place[on[edge]!]!),
    trigger: Uint8Array.from(edges, (edge) => graph.trigger.view()[edge]!),
    relation: Uint8Array.from(edges, (edge) => graph.relation.view()[edge]!),
    delayUs: Float64Array.from(edges, (edge) => graph.delayUs.view()[edge]!),
    ...(notBefore.some((time) => time > 0) ? { notBeforeUs: notBefore } : {}),
  };
}

/** Sessions of the kept rows; the turn before is what the row's first edge of a sequence waits for. */
function graphSessions(draft: Draft, order: Uint32Array, graph: CallGraph): Sessions {
  const parent = new Int32Array(order.length).fill(-1);
  const delayUs = new Float64Array(order.length).fill(NaN);
  for (let row = 0; row < order.length; row++) {
    for (let edge = graph.edgeStart[row]!; edge < graph.edgeStart[row + 1]!; edge++) {
      const follows =
        graph.relation[edge] === RELATION_SEQUENCE && graph.trigger[edge] === TRIGGER_COMPLETION;
      if (!follows || parent[row]! >= 0) continue;
      parent[row] = graph.on[edge]!;
      delayUs[row] = graph.delayUs[edge]!;
    }
  }
  const source = draft.anySessions ? draft.session.view() : graph.task;
  const rows = draft.anySessions ? order : order.map((_, i) => i);
  const { dense: session, count: sessionCount } = denseCodes(source, rows);
  return { session, sessionCount, parent, delayUs };
}

/** Codes of the given rows, numbered by first appearance; negative ones stay −1. */
function denseCodes(
  codes: ArrayLike<number>,
  rows: Uint32Array,
): { readonly dense: Int32Array; readonly count: number } {
  const numbers = new Map<number, number>();
  const dense = Int32Array.from(rows, (row) => {
    const code = codes[row]!;
    if (code < 0) return -1;
    let number = numbers.get(code);
    if (number === undefined) numbers.set(code, (number = numbers.size));
    return number;
  });
  return { dense, count: numbers.size };
}
