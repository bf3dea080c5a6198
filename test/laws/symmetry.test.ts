/** Symmetries: what must not matter does not. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { problemText, stream } from "../../src/core/index.ts";
import { createSimulation } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { randomRuns } from "../support/random-scenario.ts";
import { simulate } from "../support/simulate.ts";
import { scenarioOf, traceOf } from "../support/small-scenarios.ts";
import {
  LAW_TIMEOUT_MS,
  lawRuns,
  record,
  rowsOf,
  withoutSessions,
  withSections,
} from "./law-runs.ts";

/** Routers that draw nothing, not even among equals. */
const SURE_ROUTERS = ["round_robin", "least_loaded", "sglang_cache_aware", "consistent_hash"];

test(
  "the seed matters only where something is random",
  () => {
    let differ = 0;
    fc.assert(
      fc.property(randomRuns, (run) => {
        const { scenario } = run;
        const digest = (seed: number): string =>
          simulate({ ...run, scenario: { ...scenario, seed } }).report.digest;
        const isRandom =
          ["poisson", "gamma"].includes(scenario.traffic.arrivals.mode) ||
          scenario.engine.speculation !== null ||
          (!SURE_ROUTERS.includes(scenario.router.policy) && scenario.cluster.workers > 1) ||
          scenario.router.kv_event_loss > 0 ||
          scenario.router.metrics_loss > 0;
        const [one, same, other] = [digest(5), digest(5), digest(6)];
        expect(same).toBe(one);
        if (!isRandom) expect(other).toBe(one);
        else if (other !== one) differ++;
      }),
      lawRuns(100),
    );
    expect(differ).toBeGreaterThan(20);
  },
  LAW_TIMEOUT_MS,
);

/** The same blocks under other numbers. */
function renamed(trace: Trace, seed: number): Trace {
  const { hashes } = trace;
  if (hashes === undefined) return trace;
  const random = stream(seed, "renamed");
  const names = Uint32Array.from({ length: hashes.idCount }, (_, id) => id);
  for (let i = names.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [names[i], names[j]] = [names[j]!, names[i]!];
  }
  const rowStart = new Uint32Array(trace.rows + 1);
  const start: number[] = [];
  for (let row = 0; row < trace.rows; row++) {
    rowStart[row] = start.length;
    for (let run = hashes.rowStart[row]!; run < hashes.rowStart[row + 1]!; run++) {
      for (let i = 0; i < hashes.length[run]!; i++) start.push(names[hashes.start[run]! + i]!);
    }
  }
  rowStart[trace.rows] = start.length;
  const length = new Uint32Array(start.length).fill(1);
  return {
    ...trace,
    hashes: { rowStart, start: Uint32Array.from(start), length, idCount: hashes.idCount },
  };
}

test(
  "block ids are names: other numbers, cut into other runs, give the same results",
  () => {
    let cached = 0;
    fc.assert(
      fc.property(
        // A full index, of events or of decisions, forgets in order of the numbers.
        randomRuns.filter(({ scenario: { router }, trace }) => {
          const isEndless = router.kv_events || router.approximate_blocks > 20;
          return trace.hashes !== undefined && router.index_blocks === null && isEndless;
        }),
        (run) => {
          const { report } = simulate(run);
          const other = simulate({ ...run, trace: renamed(run.trace, run.scenario.seed) }).report;
          expect(other.digest).toBe(report.digest);
          cached += report.tokens.cached;
        },
      ),
      lawRuns(150),
    );
    expect(cached).toBeGreaterThan(5000);
  },
  LAW_TIMEOUT_MS,
);

test(
  "round robin over n workers is n workers alone, each with every n-th request",
  () => {
    fc.assert(
      fc.property(randomRuns, fc.constantFrom(2, 3), (run, workers) => {
        const trace = withoutSessions(run.trace);
        const base = withSections(run.scenario, {
          // A row that names its worker takes no turn.
          router: { policy: "round_robin", trace_pins: false },
          traffic: {},
          // A request's luck with drafts is its row's, and rows get other numbers here.
          engine: { ...run.scenario.engine, speculation: null },
        });
        const together = record({
          ...run,
          trace,
          scenario: { ...base, cluster: { ...base.cluster, workers } },
        });
        const all = rowsOf(together);
        // Refused requests take no turn.
        const routed = all.filter((row) => row[7]! >= 0);
        for (let worker = 0; worker < workers; worker++) {
          const own = routed.filter((_, i) => i % workers === worker);
          const part = rowsOnly(
            trace,
            own.map((row) => row[0]!),
          );
          const alone = rowsOf(
            record({
              ...run,
              trace: part,
              scenario: { ...base, cluster: { ...base.cluster, workers: 1 } },
            }),
          );
          // The row's number and the worker's name are all that differs.
          const plain = (rows: readonly number[][]): number[][] =>
            rows.map((row) => [...row.slice(1, 7), row[8]!]);
          expect(own.every((row) => row[7] === worker)).toBe(true);
          expect(plain(alone)).toEqual(plain(own));
        }
      }),
      lawRuns(100),
    );
  },
  LAW_TIMEOUT_MS,
);

function rowsOnly(trace: Trace, rows: readonly number[]): Trace {
  const { hashes, hints } = trace;
  const column = <T extends number>(from: ArrayLike<T>): T[] => rows.map((row) => from[row]!);
  const keepUs = hints?.keepUs && Float64Array.from(column(hints.keepUs));
  const part: Trace = {
    ...trace,
    ...(keepUs === undefined ? {} : { hints: { ...hints, keepUs } }),
    rows: rows.length,
    arrivalUs: Float64Array.from(column(trace.arrivalUs)),
    inputTokens: Uint32Array.from(column(trace.inputTokens)),
    outputTokens: Uint32Array.from(column(trace.outputTokens)),
  };
  if (hashes === undefined) return part;
  const rowStart = new Uint32Array(rows.length + 1);
  const start: number[] = [];
  const length: number[] = [];
  rows.forEach((row, i) => {
    rowStart[i] = start.length;
    start.push(...hashes.start.slice(hashes.rowStart[row]!, hashes.rowStart[row + 1]!));
    length.push(...hashes.length.slice(hashes.rowStart[row]!, hashes.rowStart[row + 1]!));
  });
  rowStart[rows.length] = start.length;
  return {
    ...part,
    hashes: {
      rowStart,
      start: Uint32Array.from(start),
      length: Uint32Array.from(length),
      idCount: hashes.idCount,
    },
  };
}

test(
  "progress in slices of any size, with or without a look in between, is the same run",
  () => {
    fc.assert(
      fc.property(randomRuns, fc.integer({ min: 1, max: 40 }), (run, most) => {
        const simulation = createSimulation(run);
        if (!simulation.ok) throw new Error(problemText(simulation.problem));
        const { value } = simulation;
        let before = 0;
        while (value.advance(most)) {
          expect(value.fraction).toBeGreaterThanOrEqual(before);
          expect(value.fraction).toBeLessThanOrEqual(1);
          before = value.fraction;
        }
        expect(value.finish(0).report.digest).toBe(simulate(run).report.digest);
      }),
      lawRuns(100),
    );
  },
  LAW_TIMEOUT_MS,
);

test("more workers never wait longer: identical requests, random arrivals, four policies", () => {
  const rows = Array.from({ length: 3000 }, () => ({ at: 0, input: 100, output: 40 }));
  const trace = traceOf(rows);
  for (const policy of ["round_robin", "random", "least_loaded", "power_of_two"]) {
    let before = Infinity;
    for (const workers of [1, 2, 3, 4, 8]) {
      // 50 ms each in batches of 4: the lone worker is overloaded, eight hardly queue.
      const scenario = scenarioOf(
        { max_num_seqs: 4, step_time: { type: "fixed", prefill_ms: 11, decode_ms: 1 } },
        {
          cluster: { workers },
          router: { policy },
          traffic: { arrivals: { mode: "poisson", rate_per_s: 70 } },
        },
      );
      const mean = simulate({ scenario, trace }).report.latency.queueMs.mean!;
      expect(mean).toBeLessThan(before * 1.02 + 0.01);
      before = mean;
    }
  }
});
