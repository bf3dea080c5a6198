/**
 * Calls that wait for calls: when a call is sent or ends, the edges on it fire, and a call whose edges have all fired is released when
 * its delays are over. O(edges) in all.
 */

import type { EventQueue } from "../core/index.ts";
import { TRIGGER_COMPLETION, TRIGGER_DISPATCH } from "../trace/index.ts";
import type { CallGraph, Trace } from "../trace/index.ts";
import { delayRule, type DelayRule } from "./delay-rule.ts";
import type { Scenario } from "./scenario.ts";

export class CallReleases {
  /** First arrivals of tasks, or of all roots, in order of their rows. */
  readonly roots: Uint32Array;
  /** Rows that will be offered. */
  readonly total: number;
  private readonly graph: CallGraph;
  private readonly delay: DelayRule;
  private readonly released: EventQueue;
  /** Edges on each row: those that wait for it, by CSR. */
  private readonly outStart: Uint32Array;
  private readonly outEdge: Uint32Array;
  private readonly outRow: Uint32Array;
  /** Edges a row still waits for, and the latest end of their delays. */
  private readonly waits: Int32Array;
  private readonly readyUs: Float64Array;
  /** Of each task: its first arrival, calls sent or to be sent that have not ended, whether it was given up. */
  private readonly startUs: Float64Array;
  private readonly open: Int32Array;
  private readonly isGivenUp: Uint8Array;
  /** Where tasks arrive as a whole: their other roots, and how much later than the first each is. */
  private readonly laterRoots: Map<number, readonly { row: number; afterUs: number }[]>;

  constructor(scenario: Scenario, trace: Trace, graph: CallGraph, released: EventQueue) {
    const { rows } = trace;
    this.graph = graph;
    this.released = released;
    this.delay = delayRule(scenario);
    const kept = keptCalls(scenario, trace, graph);
    this.total = kept.count;
    this.waits = new Int32Array(rows);
    this.readyUs = new Float64Array(rows);
    this.startUs = new Float64Array(graph.taskCount).fill(NaN);
    this.open = new Int32Array(graph.taskCount);
    this.isGivenUp = new Uint8Array(graph.taskCount);
    this.outStart = new Uint32Array(rows + 1);
    for (let edge = 0; edge < kept.edges; edge++) this.outStart[kept.on[edge]! + 1]!++;
    for (let row = 0; row < rows; row++) this.outStart[row + 1]! += this.outStart[row]!;
    this.outEdge = new Uint32Array(kept.edges);
    this.outRow = new Uint32Array(kept.edges);
    const place = this.outStart.slice();
    for (let i = 0; i < kept.edges; i++) {
      const at = place[kept.on[i]!]!++;
      this.outEdge[at] = kept.edge[i]!;
      this.outRow[at] = kept.to[i]!;
      this.waits[kept.to[i]!]!++;
    }
    const roots = kept.rows.filter((row) => this.waits[row] === 0);
    const byTask = scenario.traffic.arrivals.mode !== "timestamps";
    this.laterRoots = byTask ? laterRoots(trace, graph, roots) : new Map();
    const firsts = new Set<number>();
    this.roots = byTask
      ? roots.filter((row) => {
          const isFirst = !firsts.has(graph.task[row]!);
          firsts.add(graph.task[row]!);
          return isFirst;
        })
      : roots;
  }

  /** A call is sent. */
  sent(row: number, nowUs: number): void {
    const task = this.graph.task[row]!;
    if (Number.isNaN(this.startUs[task]!)) {
      this.startUs[task] = nowUs;
      for (const later of this.laterRoots.get(row) ?? [])
        this.release(later.row, nowUs + later.afterUs);
    }
    if (this.waits[row] === 0) this.open[task]!++;
    this.fire(row, TRIGGER_DISPATCH, nowUs);
  }

  /** A call has ended, `isDone`: as it should; true when nothing of its task is left to end. */
  ended(row: number, nowUs: number, isDone: boolean): boolean {
    const task = this.graph.task[row]!;
    if (!isDone) this.isGivenUp[task] = 1;
    this.fire(row, TRIGGER_COMPLETION, nowUs);
    return --this.open[task]! === 0;
  }

  private fire(row: number, trigger: number, nowUs: number): void {
    const { graph, waits, readyUs } = this;
    if (this.isGivenUp[graph.task[row]!] === 1) return;
    for (let at = this.outStart[row]!; at < this.outStart[row + 1]!; at++) {
      const edge = this.outEdge[at]!;
      if (graph.trigger[edge] !== trigger) continue;
      const target = this.outRow[at]!;
      const readyAtUs = nowUs + this.delay(graph.delayUs[edge]!);
      if (readyAtUs > readyUs[target]!) readyUs[target] = readyAtUs;
      if (--waits[target]! > 0) continue;
      const task = graph.task[target]!;
      const notBeforeUs = this.startUs[task]! + (graph.notBeforeUs?.[target] ?? 0);
      this.release(target, Math.max(readyUs[target]!, notBeforeUs));
    }
  }

  private release(row: number, timeUs: number): void {
    // Counted once: `sent` counts those that were never released.
    this.open[this.graph.task[row]!]!++;
    this.waits[row] = -1;
    this.released.schedule(row, timeUs, 0);
  }
}

type KeptCalls = {
  readonly rows: Uint32Array;
  readonly count: number;
  /** Edges between kept rows that count: their numbers, what they wait for, and who waits. */
  readonly edges: number;
  readonly edge: Uint32Array;
  readonly on: Uint32Array;
  readonly to: Uint32Array;
};

/** The calls that window and limit keep, whole tasks of the window; in open mode recorded times stand for edges. */
function keptCalls({ traffic }: Scenario, trace: Trace, graph: CallGraph): KeptCalls {
  const { rows, arrivalUs } = trace;
  const fromUs = traffic.start_s * 1e6;
  const toUs = traffic.end_s === null ? Infinity : traffic.end_s * 1e6;
  const limit = traffic.requests ?? Infinity;
  const isOpen = traffic.sessions === "open";
  const isKept = new Uint8Array(rows);
  const list: number[] = [];
  const edge: number[] = [];
  const on: number[] = [];
  const to: number[] = [];
  for (let row = 0; row < rows && list.length < limit; row++) {
    const first = graph.edgeStart[row]!;
    const end = graph.edgeStart[row + 1]!;
    const time = arrivalUs[row]!;
    const waits = first < end && !(isOpen && !Number.isNaN(time));
    if (waits) {
      let whole = true;
      for (let e = first; e < end; e++) if (isKept[graph.on[e]!] === 0) whole = false;
      if (!whole) continue;
      for (let e = first; e < end; e++) {
        edge.push(e);
        on.push(graph.on[e]!);
        to.push(row);
      }
    } else if (!(time >= fromUs && time < toUs)) continue;
    isKept[row] = 1;
    list.push(row);
  }
  return {
    rows: Uint32Array.from(list),
    count: list.length,
    edges: edge.length,
    edge: Uint32Array.from(edge),
    on: Uint32Array.from(on),
    to: Uint32Array.from(to),
  };
}

/** For each task's first root, its other roots. */
function laterRoots(
  { arrivalUs }: Trace,
  { task }: CallGraph,
  roots: Uint32Array,
): Map<number, { row: number; afterUs: number }[]> {
  const firstOf = new Map<number, number>();
  const later = new Map<number, { row: number; afterUs: number }[]>();
  for (const row of roots) {
    const first = firstOf.get(task[row]!);
    if (first === undefined) {
      firstOf.set(task[row]!, row);
      continue;
    }
    const list = later.get(first) ?? [];
    list.push({ row, afterUs: Math.max(0, arrivalUs[row]! - arrivalUs[first]!) });
    later.set(first, list);
  }
  return later;
}
