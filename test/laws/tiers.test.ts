/** KV tiers change no law: both modes agree to the bit, looking does not disturb, every block is accounted for. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import { scenarioSchema } from "../../src/sim/index.ts";
import type { Report, SimulationInputs } from "../../src/sim/index.ts";
import { randomTierRuns } from "../support/random-tiers.ts";
import { simulate } from "../support/simulate.ts";
import { TEN_AND_ONE, traceOf } from "../support/small-scenarios.ts";
import type { Row } from "../support/small-scenarios.ts";

const RUNS = Number(process.env["HEADWORKS_LAW_RUNS"] ?? 400);
const SEED = Number(process.env["HEADWORKS_LAW_SEED"] ?? 20261120);

function comparable(report: Report): unknown {
  return { ...report, events: 0 };
}

type Reasons = {
  -readonly [reason in keyof NonNullable<Report["kv"]["g1"]>["missedTokens"]]?: number;
};

/** Every token that a level has not is asked of the next, and missed for one reason; adds the reasons up. */
function countMisses({ kv, pools }: Report, reasons: Reasons): void {
  const levels = pools.length > 1 ? [] : (kv.tiers ?? []);
  let asked = kv.g1!.askedTokens;
  for (const level of [kv.g1!, ...levels]) {
    const missed = Object.values(level.missedTokens).reduce((sum, count) => sum + count, 0);
    expect(level.askedTokens).toBe(asked);
    expect(level.hitTokens + missed).toBe(level.askedTokens);
    asked = missed;
    for (const reason of Object.keys(reasons) as (keyof Reasons)[])
      reasons[reason]! += level.missedTokens[reason];
  }
}

test(`with tiers, fast and step by step agree on ${RUNS} random scenarios`, () => {
  let fetched = 0;
  let fromPeers = 0;
  const reasons = { neverSeen: 0, evicted: 0, onAnotherWorker: 0, partialBlock: 0, refused: 0 };
  let cancelled = 0;
  fc.assert(
    fc.property(randomTierRuns, fc.constantFrom(undefined, 30_000), (run, interval) => {
      const watch = {
        requests: true,
        slices: 10_000,
        auditEvery: 10,
        ...(interval === undefined ? {} : { seriesIntervalUs: interval }),
      };
      const fast = simulate(run, watch);
      const steps = simulate(run, { ...watch, stepByStep: true });
      expect(comparable(fast.report)).toEqual(comparable(steps.report));
      expect(fast.requests).toEqual(steps.requests);
      expect(fast.series).toEqual(steps.series);
      expect(fast.slices).toEqual(steps.slices);
      expect(simulate(run).report.digest).toBe(fast.report.digest);
      const { tokensBySource: tokens } = fast.report.kv;
      if (tokens === undefined) return;
      const { computed, g1, g2, g3, g4, peer } = tokens;
      expect(computed + g1 + g2 + g3 + g4 + peer).toBe(fast.report.tokens.input);
      for (const count of Object.values(tokens)) expect(count).toBeGreaterThanOrEqual(0);
      fetched += g2 + g3 + g4;
      fromPeers += peer;
      cancelled += fast.report.requests.cancelled;
      countMisses(fast.report, reasons);
    }),
    { numRuns: RUNS, seed: SEED },
  );
  // The scenarios must reach the hard parts, or the test proves little.
  expect(fetched).toBeGreaterThan(RUNS);
  expect(fromPeers).toBeGreaterThan(RUNS / 4);
  expect(cancelled).toBeGreaterThan(RUNS / 4);
  for (const [reason, tokens] of Object.entries(reasons))
    expect(tokens, reason).toBeGreaterThan(RUNS);
}, 180_000);

/** A GPU that holds one or two prompts, a host that holds some more, a drive that holds all; conversations that take turns. */
const lifts = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  rows: fc.integer({ min: 10, max: 60 }),
  workers: fc.integer({ min: 1, max: 2 }),
  conversations: fc.integer({ min: 2, max: 7 }),
  waitUs: fc.constantFrom(100_000, 1_000_000),
  scheduler: fc.constantFrom("vllm" as const, "sglang" as const, "tensorrt_llm" as const),
  gpuBlocks: fc.constantFrom(40, 70),
  hostBlocks: fc.constantFrom(10, 30, 60),
  latency_us: fc.constantFrom(0, 3, 20_000),
  read_bytes_per_s: fc.constantFrom(1e6, 1e8),
  scope: fc.constantFrom("worker" as const, "cluster" as const),
  predict: fc.constantFrom("observed" as const, "declared" as const),
  lead_s: fc.constantFrom(0, 0.05, 0.3),
  crash: fc.constantFrom(null, null, 1.5),
});

const LIFT_BLOCK = 8;
const LIFT_PATH = 25;

function liftRun(lift: typeof lifts extends fc.Arbitrary<infer T> ? T : never): SimulationInputs {
  const random = stream(lift.seed, "prefetch-law");
  const last: number[] = [];
  const rows = Array.from({ length: lift.rows }, (_, row): Row => {
    const one = random.int(lift.conversations);
    const parent = last[one];
    last[one] = row;
    const ids = Array.from({ length: LIFT_PATH }, (_id, i) => one * LIFT_PATH + i);
    const request = { input: LIFT_PATH * LIFT_BLOCK, output: 1 + random.int(4), ids };
    if (parent === undefined) return { at: row * 30_000, ...request };
    return { at: NaN, ...request, parent, delayUs: random.int(lift.waitUs) };
  });
  const tier = { offload: "pass_all", eviction: "lru", scope: lift.scope };
  const { hostBlocks, latency_us, read_bytes_per_s, predict, lead_s, crash } = lift;
  const scenario = scenarioSchema.parse({
    seed: lift.seed,
    cluster: { workers: lift.workers },
    engine: {
      block_size: LIFT_BLOCK,
      num_gpu_blocks: lift.gpuBlocks,
      scheduler: lift.scheduler,
      step_time: TEN_AND_ONE,
    },
    kv: {
      tiers: [
        { level: "g2", capacity_blocks: hostBlocks, ...tier },
        { level: "g3", capacity_blocks: 5000, ...tier, latency_us, read_bytes_per_s },
      ],
      bytes_per_token: 1000,
      host_bytes_per_s: 1e9,
      onboard: "always",
      prefetch: { into: "g2", predict, lead_s },
    },
    ...(crash === null ? {} : { faults: { events: [{ at_s: crash, kind: "crash", worker: 0 }] } }),
  });
  return { scenario, trace: traceOf(rows, LIFT_BLOCK) };
}

test(`with prefetches, fast and step by step agree on ${RUNS} random scenarios`, () => {
  const sum = { blocks: 0, usedBlocks: 0, wastedBlocks: 0, cancelled: 0, unneeded: 0 };
  const faults = { fault: 0 };
  const calm = { fault: 0 };
  fc.assert(
    fc.property(lifts, (lift) => {
      const run = liftRun(lift);
      const watch = { requests: true, auditEvery: 10 };
      const fast = simulate(run, watch);
      const steps = simulate(run, { ...watch, stepByStep: true });
      expect(comparable(fast.report)).toEqual(comparable(steps.report));
      expect(fast.requests).toEqual(steps.requests);
      countMisses(fast.report, lift.crash === null ? calm : faults);
      const prefetch = fast.report.kv.prefetch!;
      for (const count of Object.values(prefetch)) expect(count).toBeGreaterThanOrEqual(0);
      expect(prefetch.started + prefetch.unneeded).toBeLessThanOrEqual(prefetch.expectedTurns);
      expect(prefetch.usedBlocks + prefetch.wastedBlocks).toBe(prefetch.blocks);
      // Of each turn's prompt at most all but the last block.
      expect(prefetch.usedBlocks).toBeLessThanOrEqual(prefetch.started * (LIFT_PATH - 1));
      const { g2 } = fast.report.kv.tokensBySource!;
      const lost = fast.report.kv.onboarding!.lostTokens;
      // What a turn could use it has fetched, in these scenarios, unless its fetch was lost.
      if (lift.crash === null)
        expect(g2 + lost).toBeGreaterThanOrEqual(prefetch.usedBlocks * LIFT_BLOCK);
      for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += prefetch[key];
    }),
    { numRuns: RUNS, seed: SEED },
  );
  for (const [name, count] of Object.entries(sum)) expect(count, name).toBeGreaterThan(RUNS / 4);
  // What a worker's death took is missed for that reason, and nothing else is.
  expect(faults.fault).toBeGreaterThan(RUNS);
  expect(calm.fault).toBe(0);
}, 180_000);
