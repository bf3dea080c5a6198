/** Who may serve whom: worked out by hand, and what cannot be is named. */

import { describe, expect, test } from "vitest";
import { parseScenario } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import { runBoth, scenarioOf, TEN_AND_ONE, traceOf } from "../support/small-runs.ts";

type Rules = NonNullable<NonNullable<ScenarioInput["router"]>["rules"]>;

/** Six requests, one after the other: of tenants a, a, b, b, c, c and of classes chat and batch in turns. */
const TRACE = {
  ...traceOf(Array.from({ length: 6 }, (_, i) => ({ at: 100_000 * i, input: 100, output: 2 }))),
  labels: {
    tenant: { values: ["a", "b", "c"], codes: Uint16Array.of(0, 0, 1, 1, 2, 2) },
    class: { values: ["chat", "batch"], codes: Uint16Array.of(0, 1, 0, 1, 0, 1) },
  },
};

const POOLS = [
  { name: "east", workers: 2, labels: ["east", "fast"] },
  { name: "west", workers: 1, labels: ["west"] },
];

function run(rules: Rules, rest: Pick<ScenarioInput, "cluster" | "disagg"> = {}, policy?: string) {
  const router = { rules, ...(policy === undefined ? {} : { policy }) };
  return runBoth({
    scenario: scenarioOf(
      { step_time: TEN_AND_ONE },
      { cluster: { pools: POOLS }, router, ...rest },
    ),
    trace: TRACE,
  });
}

describe("who serves whom", () => {
  test("workers by number: one list, one pin, and everybody else in turns", () => {
    const rules = [
      { tenant: "a", allowed_workers: [1, 2] },
      { tenant: "b", allowed_workers: [2] },
    ];
    expect([...run(rules).requests.worker].slice(2, 4)).toEqual([2, 2]);
    for (const worker of run(rules).requests.worker.slice(0, 2)) expect(worker).not.toBe(0);
    expect([...run([]).requests.worker]).toEqual([0, 1, 2, 0, 1, 2]);
  });

  test("labels that are required, all of them; the first rule that fits counts", () => {
    const { requests } = run([
      { tenant: "a", class: "batch", required_labels: ["west"] },
      { class: "batch", required_labels: ["east", "fast"] },
      { tenant: "c", required_labels: ["west"] },
    ]);
    const [, batchOfA, , batchOfB, chatOfC, batchOfC] = requests.worker;
    expect([batchOfA, chatOfC]).toEqual([2, 2]);
    expect([batchOfB! < 2, batchOfC! < 2]).toEqual([true, true]);
  });

  test("a worker stands for all its ranks; allowed_ranks pins one", () => {
    const served = (rules: Rules) => {
      const scenario = scenarioOf(
        { step_time: TEN_AND_ONE, data_ranks: "apart" },
        { cluster: { workers: 2, parallelism: { data: 2 } }, router: { rules } },
      );
      return [...runBoth({ scenario, trace: TRACE }).requests.worker];
    };
    // Worker 1 is ranks 2 and 3.
    expect(served([{ allowed_workers: [1] }]).every((rank) => rank >= 2)).toBe(true);
    expect(new Set(served([{ allowed_workers: [1] }]))).toEqual(new Set([2, 3]));
    expect(served([{ allowed_workers: [1], allowed_ranks: [1] }])).toEqual([3, 3, 3, 3, 3, 3]);
    expect(new Set(served([{ allowed_ranks: [0] }]))).toEqual(new Set([0, 2]));
  });

  test("labels that are preferred bend the cost", () => {
    const preferred = run([{ preferred_labels: { west: 1 } }], {}, "dynamo_kv");
    // All are idle when a request comes: the least cost is that of the preferred, × 0.467.
    expect([...preferred.requests.worker]).toEqual([2, 2, 2, 2, 2, 2]);
    const avoided = run([{ preferred_labels: { west: -1 } }], {}, "dynamo_kv");
    expect([...avoided.requests.worker]).not.toContain(2);
  });

  test("who may go nowhere is turned away as long as the worker is down", () => {
    const scenario = scenarioOf(
      { step_time: TEN_AND_ONE },
      {
        cluster: { workers: 2 },
        router: { rules: [{ tenant: "b", allowed_workers: [1] }] },
        faults: {
          events: [{ at_s: 0.15, kind: "crash", worker: 1 }],
          detection_s: 0.01,
          restart_s: 9,
        },
      },
    );
    const { report, requests } = runBoth({ scenario, trace: TRACE });
    expect(report.rejections).toEqual([{ reason: "no worker is eligible", count: 2 }]);
    expect([...requests.worker]).toEqual([0, 1, -1, -1, 0, 0]);
  });

  test("prefill and decode workers each by themselves", () => {
    const pools = [
      { name: "p", role: "prefill" as const, workers: 2 },
      { name: "d", role: "decode" as const, workers: 3 },
    ];
    const rules = [{ allowed_workers: [3] }];
    const { requests, report } = run(rules, { cluster: { pools } });
    expect([...requests.worker]).toEqual([3, 3, 3, 3, 3, 3]);
    // Of prefill workers the list has none: any will do.
    expect(report.workers.slice(0, 2).every(({ steps }) => steps > 0)).toBe(true);
  });
});

test("what cannot be is named", () => {
  const where = (rules: Rules, pools: NonNullable<ScenarioInput["cluster"]>["pools"] = POOLS) => {
    const parsed = parseScenario({ trace: "t", cluster: { pools }, router: { rules } });
    return parsed.ok ? undefined : parsed.problem.where;
  };
  expect(where([{ allowed_workers: [0, 3] }])).toBe("router.rules.0.allowed_workers");
  expect(where([{ required_labels: ["esat"] }])).toBe("router.rules.0");
  expect(where([{}, { preferred_labels: { nobody: 1 } }])).toBe("router.rules.1");
  expect(where([{ required_labels: ["east", "west"] }])).toBe("router.rules.0.required_labels");
  expect(where([{ required_labels: ["east", "fast"] }])).toBeUndefined();
});
