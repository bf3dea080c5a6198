/** Edges between calls under construction, and the order in which calls can be told: every call after those it waits for. */

import { EventQueue, F64Column, I32Column } from "../core/index.ts";

/** Row of an edge whose target was named and not found. */
export const UNKNOWN_ROW = -1;
/** Row of an edge whose target had nothing to do and was dropped. */
export const DROPPED_ROW = -2;

export class GraphDraft {
  /** Edge e: row `to[e]` waits for row `on[e]`; `to` ascends. */
  readonly to = new I32Column();
  readonly on = new I32Column();
  readonly trigger = new I32Column();
  readonly relation = new I32Column();
  readonly delayUs = new F64Column();
  /** By row: task, line of the file, earliest release after the task's start. */
  readonly task = new I32Column();
  readonly line = new I32Column();
  readonly notBeforeUs = new F64Column();
  /** The source has no arrival times. */
  isUntimed = false;

  /** Describes the row just appended. */
  addRow(task: number, line: number, notBeforeUs = 0): void {
    this.task.push(task);
    this.line.push(line);
    this.notBeforeUs.push(notBeforeUs);
  }

  /** `to` must not be lower than that of the edge added before. */
  addEdge(edge: {
    readonly to: number;
    readonly on: number;
    readonly trigger: number;
    readonly relation: number;
    readonly delayUs: number;
  }): void {
    this.to.push(edge.to);
    this.on.push(edge.on);
    this.trigger.push(edge.trigger);
    this.relation.push(edge.relation);
    this.delayUs.push(edge.delayUs);
  }

  /** First edge of each row, rows + 1 entries. */
  edgeStarts(rows: number): Uint32Array {
    const starts = new Uint32Array(rows + 1);
    for (const row of this.to.view()) starts[row + 1]!++;
    for (let row = 0; row < rows; row++) starts[row + 1]! += starts[row]!;
    return starts;
  }
}

/** A row that cannot be replayed, and why. */
export type GraphFault = { readonly row: number; readonly reason: string; readonly on: number };

/**
 * Rows in an order in which each comes after all it waits for; file order where that allows. Rows that wait for an unknown row, for
 * themselves in a circle, or for such rows are left out and told as faults.
 */
export function dependencyOrder(
  graph: GraphDraft,
  rows: number,
): { readonly order: Uint32Array; readonly faults: readonly GraphFault[] } {
  const starts = graph.edgeStarts(rows);
  const on = graph.on.view();
  const faults: GraphFault[] = [];
  const isBad = new Uint8Array(rows);
  const waits = new Int32Array(rows);
  const next = firstDependents(graph, rows);
  for (let row = 0; row < rows; row++) {
    waits[row] = starts[row + 1]! - starts[row]!;
    for (let edge = starts[row]!; edge < starts[row + 1]!; edge++) {
      if (on[edge]! >= 0 || isBad[row] === 1) continue;
      isBad[row] = 1;
      const isDropped = on[edge] === DROPPED_ROW;
      faults.push({
        row,
        reason: `waits for a call that ${isDropped ? "was dropped" : "the file does not have"}`,
        on: edge,
      });
    }
  }
  const ready = new EventQueue(rows);
  for (let row = 0; row < rows; row++) if (waits[row] === 0) ready.schedule(row, row, 0);
  const order = new Uint32Array(rows);
  let count = 0;
  while (ready.size > 0) {
    const row = ready.pop();
    if (isBad[row] === 0) order[count++] = row;
    for (let i = next.start[row]!; i < next.start[row + 1]!; i++) {
      const dependent = next.row[i]!;
      if (isBad[row] === 1 && isBad[dependent] === 0) {
        isBad[dependent] = 1;
        faults.push({ row: dependent, reason: "waits for a call that was left out", on: -1 });
      }
      if (--waits[dependent]! === 0) ready.schedule(dependent, dependent, 0);
    }
  }
  for (let row = 0; row < rows; row++) {
    if (waits[row]! > 0 && isBad[row] === 0) {
      faults.push({ row, reason: "waits for itself in a circle of calls", on: starts[row]! });
    }
  }
  return { order: order.subarray(0, count), faults };
}

/** Rows that wait for each row. */
function firstDependents(
  graph: GraphDraft,
  rows: number,
): { readonly start: Uint32Array; readonly row: Uint32Array } {
  const on = graph.on.view();
  const to = graph.to.view();
  const start = new Uint32Array(rows + 1);
  for (const row of on) if (row >= 0) start[row + 1]!++;
  for (let row = 0; row < rows; row++) start[row + 1]! += start[row]!;
  const place = start.slice();
  const dependents = new Uint32Array(start[rows]!);
  for (let edge = 0; edge < to.length; edge++) {
    if (on[edge]! >= 0) dependents[place[on[edge]!]!++] = to[edge]!;
  }
  return { start, row: dependents };
}
