/** The tier study: its runs, what it keeps, what it concludes; and the rules it compares on the bundled traces. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import {
  compareTierRules,
  concludeTierStudy,
  scenarioOfTierCase,
  tierCases,
  tierSampleOf,
  tierStudyPlan,
} from "../../src/plan/index.ts";
import type { TierSample } from "../../src/plan/index.ts";
import { scenarioSchema } from "../../src/sim/index.ts";
import type { Scenario } from "../../src/sim/index.ts";
import { importTrace } from "../../src/trace/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { hardwareOf } from "../support/hardware.ts";
import { simulate } from "../support/simulate.ts";

const TRACES = resolve(import.meta.dirname, "../../traces");

function bundled(file: string): Trace {
  const bytes = gunzipSync(readFileSync(resolve(TRACES, file)));
  const trace = importTrace(bytes, { name: file });
  if (!trace.ok) throw new Error(trace.problem.what);
  return trace.value;
}

/** A disk that all workers share and that not all of them can read at once. */
const SHARED_DISK: Scenario = scenarioSchema.parse({
  model: "llama-3.1-70b",
  gpu: "h200",
  cluster: { workers: 8, parallelism: { tensor: 4 } },
  engine: { block_size: 64, num_gpu_blocks: 6000 },
  kv: {
    tiers: [
      { level: "g2", capacity_bytes: 100e9 },
      {
        level: "g3",
        scope: "cluster",
        capacity_bytes: 20e12,
        read_bytes_per_s: 6e9,
        write_bytes_per_s: 40e9,
        offload: "presence",
      },
    ],
  },
});

const sample = (more: Partial<TierSample>): TierSample => ({
  size: 1,
  onboard: "predicted",
  replication: 0,
  hitRate: 0.4,
  fetchedShare: 0.3,
  goodputPerS: 2,
  attainment: 0.9,
  ttftMsP50: 100,
  ttftMsP99: 1000,
  busyShare: 0.5,
  fetchMs: 200,
  missed: { neverSeen: 0.5, evicted: 0.1, refused: 0, onAnotherWorker: 0, partialBlock: 0.01 },
  ...more,
});

describe("the study", () => {
  test("runs each rule at each size, and the cluster without tiers once", () => {
    const plan = tierStudyPlan(SHARED_DISK, [2, 0.5], ["predicted", "never"]);
    expect(plan.ok && tierCases(plan.value)).toEqual([
      { size: 0, onboard: "never", replication: 0 },
      { size: 0.5, onboard: "predicted", replication: 0 },
      { size: 0.5, onboard: "never", replication: 0 },
      { size: 2, onboard: "predicted", replication: 0 },
      { size: 2, onboard: "never", replication: 0 },
    ]);
    const twice = plan.ok ? tierCases({ ...plan.value, replications: 2 }) : [];
    expect(twice.slice(5).map(({ replication }) => replication)).toEqual([1, 1, 1, 1, 1]);
    const one = { size: 0.5, onboard: "always", replication: 2 };
    const half = scenarioOfTierCase(SHARED_DISK, one);
    expect(half.kv.tiers.map((tier) => tier.capacity_bytes)).toEqual([50e9, 10e12]);
    expect(half.seed).toBe(SHARED_DISK.seed + 2);
    expect(scenarioOfTierCase(SHARED_DISK, { ...one, size: 0 }).kv.tiers).toEqual([]);
  });

  test("refuses a scenario without tiers and a rule that nobody knows", () => {
    const bare = tierStudyPlan(scenarioSchema.parse({}), [1], ["never"]);
    expect(bare.ok ? "" : bare.problem.where).toBe("kv.tiers");
    const unknown = tierStudyPlan(SHARED_DISK, [1], ["sometimes"]);
    expect(unknown.ok ? "" : unknown.problem.where).toBe("--onboard");
  });

  test("says what the tiers are worth, which rule is ahead, and what limits", () => {
    const plan = { sizes: [1], onboard: ["predicted", "always", "never"], replications: 1 };
    const { conclusion } = concludeTierStudy(plan, [
      sample({ size: 0, onboard: "never", hitRate: 0.1, goodputPerS: 1 }),
      sample({}),
      sample({ onboard: "always", ttftMsP99: 3000, fetchMs: 900 }),
      sample({ onboard: "never", ttftMsP99: 1500 }),
    ]);
    const text = conclusion.join(" ");
    expect(text).toContain(
      "predicted at 1 × the size, finds 40.0 % and reaches 2.000/s (+100.0 %)",
    );
    expect(text).toContain(
      "predicted has the least p99 TTFT, ahead of never by 50.0 % and always by 200.0 %",
    );
    expect(text).toContain("51.0 % of prompt tokens are new");
    expect(text).toContain("size limits");
    expect(text).toContain("Links limit: fetching everything takes 900 ms");
  });

  test("compares rules replication by replication, and calls no loss what chance could have made", () => {
    const plan = { sizes: [1], onboard: ["predicted", "always", "never"], replications: 3 };
    const runs = [0, 1, 2].flatMap((replication) => {
      const ttftMsP99 = 1000 * (1 + replication);
      const one = { replication, ttftMsP99 };
      return [
        sample({ ...one, size: 0, onboard: "never" }),
        sample(one),
        sample({ ...one, onboard: "always", ttftMsP99: ttftMsP99 * 1.2 }),
        sample({ ...one, onboard: "never", ttftMsP99: ttftMsP99 + (replication === 2 ? 1000 : 0) }),
      ];
    });
    // The last run of a fourth replication is missing: none of it counts.
    const cut = [0, 1].map((at) => ({ ...runs[at]!, replication: 3, ttftMsP99: 9e9 }));
    const { rows, conclusion } = concludeTierStudy(plan, [...runs, ...cut]);
    expect(rows.map(({ replications }) => replications)).toEqual([3, 3, 3, 3]);
    const [, best, always, never] = rows;
    expect(best!.behindBest).toEqual({ mean: 0, half: 0 });
    expect(always!.behindBest.mean).toBeCloseTo(0.2, 12);
    expect(always!.behindBest.half).toBeCloseTo(0, 12);
    expect(never!.behindBest.mean).toBeCloseTo(1 / 9, 12);
    expect(conclusion.join(" ")).toContain(
      "At 1 × the size predicted and never have the least p99 TTFT, ahead of always by 20.0 % ± 0.0 %.",
    );
  });
});

describe("rules over several studies", () => {
  const plan = { sizes: [1], onboard: ["predicted", "always", "never"], replications: 2 };
  /** p99 TTFT of the rules in the two replications. */
  const studied = (trace: string, rules: readonly (readonly number[])[], fetchedShare: number) => ({
    trace,
    scenario: "shared",
    study: concludeTierStudy(
      plan,
      [0, 1].flatMap((replication) => [
        sample({ replication, size: 0, onboard: "never" }),
        ...plan.onboard.map((onboard, i) => {
          const ttftMsP99 = rules[i]![replication]!;
          const share = onboard === "never" ? 0 : fetchedShare;
          return sample({ replication, onboard, ttftMsP99, fetchedShare: share });
        }),
      ]),
    ),
  });
  const studies = [
    studied(
      "won",
      [
        [100, 200],
        [150, 300],
        [120, 240],
      ],
      0.3,
    ),
    studied(
      "lost",
      [
        [110, 220],
        [100, 200],
        [300, 600],
      ],
      0.3,
    ),
    studied(
      "idle",
      [
        [50, 60],
        [50, 60],
        [50, 60],
      ],
      0,
    ),
  ];

  test("are compared pair by pair with the better of the others", () => {
    const { rule, rows } = compareTierRules(studies);
    expect(rule).toBe("predicted");
    const [won, lost, idle] = rows;
    expect(won!.more["always"]!.mean).toBeCloseTo(0.5, 12);
    expect(won!.more["never"]!.mean).toBeCloseTo(0.2, 12);
    expect(won!.behind.mean).toBeCloseTo(100 / 120 - 1, 12);
    expect(lost!.behind.mean).toBeCloseTo(0.1, 12);
    expect(lost!.behind.half).toBeCloseTo(0, 9);
    expect(rows.map(({ isIdle }) => isIdle)).toEqual([false, false, true]);
    expect(idle!.behind).toEqual({ mean: 0, half: 0 });
  });

  test("conclude where the rule loses most, where it wins, and where there is nothing to decide", () => {
    expect(compareTierRules(studies).conclusion).toEqual([
      "predicted is at most 10.0 % ± 0.0 % behind the best of the other rules in p99 TTFT (lost, shared, × 1).",
      "It is ahead of all others by more than 2.0 % in 1 of 3 rows, most in won, shared, × 1: 16.7 % less p99 TTFT than the best of them.",
      "On idle no prompt repeats what lies in a tier: all rules are the same.",
    ]);
    expect(compareTierRules(studies.slice(0, 1)).conclusion[0]).toBe(
      "predicted is nowhere behind another rule in p99 TTFT.",
    );
  });

  test("leave out a size that not all rules were run at", () => {
    const { study } = studies[0]!;
    const cut = { ...study, samples: study.samples.slice(0, 3) };
    expect(compareTierRules([{ trace: "cut", scenario: "", study: cut }]).rows).toEqual([]);
  });
});

/** A load that lands while another request computes the same prompt has published the block that the other is in the middle of. */
test("every block is given back where loads land inside prefills", () => {
  const [g2, g3] = SHARED_DISK.kv.tiers;
  const tiers = [g2!, { ...g3!, read_bytes_per_s: 10e9 }];
  const scenario = { ...SHARED_DISK, kv: { ...SHARED_DISK.kv, tiers } };
  const trace = bundled("conversation-small.jsonl.gz");
  // The laws are checked at its end.
  const { report } = simulate({ scenario, trace, hardware: hardwareOf("h200") });
  expect(report.requests.completed).toBe(trace.rows);
  expect(report.kv.onboarding!.fetches).toBeGreaterThan(1000);
}, 60_000);

/** The bound of the project: within 2 % of the better rule on every trace, ahead of both on one. */
test("deciding by predicted time is no worse than either rule on the bundled traces, and better on some", () => {
  const hardware = hardwareOf("h200");
  let ahead = 0;
  for (const file of [
    "agentic-small.columns.gz",
    "bursty-small.csv.gz",
    "conversation-small.jsonl.gz",
  ]) {
    const trace = bundled(file);
    const p99 = (onboard: string): number => {
      const one = { size: 1, onboard, replication: 0 };
      const scenario = scenarioOfTierCase(SHARED_DISK, one);
      return tierSampleOf(one, simulate({ scenario, trace, hardware }).report).ttftMsP99;
    };
    const naive = Math.min(p99("always"), p99("never"));
    const predicted = p99("predicted");
    expect(predicted, file).toBeLessThanOrEqual(naive * 1.02);
    if (predicted < naive * 0.98) ahead++;
  }
  expect(ahead).toBeGreaterThanOrEqual(1);
}, 120_000);
