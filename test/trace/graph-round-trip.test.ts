/** Random call graphs come back from the formats that have them, whatever order and numbers the file gives their rows. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportTrace, type Trace } from "../../src/trace/index.ts";
import { randomGraph } from "../support/random-graph.ts";
import { imported } from "./import-support.ts";

/** Every call by its prompt's length, which no two share: its task's first call, its time, its edges. */
function callsOf(trace: Trace): Map<number, object> {
  const { task, edgeStart, on, trigger, relation, delayUs, notBeforeUs } = trace.graph!;
  const name = (row: number): number => trace.inputTokens[row]!;
  // Importers count from the first arrival.
  const startUs = Math.min(...trace.arrivalUs.filter((us) => !Number.isNaN(us)));
  const calls = new Map<number, object>();
  for (let row = 0; row < trace.rows; row++) {
    const mates = [...task.keys()].filter((other) => task[other] === task[row]).map(name);
    const from = edgeStart[row]!;
    const edges = Array.from({ length: edgeStart[row + 1]! - from }, (_, i) => [
      name(on[from + i]!),
      trigger[from + i]!,
      relation[from + i]!,
      delayUs[from + i]!,
    ]);
    calls.set(name(row), {
      task: Math.min(...mates),
      // Calls that wait have no time of their own.
      us: edges.length === 0 ? trace.arrivalUs[row]! - startUs : NaN,
      notBeforeUs: notBeforeUs?.[row] ?? 0,
      edges: edges.map((edge) => edge.join(" ")).sort(),
      output: trace.outputTokens[row]!,
    });
  }
  return calls;
}

describe("random call graphs", () => {
  for (const format of ["agentic_mooncake", "columns"] as const) {
    it(`are the same behind an export as ${format}`, () => {
      fc.assert(
        fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 40 }), (seed, rows) => {
          const trace = randomGraph(seed, rows, false);
          const again = imported(exportTrace(trace, format));
          expect(callsOf(again)).toEqual(callsOf(trace));
        }),
      );
    });
  }
});
