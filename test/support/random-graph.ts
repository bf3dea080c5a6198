/** Random call graphs. */

import { stream } from "../../src/core/index.ts";
import type { CallGraph, Trace } from "../../src/trace/index.ts";
import { traceOf } from "./small-scenarios.ts";

const S = 1_000_000;

/** Tasks of calls that wait for up to three earlier calls of their task. */
export function randomGraph(seed: number, rows: number, isTimed: boolean): Trace {
  const random = stream(seed, "graph");
  const task = new Int32Array(rows);
  const edgeStart = new Uint32Array(rows + 1);
  const on: number[] = [];
  const trigger: number[] = [];
  const delayUs: number[] = [];
  const notBeforeUs = new Float64Array(rows);
  const list = [];
  let now = 0;
  let taskCount = 0;
  for (let row = 0; row < rows; row++) {
    if (row === 0 || random.next() < 0.3) taskCount++;
    // Tasks overlap in the file, as they do when rows are in order of time.
    task[row] = Math.max(0, taskCount - 1 - random.int(Math.min(3, taskCount)));
    const earlier = Array.from({ length: row }, (_, r) => r).filter((r) => task[r] === task[row]);
    const wanted = random.next() < 0.1 ? 0 : random.int(4);
    for (let e = 0; e < Math.min(wanted, earlier.length); e++) {
      on.push(earlier[random.int(earlier.length)]!);
      trigger.push(random.int(2));
      delayUs.push([0, 0, 100, 250_000, 1_000_000][random.int(5)]!);
    }
    edgeStart[row + 1] = on.length;
    const waits = edgeStart[row] !== edgeStart[row + 1];
    if (waits && random.next() < 0.2) notBeforeUs[row] = random.int(3) * S;
    if (random.next() < 0.5) now += random.int(2) * 200_000;
    list.push({ at: waits && !isTimed ? NaN : now, input: row + 1, output: 1 });
  }
  const graph: CallGraph = {
    task,
    taskCount,
    edgeStart,
    on: Uint32Array.from(on),
    trigger: Uint8Array.from(trigger),
    relation: new Uint8Array(on.length),
    delayUs: Float64Array.from(delayUs),
    notBeforeUs,
  };
  const { sessions: _, ...plain } = traceOf(list);
  return { ...plain, graph };
}
