/** Prefetches worked out by hand: a GPU and a host that hold one prompt, a drive that holds all. */

import { expect, test } from "vitest";
import { createSimulation, scenarioSchema } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { simulate } from "../support/simulate.ts";
import { TEN_AND_ONE, traceOf } from "../support/small-scenarios.ts";

const BLOCKS = 32;
const ids = (first: number): number[] => Array.from({ length: BLOCKS }, (_, i) => first + i);
const request = { input: 16 * BLOCKS + 1, output: 2 };
/** What turns wait for, and what comes between: other prompts, which push the first one down to the drive. */
const WAIT_US = 10_000_000;
const trace: Trace = traceOf(
  [
    { at: 0, ...request, ids: ids(0) },
    { at: 2_000_000, ...request, ids: ids(100) },
    { at: 4_000_000, ...request, ids: ids(200) },
    { at: NaN, ...request, ids: ids(0), parent: 0, delayUs: WAIT_US },
    { at: NaN, ...request, ids: ids(0), parent: 3, delayUs: WAIT_US / 2 },
  ],
  16,
);

function run(prefetch: NonNullable<ScenarioInput["kv"]>["prefetch"], more: ScenarioInput = {}) {
  const scenario = scenarioSchema.parse({
    engine: { block_size: 16, num_gpu_blocks: BLOCKS + 1, step_time: TEN_AND_ONE },
    kv: {
      tiers: [
        { level: "g2", capacity_blocks: BLOCKS, offload: "pass_all", eviction: "lru" },
        {
          level: "g3",
          capacity_blocks: 1000,
          offload: "pass_all",
          read_bytes_per_s: 1e6,
          write_bytes_per_s: 1e9,
          latency_us: 0,
        },
      ],
      bytes_per_token: 1000,
      host_bytes_per_s: 1e9,
      setup_us: 0,
      onboard: "always",
      prefetch,
    },
    ...more,
  });
  const watch = { requests: true, seriesIntervalUs: 1_000_000 };
  const fast = simulate({ scenario, trace }, watch);
  const steps = simulate({ scenario, trace }, { ...watch, stepByStep: true });
  expect(steps.report.digest).toBe(fast.report.digest);
  return fast;
}

test("a turn whose prefix was brought in time reads it from host memory", () => {
  // 512 kB: half a second from the drive, half a millisecond from the host. The second prompts is taken out of row 3's way.
  const without = run({ into: "none" });
  expect(without.report.kv.prefetch).toBeUndefined();
  expect(without.report.kv.tokensBySource).toMatchObject({ g3: 512 });
  const brought = run({ into: "g2", predict: "declared", lead_s: 1 });
  expect(brought.report.kv.tokensBySource).toMatchObject({ g2: 512, g3: 0 });
  expect(brought.report.kv.prefetch).toEqual({
    expectedTurns: 2,
    // The last turn's prompt is on the GPU all the time.
    unneeded: 1,
    started: 1,
    cancelled: 0,
    blocks: BLOCKS,
    usedBlocks: BLOCKS,
    wastedBlocks: 0,
    bytes: BLOCKS * 16_000,
  });
  const wait = (of: typeof brought): number =>
    of.requests!.firstTokenUs[3]! - of.requests!.arrivalUs[3]!;
  expect(wait(without) - wait(brought)).toBeGreaterThan(500_000);
});

test("a turn that comes before all is there fetches for itself", () => {
  const late = run({ into: "g2", predict: "declared", lead_s: 0.25 });
  expect(late.report.kv.prefetch).toMatchObject({ started: 1, cancelled: 1, blocks: 0 });
  expect(late.report.kv.tokensBySource).toMatchObject({ g3: 512 });
});

test("what is brought too early is pushed out again, and wasted", () => {
  // Brought between the second prompt, at 2 s, and the third, at 4 s.
  const early = run({ into: "g2", predict: "declared", lead_s: 7 });
  expect(early.report.kv.prefetch).toMatchObject({ started: 1, blocks: BLOCKS, usedBlocks: 0 });
  expect(early.report.kv.prefetch!.wastedBlocks).toBe(BLOCKS);
  expect(early.report.kv.tokensBySource).toMatchObject({ g3: 512 });
});

test("without declared times the gaps seen so far tell", () => {
  // The first gap is nobody's; the second turn's own is ten seconds where it will be five: its timer is stopped.
  const seen = run({ into: "g2", predict: "observed", lead_s: 1 });
  expect(seen.report.kv.prefetch).toMatchObject({ expectedTurns: 2, started: 0, cancelled: 1 });
});

test("asking for it where it cannot be is a named error", () => {
  const problemOf = (kv: ScenarioInput["kv"], of: Trace) => {
    const made = createSimulation({ scenario: scenarioSchema.parse({ kv }), trace: of });
    return made.ok ? undefined : made.problem;
  };
  const one = { bytes_per_token: 1000, prefetch: { into: "g2" as const } };
  const g2 = { level: "g2" as const, capacity_blocks: 10 };
  const g3 = { level: "g3" as const, capacity_blocks: 10 };
  const alone = problemOf({ ...one, tiers: [g2] }, trace);
  expect(alone).toMatchObject({
    where: "kv.prefetch.into",
    expected: expect.stringContaining("g3"),
  });
  const { sessions: _, ...untold } = trace;
  const problem = problemOf({ ...one, tiers: [g2, g3] }, untold);
  expect(problem!.remedy).toContain("infer_sessions");
});
