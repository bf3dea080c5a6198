/** Laws of time: cause before effect, no knowledge of the future, and no clock but the scenario's. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import { REQUEST_COMPLETED, REQUEST_REJECTED } from "../../src/sim/index.ts";
import type { Scenario } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { randomRuns } from "../support/random-scenario.ts";
import { scenarioOf } from "../support/small-scenarios.ts";
import {
  LAW_TIMEOUT_MS,
  lawRuns,
  record,
  rowsOf,
  TIMES,
  waitsAtRouter,
  withoutSessions,
  withSections,
} from "./law-runs.ts";
import { randomTraces } from "./naive-traces.ts";

test(
  "arrival ≤ admission < first token ≤ end, and queues that nobody reorders keep their order",
  () => {
    fc.assert(
      fc.property(randomRuns, (run) => {
        const { requests, report } = record(run);
        const { block_size: size, scheduler } = run.scenario.engine;
        const { queue, replicas } = run.scenario.router;
        const mayWait = waitsAtRouter(queue);
        // One process keeps the order of those who wait in one queue; what each worker gets of them is in that order too.
        const isOneQueue = queue.fair_by === "none" && queue.classes.length === 0;
        const isRouterInOrder =
          !mayWait || (queue.policy === "fcfs" && isOneQueue && replicas === 1);
        const isInOrder = isRouterInOrder && (scheduler === "vllm" || scheduler === "static");
        const lastAdmitted = new Map<number, number>();
        for (let i = 0; i < requests.rows; i++) {
          const arrival = requests.arrivalUs[i]!;
          const admitted = requests.admittedUs[i]!;
          const first = requests.firstTokenUs[i]!;
          const finish = requests.finishUs[i]!;
          const output = requests.outputTokens[i]!;
          const worker = requests.worker[i]!;
          if (i > 0) expect(arrival).toBeGreaterThanOrEqual(requests.arrivalUs[i - 1]!);
          if (requests.status[i] === REQUEST_REJECTED) {
            expect([admitted, first, worker]).toEqual([NaN, NaN, -1]);
            if (mayWait) expect(finish).toBeGreaterThanOrEqual(arrival);
            else expect(finish).toBe(arrival);
            continue;
          }
          expect(worker).toBeLessThan(report.workers.length);
          // Never admitted is later than any time.
          const order = Number.isNaN(admitted) ? Infinity : admitted;
          const before = isInOrder ? (lastAdmitted.get(worker) ?? 0) : 0;
          expect(order).toBeGreaterThanOrEqual(Math.max(arrival, before));
          lastAdmitted.set(worker, order);
          if (!Number.isNaN(first)) expect(first).toBeGreaterThan(admitted);
          expect(requests.cachedTokens[i]! % size).toBe(0);
          expect(requests.cachedTokens[i]).toBeLessThan(requests.inputTokens[i]!);
          if (requests.status[i] !== REQUEST_COMPLETED) continue;
          expect(Number.isNaN(first)).toBe(output === 0);
          // A step takes a microsecond at least.
          if (output > 0) expect(finish - first).toBeGreaterThanOrEqual(output - 1);
          else expect(finish).toBeGreaterThan(admitted);
        }
      }),
      lawRuns(150),
    );
  },
  LAW_TIMEOUT_MS,
);

/** The same rows up to `from`, other lengths and prompts behind it. */
function withOtherFuture(trace: Trace, from: number, seed: number): Trace {
  const random = stream(seed, "other-future");
  const inputTokens = trace.inputTokens.slice();
  const outputTokens = trace.outputTokens.slice();
  for (let row = from; row < trace.rows; row++) {
    // Shorter, so that ids that are left still cover the prompt.
    inputTokens[row] = 1 + random.int(inputTokens[row]!);
    outputTokens[row] = random.int(60);
  }
  return { ...trace, inputTokens, outputTokens };
}

/** A time that lies behind `cut` says no more than that. */
function upTo(rows: readonly number[][], cut: number, { router }: Scenario): number[][] {
  const mayWait = waitsAtRouter(router.queue);
  return rows.map((row) => {
    const known = row.slice();
    for (const at of TIMES) if (!(known[at]! < cut)) known[at] = Infinity;
    // Whether it was preempted or how it ended belongs to the time of its end.
    if (known[4] === Infinity) known[6] = known[8] = NaN;
    if (known[2] === Infinity) known[5] = NaN;
    // Its worker belongs to its arrival or, where requests wait at the router, to some time before its admission.
    if (mayWait && known[2] === Infinity) known[7] = NaN;
    return known;
  });
}

test(
  "no future knowledge: other rows behind an instant change nothing before it",
  () => {
    let changed = 0;
    fc.assert(
      fc.property(randomRuns, fc.double({ min: 0, max: 1, noNaN: true }), (run, share) => {
        const trace = withoutSessions(run.trace);
        const from = Math.floor(share * (trace.rows - 1));
        const one = rowsOf(record({ ...run, trace }));
        const cut = one[from]?.[1] ?? Infinity;
        const other = withOtherFuture(trace, from, run.scenario.seed);
        const two = rowsOf(record({ ...run, trace: other }));
        expect(upTo(two.slice(0, from), cut, run.scenario)).toEqual(
          upTo(one.slice(0, from), cut, run.scenario),
        );
        if (JSON.stringify(one) !== JSON.stringify(two)) changed++;
      }),
      lawRuns(200),
    );
    expect(changed).toBeGreaterThan(50);
  },
  LAW_TIMEOUT_MS,
);

test(
  "a horizon cuts the run and changes nothing before it",
  () => {
    let cutShort = 0;
    fc.assert(
      fc.property(randomRuns, fc.constantFrom(0.2, 0.5, 0.8), (run, share) => {
        const { traffic } = run.scenario;
        const lastUs = Math.max(...run.trace.arrivalUs.filter((us) => !Number.isNaN(us)));
        // Whole milliseconds, at least one.
        const horizon = Math.max(1, Math.round((share * lastUs) / 1000)) / 1000;
        const limited = (horizon_s: number | null): number[][] =>
          rowsOf(
            record({
              ...run,
              scenario: withSections(run.scenario, { traffic: { ...traffic, horizon_s } }),
            }),
          );
        const short = limited(horizon);
        const whole = limited(null);
        const endUs = horizon * 1e6;
        expect(whole.slice(short.length).every((row) => row[1]! > endUs)).toBe(true);
        // At the horizon itself everything still happens.
        const before = endUs + 0.5;
        expect(upTo(short, before, run.scenario)).toEqual(
          upTo(whole.slice(0, short.length), before, run.scenario),
        );
        if (short.length < whole.length) cutShort++;
      }),
      lawRuns(100),
    );
    expect(cutShort).toBeGreaterThan(40);
  },
  LAW_TIMEOUT_MS,
);

test(
  "twice as slow in everything is twice as late in everything",
  () => {
    const knobs = fc.record({
      maxSeqs: fc.constantFrom(1, 4, 64),
      beyond: fc.constantFrom(0, 40, 4000),
      blocks: fc.constantFrom(130, 400, 5000),
      mode: fc.constantFrom("lifo" as const, "fifo" as const),
      workers: fc.constantFrom(1, 3),
      policy: fc.constantFrom("round_robin", "least_loaded", "random"),
      arrivals: fc.constantFrom("timestamps" as const, "closed" as const),
    });
    fc.assert(
      fc.property(knobs, randomTraces, (k, trace) => {
        const scaled = (times: number): number[][] => {
          const scenario = scenarioOf(
            {
              block_size: 8,
              num_gpu_blocks: k.blocks,
              max_num_seqs: k.maxSeqs,
              max_num_batched_tokens: k.maxSeqs + k.beyond,
              preemption_mode: k.mode,
              // Whole microseconds, so that no rounding depends on the scale.
              step_time: {
                type: "linear",
                base_us: 900 * times,
                token_us: 3 * times,
                decode_request_us: 2 * times,
                decode_context_us: times,
              },
            },
            {
              cluster: { workers: k.workers },
              router: { policy: k.policy },
              traffic: {
                arrivals:
                  k.arrivals === "closed"
                    ? { mode: "closed", concurrency: 5 }
                    : { mode: "timestamps", speedup: 1 / times },
              },
            },
          );
          return rowsOf(record({ scenario, trace }));
        };
        const once = scaled(1);
        const twice = once.map((row) =>
          row.map((value, at) => ((TIMES as readonly number[]).includes(at) ? 2 * value : value)),
        );
        expect(scaled(2)).toEqual(twice);
      }),
      lawRuns(150),
    );
  },
  LAW_TIMEOUT_MS,
);
