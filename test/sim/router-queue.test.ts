/** Requests that wait at the router, worked out by hand: a step with a prompt takes 10 ms, one without 1 ms. */

import { describe, expect, test } from "vitest";
import {
  parseScenario,
  REQUEST_CANCELLED,
  REQUEST_COMPLETED,
  REQUEST_REJECTED,
  REQUEST_UNFINISHED,
} from "../../src/sim/index.ts";
import type { ScenarioInput, SimulationResult } from "../../src/sim/index.ts";
import { runBoth, scenarioOf, TEN_AND_ONE, timesOf, traceOf } from "../support/small-runs.ts";

type QueueInput = NonNullable<NonNullable<ScenarioInput["router"]>["queue"]>;

/** A prompt that occupies the worker, then a long and a short one. */
const TRACE = traceOf([
  { at: 0, input: 100, output: 1 },
  { at: 1000, input: 400, output: 1 },
  { at: 2000, input: 50, output: 1 },
]);

function run(
  queue: QueueInput,
  rest: Omit<ScenarioInput, "engine" | "router"> = {},
): Required<SimulationResult> {
  const router = { policy: "dynamo_kv", queue: { prefill_busy_threshold_frac: 0, ...queue } };
  return runBoth({
    scenario: scenarioOf({ step_time: TEN_AND_ONE }, { router, ...rest }),
    trace: TRACE,
  });
}

describe("one worker, a prompt at a time", () => {
  test("first come, first served: each goes when the first token of the one before is out", () => {
    const { requests, report } = run({});
    expect(timesOf(requests).map(([first]) => first)).toEqual([10_000, 20_000, 30_000]);
    expect([...requests.admittedUs]).toEqual([0, 10_000, 20_000]);
    // Waiting at the router is queueing: 0, 9 and 18 ms.
    expect(report.latency.queueMs.mean).toBe(9);
  });

  test("the shorter prompt, or the last, overtakes at the router", () => {
    for (const policy of ["wspt", "lcfs"] as const) {
      const { requests } = run({ policy });
      expect(timesOf(requests).map(([first]) => first)).toEqual([10_000, 30_000, 20_000]);
    }
  });

  test("a prefill that wears off by prediction makes room before its first token is told", () => {
    const decidedAt = (recheck_s: number): number => {
      const router = {
        policy: "dynamo_kv",
        knobs: { prefill_load_model: 1 },
        queue: { prefill_busy_threshold: 50, recheck_s },
      };
      const scenario = scenarioOf({ step_time: TEN_AND_ONE }, { router });
      const seen = runBoth({ scenario, trace: TRACE }, { witness: { row: 1 } });
      return seen.decisions[0]!.timeUs;
    };
    // Of 100 tokens in 10 ms more than 50 are left after 4 ms, 40 after 6 ms.
    expect(decidedAt(0.002)).toBe(6000);
    expect(decidedAt(0.005)).toBe(5000);
    expect(decidedAt(1)).toBe(10_000);
  });

  test("without a threshold all go to the worker, and compute together", () => {
    const { requests } = run({ prefill_busy_threshold_frac: null });
    expect(timesOf(requests).map(([first]) => first)).toEqual([10_000, 20_000, 20_000]);
  });

  test("clients give up at the router too", () => {
    // Last come first: the third is computed from 10 to 20 ms, the second waits; both give up after 15 ms.
    const { requests, report } = run({ policy: "lcfs" }, { clients: { timeout_s: 0.015 } });
    expect([...requests.status]).toEqual([REQUEST_COMPLETED, REQUEST_CANCELLED, REQUEST_CANCELLED]);
    expect([...requests.finishUs]).toEqual([10_000, 16_000, 17_000]);
    expect([...requests.worker]).toEqual([0, -1, 0]);
    expect(report.requests).toMatchObject({ offered: 3, completed: 1, cancelled: 2 });
  });

  test("a run that is cut says that they are not done", () => {
    const { requests, series, report } = run({}, { traffic: { horizon_s: 0.015 } });
    expect(report.requests).toMatchObject({ completed: 1, unfinished: 2 });
    expect(requests.status[2]).toBe(REQUEST_UNFINISHED);
    expect([...requests.worker]).toEqual([0, 0, -1]);
    expect(series.queued[series.rows - 1]).toBe(1);
  });

  test("a full queue is a 529, who asks not to wait gets a 429, and both may come again", () => {
    const full = run({ request_limit_per_worker: 1 });
    expect([...full.requests.status]).toEqual([
      REQUEST_COMPLETED,
      REQUEST_COMPLETED,
      REQUEST_REJECTED,
    ]);
    expect(full.report.rejections).toEqual([
      { reason: "the router's queue is full (529)", count: 1 },
    ]);
    const declined = run({ do_not_queue: true });
    expect(declined.report.rejections).toEqual([
      { reason: "it would wait at the router and asks not to (429)", count: 2 },
    ]);
    const retry = { max: 3, base_s: 0.05, jitter: 0 };
    const again = run({ request_limit_per_worker: 1 }, { clients: { retry } });
    // At 52 ms nobody is there any more.
    expect(timesOf(again.requests)[2]).toEqual([62_000, 62_000]);
  });
});

test("prompts wait in front of prefill workers", () => {
  const pools = [
    { name: "p", role: "prefill" as const },
    { name: "d", role: "decode" as const },
  ];
  for (const dispatch of ["sync", "bootstrap", "push"] as const) {
    const firsts = (policy: "fcfs" | "wspt"): number[] => {
      const { requests, report } = run({ policy }, { cluster: { pools }, disagg: { dispatch } });
      expect(report.requests).toMatchObject({ completed: 3, unfinished: 0 });
      return timesOf(requests).map(([first]) => first);
    };
    const [, second, third] = firsts("fcfs");
    expect(second).toBeLessThan(third!);
    const [, long, short] = firsts("wspt");
    expect(short).toBeLessThan(long!);
  }
});

test("rules of a queue that nobody can be in are an error", () => {
  const parsed = parseScenario({ router: { queue: { request_limit_per_worker: 4 } } });
  expect(parsed).toMatchObject({
    ok: false,
    problem: { where: "router.queue.prefill_busy_threshold_frac" },
  });
});

describe("tenants and classes take turns", () => {
  const flood = traceOf(
    Array.from({ length: 6 }, (_, i) => ({ at: 100 * i, input: 100, output: 1 })),
  );
  /** The last request is of tenant b and of class batch, the others of a and chat. */
  const trace = {
    ...flood,
    labels: {
      tenant: { values: ["a", "b"], codes: Uint16Array.of(0, 0, 0, 0, 0, 1) },
      class: { values: ["chat", "batch"], codes: Uint16Array.of(0, 0, 0, 0, 0, 1) },
    },
  };
  const firsts = (queue: QueueInput, of: typeof trace | typeof flood = trace): number[] => {
    const router = { queue: { prefill_busy_threshold_frac: 0, ...queue } };
    const scenario = scenarioOf({ step_time: TEN_AND_ONE }, { router });
    const { requests } = runBoth({ scenario, trace: of });
    return timesOf(requests).map(([first]) => first! / 1000);
  };

  test("a tenant's flood holds up itself", () => {
    expect(firsts({})).toEqual([10, 20, 30, 40, 50, 60]);
    // A turn is a prompt: a, a, b, and the rest.
    expect(firsts({ fair_by: "tenant", quantum_tokens: 100 })).toEqual([10, 20, 40, 50, 60, 30]);
    // In a turn of three prompts' tokens, b comes after three.
    const heavy = { fair_by: "tenant", quantum_tokens: 100, weights: { a: 3 } } as const;
    expect(firsts(heavy)).toEqual([10, 20, 30, 40, 60, 50]);
    // Nobody says who he is: one order.
    expect(firsts({ fair_by: "tenant", quantum_tokens: 100 }, flood)).toEqual(firsts({}));
  });

  test("a class has rules of its own, and turns of its own", () => {
    const batch = { name: "batch", family: "batch" };
    expect(firsts({ quantum_tokens: 100, classes: [batch] })).toEqual([10, 20, 40, 50, 60, 30]);
    // Never busy is never waiting: with the second it is computed from 10 to 20 ms.
    const free = { ...batch, prefill_busy_threshold_frac: null };
    expect(firsts({ classes: [free] })[5]).toBe(20);
  });

  test("a priority takes turns by its weight", () => {
    const urgent = { ...flood, priority: Int16Array.of(0, 0, 0, 0, 1, 1) };
    // A turn of priority 1 is two prompts, and one of 0 comes first.
    const turns = { fair_by: "priority", quantum_tokens: 100 } as const;
    expect(firsts(turns, urgent)).toEqual([10, 20, 50, 60, 30, 40]);
  });

  test("what cannot be is named", () => {
    const where = (queue: QueueInput): string | undefined => {
      const parsed = parseScenario({ router: { queue } });
      return parsed.ok ? undefined : parsed.problem.where;
    };
    const on = { prefill_busy_threshold_frac: 0 };
    expect(where({ fair_by: "tenant" })).toBe("router.queue.prefill_busy_threshold_frac");
    expect(where({ classes: [{ name: "x", prefill_busy_threshold: 5 }] })).toBeUndefined();
    expect(where({ ...on, weights: { a: 2 } })).toBe("router.queue.fair_by");
    expect(where({ ...on, fair_by: "priority", weights: { high: 2 } })).toBe(
      "router.queue.weights.high",
    );
    const long = { name: "long", uncached_tokens_min: 100 };
    expect(where({ ...on, classes: [long, long] })).toBe("router.queue.classes.1");
    expect(where({ ...on, classes: [long, { ...long, name: "also" }] })).toBe(
      "router.queue.classes.1",
    );
  });
});
