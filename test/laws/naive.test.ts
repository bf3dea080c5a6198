/** The engine against a second, naive one, request by request, on random scenarios small enough to be wild. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import {
  REQUEST_CANCELLED,
  REQUEST_COMPLETED,
  REQUEST_REJECTED,
  scenarioSchema,
} from "../../src/sim/index.ts";
import type { Scenario } from "../../src/sim/index.ts";
import { draftLuck } from "../../src/sim/worker-knobs.ts";
import type { Trace } from "../../src/trace/index.ts";
import { scenarioOf, traceOf } from "../support/small-runs.ts";
import { simulate } from "../support/simulate.ts";
import { runNaively } from "./naive-engine.ts";
import { randomTraces, randomTurns } from "./naive-traces.ts";
import { stepTimes } from "./naive-step-times.ts";
import type { NaiveDrafts } from "./naive-worker.ts";

const RUNS = Number(process.env["HEADWORKS_LAW_RUNS"] ?? 800);
const SEED = Number(process.env["HEADWORKS_LAW_SEED"] ?? 20261121);

/** For how long hints ask to keep blocks: mostly short, so that times are over within runs of decode steps, and ties. */
const KEEPS_US = [0, 0, 1, 5_000, 20_000, 20_500, 100_000, 1_000_000, 1e9];

const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    stepTime: stepTimes,
    workers: fc.constantFrom(1, 1, 3),
    blockSize: fc.constantFrom(1, 3, 16, 64),
    poolTokens: fc.constantFrom(60, 300, 1_500, 5_000),
    maxSeqs: fc.constantFrom(1, 3, 16, 256),
    budgetBeyond: fc.constantFrom(0, 5, 300, 8_000),
    caching: fc.constantFrom(true, true, false),
    chunked: fc.constantFrom(true, true, true, false),
    mode: fc.constantFrom("lifo" as const, "fifo" as const),
    watermark: fc.constantFrom(0, 0, 0.1),
    fullIsl: fc.boolean(),
    modelLen: fc.constantFrom(null, null, 50),
    scheduler: fc.constantFrom("vllm" as const, "sglang" as const, "tensorrt_llm" as const),
    capacity: fc.constantFrom("guaranteed_no_evict" as const, "max_utilization" as const),
    lpm: fc.boolean(),
    mixedChunk: fc.constantFrom(false, false, true),
    conservativeness: fc.constantFrom(0, 0, 0.1, 1, 3),
    chunkBlocks: fc.constantFrom(1, 4, 100),
    prefillTokens: fc.constantFrom(1, 300, 16_384),
  })
  .map((r) =>
    scenarioSchema.parse({
      cluster: { workers: r.workers },
      engine: {
        block_size: r.blockSize,
        num_gpu_blocks: Math.max(2, Math.ceil(r.poolTokens / r.blockSize)),
        max_num_seqs: r.maxSeqs,
        max_num_batched_tokens: Math.max(
          r.maxSeqs + r.budgetBeyond,
          r.scheduler === "tensorrt_llm" ? r.blockSize : 0,
        ),
        scheduler: r.scheduler,
        capacity_scheduler_policy: r.capacity,
        schedule_policy: r.lpm ? "lpm" : "fcfs",
        enable_mixed_chunk: r.mixedChunk,
        schedule_conservativeness: r.conservativeness,
        chunked_prefill_size: r.chunkBlocks * r.blockSize,
        max_prefill_tokens: r.prefillTokens,
        max_model_len: r.modelLen,
        enable_prefix_caching: r.caching,
        enable_chunked_prefill: r.chunked,
        preemption_mode: r.scheduler === "tensorrt_llm" ? "lifo" : r.mode,
        watermark: r.scheduler === "vllm" ? r.watermark : 0,
        scheduler_reserve_full_isl: r.fullIsl,
        step_time: r.stepTime,
      },
    }),
  );

/** Runs both engines on the scenario and holds one to the other, request by request. */
function compare(
  scenario: Scenario,
  trace: Trace,
  drafts?: NaiveDrafts,
): ReturnType<typeof runNaively> {
  const { requests, totals } = runNaively(scenario, trace, drafts);
  const ours = simulate({ scenario, trace }, { requests: true, auditEvery: 10 });
  const { report } = ours;
  const columns = ours.requests!;
  expect(columns.rows).toBe(trace.rows);
  for (let i = 0; i < columns.rows; i++) {
    const want = requests[columns.row[i]!]!;
    const got = {
      row: want.row,
      status: columns.status[i],
      worker: columns.worker[i],
      admitted: columns.admittedUs[i],
      first: columns.firstTokenUs[i],
      finish: columns.finishUs[i],
      cached: columns.cachedTokens[i],
      preemptions: columns.preemptions[i],
    };
    expect(got).toEqual({
      row: want.row,
      status: want.rejected
        ? REQUEST_REJECTED
        : want.cancelled
          ? REQUEST_CANCELLED
          : REQUEST_COMPLETED,
      worker: want.worker,
      admitted: want.admitted,
      first: want.first,
      finish: want.finish,
      cached: want.cached,
      preemptions: want.preemptions,
    });
  }
  expect(report.kv.preemptions).toBe(totals.preemptions);
  expect(report.kv.evictedBlocks).toBe(totals.evicted);
  expect(report.batch.steps).toBe(totals.steps);
  // Extremes are exact but for the rounding of ends to microseconds, means are those of bins 0.1 % wide.
  const gaps = totals.gaps.toSorted((a, b) => a - b);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const { max, mean: binned } = report.latency.itlMs;
  if (gaps.length === 0) expect(max).toBeNull();
  else {
    expect(Math.abs(max! * 1000 - gaps.at(-1)!)).toBeLessThanOrEqual(1);
    expect(Math.abs(binned! * 1000 - mean)).toBeLessThanOrEqual(1 + mean / 1000);
  }
  return { requests, totals };
}

test(`the naive engine agrees on every request of ${RUNS} random scenarios`, () => {
  const reached = { preemptions: 0, cached: 0, evicted: 0, rejected: 0, shared: 0 };
  const preempted = { vllm: 0, sglang: 0, tensorrt_llm: 0, static: 0 };
  fc.assert(
    fc.property(scenarios, randomTraces, (scenario, trace) => {
      const { requests, totals } = compare(scenario, trace);
      for (const { rejected, cached } of requests) {
        if (rejected) reached.rejected++;
        else if (cached > 0) reached.shared++;
        reached.cached += cached;
      }
      preempted[scenario.engine.scheduler] += totals.preemptions;
      reached.preemptions += totals.preemptions;
      reached.evicted += totals.evicted;
    }),
    { numRuns: RUNS, seed: SEED },
  );
  // The scenarios must reach the hard parts, or the test proves little.
  for (const count of Object.values(reached)) expect(count).toBeGreaterThan(RUNS / 4);
  for (const name of ["vllm", "sglang", "tensorrt_llm"] as const) {
    expect(preempted[name], name).toBeGreaterThan(RUNS / 50);
  }
}, 600_000);

test(`the naive engine agrees where turns find answers, on ${RUNS} random scenarios`, () => {
  const reached = { more: 0, less: 0, evicted: 0, preempted: 0 };
  const mostly = fc.constantFrom(true, true, true, false);
  fc.assert(
    fc.property(scenarios, randomTurns, mostly, (scenario, trace, cache_generated_tokens) => {
      const engine = { ...scenario.engine, cache_generated_tokens };
      const traffic = { ...scenario.traffic, sessions: "open" as const };
      const { requests, totals } = compare({ ...scenario, engine, traffic }, trace);
      if (!cache_generated_tokens) return;
      const without = runNaively(
        { ...scenario, engine: { ...engine, cache_generated_tokens: false } },
        trace,
      );
      const of = (list: typeof requests): number => list.reduce((sum, one) => sum + one.cached, 0);
      if (of(requests) > of(without.requests)) reached.more++;
      if (of(requests) < of(without.requests)) reached.less++;
      reached.evicted += totals.evicted;
      reached.preempted += totals.preemptions;
    }),
    { numRuns: RUNS, seed: SEED },
  );
  // Answers must be found; now and then their blocks are in the way of others.
  expect(reached.more).toBeGreaterThan(RUNS / 20);
  expect(reached.evicted).toBeGreaterThan(RUNS / 4);
  expect(reached.preempted).toBeGreaterThan(RUNS / 4);
}, 600_000);

test(`the naive engine agrees when clients give up, on ${RUNS} random scenarios`, () => {
  const left = { waiting: 0, running: 0, answered: 0 };
  const timeouts = fc.record({
    timeout_s: fc.constantFrom(null, 0.05, 0.3, 2, 0.123457),
    ttft_timeout_s: fc.constantFrom(null, 0.02, 0.25, 1),
  });
  fc.assert(
    fc.property(scenarios, randomTraces, timeouts, (scenario, trace, clients) => {
      const { requests } = compare(
        { ...scenario, clients: { ...scenario.clients, ...clients } },
        trace,
      );
      for (const { cancelled, admitted, first } of requests) {
        if (!cancelled) continue;
        if (!Number.isNaN(first)) left.answered++;
        else if (Number.isNaN(admitted)) left.waiting++;
        else left.running++;
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
  for (const count of Object.values(left)) expect(count).toBeGreaterThan(RUNS / 4);
}, 600_000);

test(`the naive engine agrees on drafts, given how many are accepted, on ${RUNS} random scenarios`, () => {
  const reached = { preemptions: 0, evicted: 0, cancelled: 0 };
  const speculations = fc.record({
    kind: fc.constant("ngram" as const),
    num_speculative_tokens: fc.constantFrom(1, 2, 5),
    acceptance_rates: fc.constantFrom(0, 0.3, 0.8, 1),
    overhead_us: fc.constant(0),
  });
  const timeouts = fc.constantFrom(null, null, 0.3);
  fc.assert(
    fc.property(scenarios, randomTraces, speculations, timeouts, (plain, trace, speculation, s) => {
      const { max_num_seqs: seqs, max_num_batched_tokens: tokens } = plain.engine;
      const count = speculation.num_speculative_tokens;
      const engine = {
        ...plain.engine,
        speculation,
        max_num_batched_tokens: Math.max(tokens, seqs * (count + 1)),
      };
      const clients = { ...plain.clients, timeout_s: s };
      const scenario = { ...plain, engine, clients };
      const luck = draftLuck(engine, scenario.seed)!;
      const { requests, totals } = compare(scenario, trace, {
        count,
        tokensOf: (row, generated) => luck.tokensOf(row, generated),
      });
      reached.preemptions += totals.preemptions;
      reached.evicted += totals.evicted;
      for (const { cancelled } of requests) if (cancelled) reached.cancelled++;
    }),
    { numRuns: RUNS, seed: SEED },
  );
  for (const count of Object.values(reached)) expect(count).toBeGreaterThan(RUNS / 4);
}, 600_000);

test(`the naive engine agrees on blocks that hints ask to keep, on ${RUNS} random scenarios`, () => {
  let heeded = 0;
  let evicted = 0;
  fc.assert(
    fc.property(
      scenarios,
      randomTraces,
      fc.integer({ min: 1, max: 1_000_000 }),
      (base, plain, seed) => {
        const random = stream(seed, "keep");
        const keepUs = Float64Array.from(
          { length: plain.rows },
          () => KEEPS_US[random.int(KEEPS_US.length)]!,
        );
        const trace = { ...plain, hints: { keepUs } };
        const engine = { ...base.engine, enable_prefix_caching: true };
        const scenario = { ...base, engine: { ...engine, kv_retention_hints: true } };
        const { totals } = compare(scenario, trace);
        const steps = simulate({ scenario, trace }, { stepByStep: true, auditEvery: 10 }).report;
        const fast = simulate({ scenario, trace }).report;
        expect({ ...steps, events: 0, wallS: 0 }).toEqual({ ...fast, events: 0, wallS: 0 });
        const deaf = simulate({ scenario: { ...base, engine }, trace }).report;
        if (deaf.digest !== fast.digest) heeded++;
        evicted += totals.evicted;
        // Without the option hints change nothing.
        expect(deaf.digest).toBe(
          simulate({ scenario: { ...base, engine }, trace: plain }).report.digest,
        );
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
  expect(evicted).toBeGreaterThan(RUNS);
  expect(heeded).toBeGreaterThan(RUNS / 50);
}, 600_000);

test("a prompt in chunks gives way to the last decode in both engines alike", () => {
  // Rare: short prompts decode while one almost as long as the pool is computed between their tokens.
  const random = stream(SEED, "gives-way");
  let gaveWay = 0;
  for (let run = 0; run < 3000; run++) {
    const engine = {
      scheduler: "sglang",
      block_size: 1,
      num_gpu_blocks: 14 + random.int(30),
      enable_mixed_chunk: true,
      chunked_prefill_size: 2 + random.int(3),
      schedule_conservativeness: 0,
    } as const;
    const rows = Array.from({ length: 2 + random.int(5) }, () => ({
      at: 0,
      input: 1 + random.int(3),
      output: 4 + random.int(16),
    }));
    rows.push({ at: 0, input: 6 + random.int(30), output: 2 + random.int(20) });
    const { totals } = compare(scenarioOf(engine), traceOf(rows));
    gaveWay += totals.gaveWay;
  }
  expect(gaveWay).toBeGreaterThan(10);
}, 600_000);
