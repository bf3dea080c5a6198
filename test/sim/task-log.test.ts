/** What the report says of tasks, counted again from the rows of requests. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { REQUEST_COMPLETED } from "../../src/sim/index.ts";
import { scenarioOf } from "../support/small-runs.ts";
import { runBoth } from "../support/small-runs.ts";
import { randomGraph } from "../support/random-graph.ts";
import { keysOf } from "../laws/naive-engine.ts";
import { randomTraces } from "../laws/naive-traces.ts";
import type { Trace } from "../../src/trace/index.ts";

const ENGINE = {
  block_size: 4,
  num_gpu_blocks: 400,
  max_num_seqs: 3,
  step_time: { type: "fixed", prefill_ms: 20, decode_ms: 5 },
} as const;

test("tasks, their times, queues and waits", () => {
  let whole = 0;
  fc.assert(
    fc.property(fc.nat(100_000), fc.integer({ min: 2, max: 40 }), (seed, rows) => {
      const trace = randomGraph(seed, rows, false);
      const clients = { timeout_s: 0.2 };
      const { report, requests } = runBoth({ scenario: scenarioOf(ENGINE, { clients }), trace });
      const { task } = trace.graph!;
      const calls = new Map<number, number[]>();
      for (let i = 0; i < requests.rows; i++) {
        const of = task[requests.row[i]!]!;
        calls.set(of, [...(calls.get(of) ?? []), i]);
      }
      const tasks = report.tasks!;
      expect(tasks.offered).toBe(calls.size);
      const done = [...calls.values()].filter((list) =>
        list.every((i) => requests.status[i] === REQUEST_COMPLETED),
      );
      whole += done.length;
      expect(tasks.completed).toBe(done.length);
      if (done.length === 0) return;
      const sum = (values: number[]): number => values.reduce((total, one) => total + one, 0);
      const mean = (of: (list: number[]) => number): number =>
        sum(done.map(of)) / done.length / 1000;
      const start = (list: number[]): number =>
        Math.min(...list.map((i) => requests.arrivalUs[i]!));
      const end = (list: number[]): number => Math.max(...list.map((i) => requests.finishUs[i]!));
      expect(tasks.timeMs.mean).toBeCloseTo(
        mean((list) => end(list) - start(list)),
        6,
      );
      const queue = (i: number): number => requests.admittedUs[i]! - requests.arrivalUs[i]!;
      expect(tasks.queueMs.mean).toBeCloseTo(
        mean((list) => sum(list.map(queue))),
        6,
      );
      // Away: the instants of the task at which no call is under way, by a sweep.
      const away = (list: number[]): number => {
        const edges = list
          .flatMap((i) => [
            { at: requests.arrivalUs[i]!, change: 1 },
            { at: requests.finishUs[i]!, change: -1 },
          ])
          .toSorted((a, b) => a.at - b.at || b.change - a.change);
        let open = 0;
        let total = 0;
        edges.forEach(({ at, change }, i) => {
          if (open === 0 && i > 0) total += at - edges[i - 1]!.at;
          open += change;
        });
        return total;
      };
      expect(tasks.awayMs.mean).toBeCloseTo(mean(away), 6);
    }),
    { numRuns: 200, seed: 3 },
  );
  expect(whole).toBeGreaterThan(200);
});

test("tokens that a turn repeats, and those computed again", () => {
  let repeated = 0;
  let again = 0;
  fc.assert(
    fc.property(randomTraces, fc.nat(9), (plain, salt) => {
      if (plain.hashes === undefined) return;
      // Every third row follows the one before the last.
      const parent = Int32Array.from({ length: plain.rows }, (_, row) =>
        row >= 2 && (row + salt) % 3 === 0 ? row - 2 : -1,
      );
      const session = new Int32Array(plain.rows);
      const delayUs = new Float64Array(plain.rows);
      const sessions = { session, sessionCount: 1, parent, delayUs };
      const trace: Trace = { ...plain, sessions };
      const { report, requests } = runBoth({ scenario: scenarioOf(ENGINE), trace });
      const size = trace.header.blockSize;
      let want = 0;
      let lost = 0;
      for (let i = 0; i < requests.rows; i++) {
        const row = requests.row[i]!;
        if (parent[row]! < 0 || requests.status[i] !== REQUEST_COMPLETED) continue;
        const own = keysOf(trace, row, 1);
        const before = keysOf(trace, parent[row]!, 1);
        const name = (key: string | null | undefined): string => key?.split("/")[0] ?? "";
        let tokens = 0;
        while (
          tokens < own.length &&
          name(own[tokens]) !== "" &&
          name(own[tokens]) === name(before[tokens])
        )
          tokens++;
        // Ids name whole blocks; a prompt's partial last block reaches to its end.
        const most = Math.min(trace.inputTokens[row]!, trace.inputTokens[parent[row]!]!);
        const blocks = Math.min(most, Math.ceil(tokens / size) * size);
        want += blocks;
        lost += Math.max(0, blocks - requests.cachedTokens[i]!);
      }
      expect(report.tasks!.repeatedTokens).toBe(want);
      expect(report.tasks!.recomputedTokens).toBe(lost);
      repeated += want;
      again += lost;
    }),
    { numRuns: 200, seed: 4 },
  );
  expect(Math.min(repeated, again)).toBeGreaterThan(1000);
}, 60_000);
