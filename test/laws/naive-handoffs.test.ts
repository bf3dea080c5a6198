/** Hand-offs against a second, naive cluster, request by request, on random scenarios small enough to be wild. */

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  REQUEST_COMPLETED,
  REQUEST_FAILED,
  REQUEST_REJECTED,
  scenarioSchema,
} from "../../src/sim/index.ts";
import type { Scenario } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { simulate } from "../support/simulate.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";
import { NaiveCluster } from "./naive-handoffs.ts";
import { stepTimes } from "./naive-step-times.ts";
import { randomTraces } from "./naive-traces.ts";

const ways = fc.record({
  way: fc.constantFrom(
    ["sync", "source_first"] as const,
    ["bootstrap", "source_first"] as const,
    ["bootstrap", "destination_first"] as const,
    ["push", "auto"] as const,
  ),
  first_token: fc.constantFrom("decode_step" as const, "handed_over" as const),
  transfer: fc.constantFrom("destination_missing" as const, "full_prompt" as const),
  kv_bytes_per_token: fc.constantFrom(1000, 4096),
  bandwidth_gb_per_s: fc.constantFrom(0.0625, 1, 50),
  setup_us: fc.constantFrom(0, 100, 20_000.5),
  control_us: fc.constantFrom(1, 1000, 30_000),
  timeout_s: fc.constantFrom(0.02, 0.5, 480, 480),
  fallback: fc.constantFrom("local" as const, "local" as const, "fail" as const),
});

const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    stepTime: stepTimes,
    ways,
    prefill: fc.integer({ min: 1, max: 3 }),
    decode: fc.integer({ min: 1, max: 3 }),
    share: fc.constantFrom(1, 1, 0.5),
    transferFailure: fc.constantFrom(0, 0, 0, 0, 1),
    blockSize: fc.constantFrom(1, 3, 16, 64),
    poolTokens: fc.constantFrom(300, 1_500, 5_000),
    maxSeqs: fc.constantFrom(1, 3, 16, 256),
    budgetBeyond: fc.constantFrom(0, 5, 300, 8_000),
    caching: fc.constantFrom(true, true, false),
    mode: fc.constantFrom("lifo" as const, "fifo" as const),
    watermark: fc.constantFrom(0, 0, 0.1),
    fullIsl: fc.boolean(),
  })
  .map((r) => {
    const { way, ...disagg } = r.ways;
    const blocks = Math.max(2, Math.ceil(r.poolTokens / r.blockSize));
    // Where prompts are shared, a decode worker computes one in one piece: of one that is computed in pieces while another lands with the
    // same blocks, the engine holds the whole run at once, the naive cluster block by block.
    const wide = r.caching ? { max_num_batched_tokens: 100_000 } : {};
    const small = { num_gpu_blocks: Math.max(2, Math.floor(blocks * r.share)) };
    return scenarioSchema.parse({
      cluster: {
        pools: [
          { name: "p", role: "prefill", workers: r.prefill, engine: small },
          { name: "d", role: "decode", workers: r.decode, engine: wide },
        ],
      },
      engine: {
        block_size: r.blockSize,
        num_gpu_blocks: blocks,
        max_num_seqs: r.maxSeqs,
        max_num_batched_tokens: r.maxSeqs + r.budgetBeyond,
        enable_prefix_caching: r.caching,
        preemption_mode: r.mode,
        watermark: r.watermark,
        scheduler_reserve_full_isl: r.fullIsl,
        step_time: r.stepTime,
      },
      disagg: { ...disagg, dispatch: way[0], reserve: way[1] },
      faults: { rates: { transfer_failure: r.transferFailure } },
    });
  });

/** Runs both on the scenario, and holds one to the other. */
function compare(scenario: Scenario, trace: Trace): NaiveCluster {
  const naive = new NaiveCluster(scenario, trace);
  naive.run();
  const { report, requests } = simulate({ scenario, trace }, { requests: true, auditEvery: 10 });
  const columns = requests!;
  expect(columns.rows).toBe(trace.rows);
  for (let i = 0; i < columns.rows; i++) {
    const want = naive.requests[columns.row[i]!]!;
    const { row, worker, admitted, first, finish, cached, preemptions } = want;
    const status = want.rejected
      ? REQUEST_REJECTED
      : want.failed
        ? REQUEST_FAILED
        : REQUEST_COMPLETED;
    expect({
      row,
      status: columns.status[i],
      worker: columns.worker[i],
      admitted: columns.admittedUs[i],
      first: columns.firstTokenUs[i],
      finish: columns.finishUs[i],
      cached: columns.cachedTokens[i],
      preemptions: columns.preemptions[i],
    }).toEqual({ row, status, worker, admitted, first, finish, cached, preemptions });
  }
  const { handoffs, fallbacks, timeouts, bytes, totals } = naive;
  expect(report.disagg).toMatchObject({ handoffs, fallbacks, timeouts, bytes });
  expect(report.kv.preemptions).toBe(totals.preemptions);
  expect(report.kv.evictedBlocks).toBe(totals.evicted);
  expect(report.batch.steps).toBe(totals.steps);
  return naive;
}

test(
  "the naive cluster agrees on every request",
  () => {
    const runs = lawRuns(600);
    const reached = { handoffs: 0, fallbacks: 0, timeouts: 0, failed: 0, cached: 0, preempted: 0 };
    fc.assert(
      fc.property(scenarios, randomTraces, (scenario, trace) => {
        const naive = compare(scenario, trace);
        reached.handoffs += naive.handoffs;
        reached.fallbacks += naive.fallbacks;
        reached.timeouts += naive.timeouts;
        reached.preempted += naive.totals.preemptions;
        for (const { failed, cached } of naive.requests) {
          if (failed) reached.failed++;
          if (cached > 0) reached.cached++;
        }
      }),
      runs,
    );
    // The scenarios must reach the hard parts, or the test proves little.
    for (const count of Object.values(reached)) expect(count).toBeGreaterThan(runs.numRuns / 4);
  },
  LAW_TIMEOUT_MS,
);
