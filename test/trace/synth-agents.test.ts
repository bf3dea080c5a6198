import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  exportTrace,
  findRecipe,
  importTrace,
  inspectTrace,
  rowIdCount,
  synthesize,
  type SynthOptions,
  type Trace,
} from "../../src/trace/index.ts";

const TRACES = resolve(import.meta.dirname, "../../traces");
const HOUR_US = 3_600_000_000;

function agents(options: SynthOptions): Trace {
  const recipe = findRecipe("agentic-coding");
  const made = recipe.ok ? synthesize(recipe.value, options) : recipe;
  if (!made.ok) throw new Error(JSON.stringify(made.problem));
  return made.value;
}

/** Within a share of what the traces have: the recipe's misses are those of its summary, not more. */
function near(value: number, published: number, share: number): void {
  expect(Math.abs(value / published - 1), `${value} for ${published}`).toBeLessThan(share);
}

describe("agentic coding", () => {
  test("resembles the traces it is fitted to", () => {
    const trace = agents({ seed: 1, durationUs: 20 * HOUR_US });
    const { input, output, prefixes, sessions } = inspectTrace(trace);
    const { tasks, delayS } = sessions!;
    // Published for 710 tasks of kv-cache-tester, traces.md §2.2 to §2.4.
    near(input.mean!, 123_450, 0.12);
    near(input.p50!, 104_600, 0.22);
    near(input.p90!, 235_900, 0.2);
    near(input.p99!, 499_800, 0.15);
    near(output.mean!, 439, 0.08);
    near(output.p50!, 216, 0.08);
    expect(Math.abs(prefixes!.infiniteCache.tokenHit! - 0.964)).toBeLessThan(0.015);
    near(tasks!.callsMean!, 68.5, 0.15);
    near(tasks!.calls.find(({ q }) => q === 0.5)!.value!, 45, 0.15);
    // Tool and user waits together; 86.5 % of the steps follow a tool, p50 9 s.
    near(delayS.find(({ q }) => q === 0.5)!.value!, 10, 0.15);
    const peaks = new Float64Array(trace.graph!.taskCount);
    trace.graph!.task.forEach((task, row) => {
      peaks[task] = Math.max(peaks[task]!, trace.inputTokens[row]!);
    });
    near(peaks.toSorted()[peaks.length >> 1]!, 148_000, 0.1);
    expect(tasks!.edges.spawn).toBeGreaterThan(10);
    expect(tasks!.edges.join).toBe(tasks!.edges.spawn);
  });

  test("is a sound trace, the same for the same seed", () => {
    const trace = agents({ seed: 7, durationUs: HOUR_US });
    const again = agents({ seed: 7, durationUs: HOUR_US });
    const file = exportTrace(trace, "columns");
    expect(Buffer.compare(file, exportTrace(again, "columns"))).toBe(0);
    expect(importTrace(file).ok).toBe(true);
    expect(agents({ seed: 8, durationUs: HOUR_US }).inputTokens).not.toEqual(trace.inputTokens);
    const { graph, hashes, arrivalUs } = trace;
    for (let row = 0; row < trace.rows; row++) {
      expect(rowIdCount(hashes!, row)).toBe(Math.floor(trace.inputTokens[row]! / 64));
      if (row > 0) expect(arrivalUs[row]!).toBeGreaterThanOrEqual(arrivalUs[row - 1]!);
      for (let edge = graph!.edgeStart[row]!; edge < graph!.edgeStart[row + 1]!; edge++) {
        expect(graph!.task[graph!.on[edge]!]).toBe(graph!.task[row]);
      }
    }
  });

  test("a higher rate means more tasks, not shorter waits, and rows limit the trace", () => {
    const one = agents({ seed: 3, durationUs: 4 * HOUR_US });
    const two = agents({ seed: 3, durationUs: 4 * HOUR_US, rateScale: 2 });
    near(two.graph!.taskCount, 2 * one.graph!.taskCount, 0.35);
    const wait = (trace: Trace): number =>
      inspectTrace(trace).sessions!.delayS.find(({ q }) => q === 0.5)!.value!;
    near(wait(two), wait(one), 0.15);
    expect(agents({ seed: 3, rows: 500 }).rows).toBe(500);
  });
});

describe("bundled traces", () => {
  const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  const readme = readFileSync(resolve(TRACES, "README.md"), "utf8");

  test.each([
    ["agentic-small.columns.gz", "agentic-coding", { seed: 2, durationUs: 2 * HOUR_US }, "columns"],
    ["bursty-small.csv.gz", "azure-code", { seed: 1 }, "csv"],
  ] as const)("%s is what its recipe makes, bit for bit", (file, name, options, format) => {
    const recipe = findRecipe(name);
    const made = recipe.ok ? synthesize(recipe.value, options) : recipe;
    if (!made.ok) throw new Error(JSON.stringify(made.problem));
    const packed = readFileSync(resolve(TRACES, file));
    const bytes = gunzipSync(packed);
    expect([...packed.subarray(4, 8)]).toEqual([0, 0, 0, 0]);
    expect(sha256(exportTrace(made.value, format))).toBe(sha256(bytes));
    expect(readme).toContain(sha256(bytes));
    const read = importTrace(bytes);
    expect(read.ok && read.value.rows).toBe(made.value.rows);
  });
});
