/** The router study: its cases, its replications, its ranking, worked by hand. */

import { describe, expect, test } from "vitest";
import {
  intervalOf,
  pairedDifference,
  rankStudy,
  replicated,
  reshuffledArrivals,
  scenarioOfCase,
  studyCases,
} from "../../src/plan/index.ts";
import type { StudyCase, StudyPlan, StudySample } from "../../src/plan/index.ts";
import { scenarioOf, traceOf } from "../support/small-scenarios.ts";

const PLAN: StudyPlan = { policies: ["a", "b"], loads: [1, 2], stalenessS: [0], replications: 2 };

function sample(one: StudyCase, goodputPerS: number): StudySample {
  return {
    ...one,
    goodputPerS,
    attainment: 1,
    hitRate: 0.5,
    ttftMsP50: 1,
    ttftMsP99: 2,
    tpotMsP99: 3,
  };
}

test("intervals of two and of equal samples, by hand", () => {
  // s = √2, t(1) = 12.706: half = 12.706·√2/√2.
  const two = intervalOf([3, 5]);
  expect(two.mean).toBe(4);
  expect(two.half).toBeCloseTo(12.706, 9);
  expect(intervalOf([7])).toEqual({ mean: 7, half: null });
  // What both share cancels.
  expect(pairedDifference([10, 20, 30], [9, 19, 29])).toEqual({ mean: 1, half: 0 });
});

describe("replications", () => {
  const rows = Array.from({ length: 300 }, (_, i) => ({ at: i * i, input: 10 + i, output: 5 }));
  const trace = traceOf(rows);

  test("keep rows, span and gaps, in another order", () => {
    const other = reshuffledArrivals(trace, 3);
    const gaps = (times: Float64Array): number[] =>
      [...times].slice(1).map((time, i) => time - times[i]!);
    expect(other.arrivalUs).not.toEqual(trace.arrivalUs);
    expect(other.arrivalUs.at(-1)).toBe(trace.arrivalUs.at(-1));
    expect(gaps(other.arrivalUs).toSorted((a, b) => a - b)).toEqual(gaps(trace.arrivalUs));
    expect(other.inputTokens).toBe(trace.inputTokens);
  });

  test("are the same for the same number, and the first is the trace itself", () => {
    expect(reshuffledArrivals(trace, 3).arrivalUs).toEqual(reshuffledArrivals(trace, 3).arrivalUs);
    expect(reshuffledArrivals(trace, 0)).toBe(trace);
  });

  test("of a closed loop have other waits: its arrivals nobody reads", () => {
    const waits = Float64Array.from(rows, (_, i) => (i % 4 === 0 ? (i % 8 === 0 ? NaN : 0) : i));
    const parent = new Int32Array(300).fill(-1);
    const sessions = { session: parent, sessionCount: 0, parent, delayUs: waits };
    const other = replicated({ ...trace, sessions }, "closed", 3);
    expect(other.arrivalUs).toBe(trace.arrivalUs);
    const moved = [...other.sessions!.delayUs];
    expect(moved).not.toEqual([...waits]);
    expect(moved.map((wait) => wait > 0)).toEqual([...waits].map((wait) => wait > 0));
    const sorted = (times: readonly number[]): number[] =>
      times.filter((time) => time > 0).toSorted((a, b) => a - b);
    expect(sorted(moved)).toEqual(sorted([...waits]));
    expect(replicated(trace, "timestamps", 3)).toEqual(reshuffledArrivals(trace, 3));
  });
});

test("cases change load, view, policy and seed, and nothing else", () => {
  const cases = studyCases(PLAN);
  expect(cases.length).toBe(8);
  expect(new Set(cases.map((one) => JSON.stringify(one))).size).toBe(8);
  const base = scenarioOf({}, { router: { policy: "least_loaded", knobs: { scraped: 1 } } });
  const one = { policy: "dynamo_kv", load: 2, stalenessS: 3, replication: 1 };
  const changed = scenarioOfCase(base, one);
  expect(changed.traffic.arrivals).toEqual({ mode: "timestamps", speedup: 2 });
  expect(changed.router).toMatchObject({
    policy: "dynamo_kv",
    knobs: {},
    kv_event_delay_s: 3,
    metrics_interval_s: 3,
  });
  expect(changed.seed).toBe(base.seed + 1);
  expect(scenarioOfCase(base, { ...one, policy: "least_loaded" }).router.knobs).toEqual({
    scraped: 1,
  });
  expect(changed.engine).toBe(base.engine);
});

test("ranks by the share of the best in each cell; half-done replications do not count", () => {
  const value = ({ policy, load, replication }: StudyCase): number =>
    policy === "a" ? 10 * load + replication : load === 1 ? 8 + replication : 30 + replication;
  const samples = studyCases(PLAN).map((one) => sample(one, value(one)));
  const study = rankStudy(PLAN, samples);
  expect(study.cells.map(({ rows }) => rows.map(({ policy }) => policy))).toEqual([
    ["a", "b"],
    ["b", "a"],
  ]);
  expect(study.cells[0]!.rows[1]!.behindBest).toEqual({ mean: -2, half: 0 });
  // a: 1 and 20.5/30.5; b: 8.5/10.5 and 1.
  expect(study.ranking.map(({ policy, wins }) => [policy, wins])).toEqual([
    ["b", 1],
    ["a", 1],
  ]);
  expect(study.ranking[0]!.meanOfBest).toBeCloseTo((8.5 / 10.5 + 1) / 2, 12);
  expect(study.ranking[1]!.leastOfBest).toBeCloseTo(20.5 / 30.5, 12);
  const cut = rankStudy(PLAN, samples.slice(0, 7));
  expect(cut.cells.map(({ replications }) => replications)).toEqual([2, 1]);
});

test("differences to one policy are paired: what both had in a replication cancels", () => {
  const plan = { ...PLAN, against: "b", loads: [1] };
  const samples = studyCases(plan).map((one): StudySample => {
    const common = 100 * one.replication;
    const isA = one.policy === "a";
    const made = sample(one, common + (isA ? 5 : 2));
    return { ...made, hitRate: isA ? 0.5 : 0.25, ttftMsP99: common + (isA ? 10 : 40) };
  });
  const [a, b] = rankStudy(plan, samples).cells[0]!.rows;
  expect(a!.against).toEqual({
    goodputPerS: { mean: 3, half: 0 },
    hitRate: { mean: 0.25, half: 0 },
    ttftMsP99: { mean: -30, half: 0 },
  });
  expect(b!.against).toBeNull();
  expect(a!.hitRate).toEqual({ mean: 0.5, half: 0 });
  const blind = samples.map((one) => (one.policy === "a" ? { ...one, hitRate: null } : one));
  const row = rankStudy(plan, blind).cells[0]!.rows[0]!;
  expect([row.hitRate, row.against!.hitRate]).toEqual([null, null]);
});
