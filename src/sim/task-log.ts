/**
 * What becomes of tasks: a conversation, or an agent's run with its sub-agents. A task is done when all its calls have completed;
 * its time counts from its first call's arrival to its last call's end, waits of users and tools included.
 */

import { QuantileSketch } from "../core/index.ts";
import type { HashRuns, Trace } from "../trace/index.ts";
import { summaryOf } from "./latency-summary.ts";
import type { TaskSummary } from "./report.ts";

/** How a call ended, and what it had from the cache. */
export type EndedCall = {
  readonly row: number;
  readonly nowUs: number;
  readonly isDone: boolean;
  /** NaN: never. */
  readonly queueUs: number;
  readonly cachedTokens: number;
};

export class TaskLog {
  private readonly trace: Trace;
  private readonly taskOf: Int32Array;
  private readonly rowsOf: Uint32Array;
  private readonly startUs: Float64Array;
  private readonly endUs: Float64Array;
  private readonly done: Uint32Array;
  private readonly queueUs: Float64Array;
  /** Calls under way, since when none is, and for how long none was. */
  private readonly open: Int32Array;
  private readonly awayUs: Float64Array;
  private offeredCount = 0;
  private repeated = 0;
  private recomputed = 0;

  constructor(trace: Trace, taskOf: Int32Array, tasks: number) {
    this.trace = trace;
    this.taskOf = taskOf;
    this.rowsOf = new Uint32Array(tasks);
    for (const task of taskOf) if (task >= 0) this.rowsOf[task]!++;
    this.startUs = new Float64Array(tasks).fill(NaN);
    this.endUs = new Float64Array(tasks);
    this.done = new Uint32Array(tasks);
    this.queueUs = new Float64Array(tasks);
    this.open = new Int32Array(tasks);
    this.awayUs = new Float64Array(tasks);
  }

  offered(row: number, nowUs: number): void {
    const task = this.taskOf[row]!;
    if (task < 0) return;
    if (Number.isNaN(this.startUs[task]!)) {
      this.startUs[task] = nowUs;
      this.offeredCount++;
    } else if (this.open[task] === 0) this.awayUs[task]! += nowUs - this.endUs[task]!;
    this.open[task]!++;
  }

  ended(call: EndedCall): void {
    const task = this.taskOf[call.row]!;
    if (task < 0) return;
    this.open[task]!--;
    if (call.nowUs > this.endUs[task]!) this.endUs[task] = call.nowUs;
    if (!call.isDone) return;
    this.done[task]!++;
    this.queueUs[task]! += call.queueUs;
    const repeated = this.repeatedTokens(call.row);
    this.repeated += repeated;
    this.recomputed += Math.max(0, repeated - call.cachedTokens);
  }

  summary(): TaskSummary {
    const time = new QuantileSketch();
    const queue = new QuantileSketch();
    const away = new QuantileSketch();
    let calls = 0;
    this.rowsOf.forEach((rows, task) => {
      if (rows === 0 || this.done[task] !== rows) return;
      calls += rows;
      time.add(this.endUs[task]! - this.startUs[task]!);
      queue.add(this.queueUs[task]!);
      away.add(this.awayUs[task]!);
    });
    return {
      offered: this.offeredCount,
      completed: time.count,
      callsMean: time.count === 0 ? null : calls / time.count,
      timeMs: summaryOf(time),
      queueMs: summaryOf(queue),
      awayMs: summaryOf(away),
      repeatedTokens: this.repeated,
      recomputedTokens: this.recomputed,
    };
  }

  /** Tokens of whole trace blocks that a prompt has in common with the prompt of the turn before. */
  private repeatedTokens(row: number): number {
    const { hashes, sessions, header, inputTokens } = this.trace;
    const parent = sessions?.parent[row] ?? -1;
    if (hashes === undefined || parent < 0) return 0;
    const tokens = commonIds(hashes, row, parent) * header.blockSize;
    return Math.min(tokens, inputTokens[row]!, inputTokens[parent]!);
  }
}

/** Leading ids that two rows have in common, however they are cut into runs; O(runs). */
function commonIds({ rowStart, start, length }: HashRuns, a: number, b: number): number {
  let count = 0;
  let i = rowStart[a]!;
  let j = rowStart[b]!;
  // Ids already passed of the runs at i and j.
  let past = 0;
  let passed = 0;
  while (i < rowStart[a + 1]! && j < rowStart[b + 1]!) {
    if (start[i]! + past !== start[j]! + passed) return count;
    const same = Math.min(length[i]! - past, length[j]! - passed);
    count += same;
    past += same;
    passed += same;
    if (past === length[i]) {
      i++;
      past = 0;
    }
    if (passed === length[j]) {
      j++;
      passed = 0;
    }
  }
  return count;
}

/** The log of a trace's tasks; undefined: its requests belong to none. */
export function taskLogOf(trace: Trace | undefined): TaskLog | undefined {
  if (trace === undefined) return undefined;
  const { graph, sessions } = trace;
  if (graph !== undefined) return new TaskLog(trace, graph.task, graph.taskCount);
  if (sessions === undefined) return undefined;
  return new TaskLog(trace, sessions.session, sessions.sessionCount);
}
