/** Classes with targets of their own: who belongs to which, what that changes, what the report says. */

import { describe, expect, test } from "vitest";
import { parseScenario, scenarioSchema, verdictOf } from "../../src/sim/index.ts";
import type { Scenario, ScenarioInput } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { simulate } from "../support/simulate.ts";
import { traceOf } from "../support/small-runs.ts";

/** Six requests at once of 100 tokens, for a worker that computes 1000 prompt tokens a second, one after the other. */
const TRACE: Trace = {
  ...traceOf(Array.from({ length: 6 }, () => ({ at: 0, input: 100, output: 1 }))),
  labels: {
    tenant: { values: ["a", "b"], codes: Uint16Array.of(0, 1, 0, 1, 0, 1) },
    class: { values: ["chat", "batch"], codes: Uint16Array.of(0, 0, 0, 1, 1, 1) },
  },
  priority: Int16Array.of(0, 0, 5, 0, 0, 0),
};

function scenarioWith(rest: ScenarioInput): Scenario {
  return scenarioSchema.parse({
    engine: {
      max_num_seqs: 1,
      max_num_batched_tokens: 1000,
      step_time: { type: "linear", base_us: 0, token_us: 1000, decode_context_us: 0 },
    },
    ...rest,
  });
}

function sloOf(slo: ScenarioInput["slo"], rest: ScenarioInput = {}) {
  const result = simulate({ scenario: scenarioWith({ slo, ...rest }), trace: TRACE });
  return { ...result.report, verdict: verdictOf(result.report) };
}

describe("by hand: first tokens after 0.1 s, 0.2 s, … 0.6 s", () => {
  test("each request is held to its own, what a class leaves out is as outside, null is none", () => {
    const { slo, verdict } = sloOf({
      ttft_s: 0.35,
      classes: [
        { name: "urgent", priority_min: 1, ttft_s: 0.1 },
        { name: "batch of b", class: "batch", tenant: "b", ttft_s: 0.5, attainment: 0.5 },
        { name: "batch", class: "batch", ttft_s: null },
      ],
    });
    // Urgent: the third, 0.3 s. Batch of b: the fourth in 0.4 s, the sixth in 0.6 s. Others: 0.1 s and 0.2 s.
    const found = slo.classes!.map(({ name, attainment, held, requests, targets }) => [
      name,
      requests.measured,
      attainment,
      held,
      targets.ttftMs,
    ]);
    expect(found).toEqual([
      ["urgent", 1, 0, false, 100],
      ["batch of b", 2, 0.5, true, 500],
      ["batch", 1, null, null, undefined],
      ["others", 2, 1, true, 350],
    ]);
    // Who is promised nothing misses nothing.
    expect(slo.attainment).toBeCloseTo(4 / 6, 12);
    expect(verdict.mood).toBe("bad");
    expect(verdict.text).toContain(
      "missed the SLO of urgent (0.00 % met TTFT ≤ 100 ms, not 99.0 %): of all requests 66.7 % met their own.",
    );
  });

  test("tenants are told apart, and the trace's classes where the scenario has none", () => {
    const { slo } = sloOf({ ttft_s: 0.35 });
    const shares = (groups: typeof slo.tenants) =>
      groups!.map(({ name, attainment, ttftMs }) => [name, attainment, ttftMs.max]);
    expect(shares(slo.tenants)).toEqual([
      ["a", 2 / 3, 500],
      ["b", 1 / 3, 600],
    ]);
    expect(shares(slo.classes)).toEqual([
      ["chat", 1, 300],
      ["batch", 0, 600],
    ]);
  });

  test("the share that must be met is the scenario's", () => {
    expect(sloOf({ ttft_s: 0.5, attainment: 0.8 }).verdict.mood).toBe("good");
    expect(sloOf({ ttft_s: 0.5, attainment: 0.9 }).verdict.mood).toBe("fair");
    expect(sloOf({ ttft_s: 0.1 }).verdict.mood).toBe("bad");
  });

  test("a class that nobody is in is named", () => {
    const classes = [{ name: "chat", class: "chatt", ttft_s: 1 }];
    expect(sloOf({ classes }).warnings).toContain('nobody is in the class "chat" of slo.classes');
    expect(sloOf({ classes: [{ name: "chat", class: "chat" }] }).warnings).toEqual([]);
  });

  test("all classes hold", () => {
    const { verdict } = sloOf({ classes: [{ name: "chat", class: "chat", ttft_s: 0.3 }] });
    expect(verdict.text).toContain(
      "held the SLO of every class: 100.0 % of the requests met their own",
    );
  });
});

test("early rejection asks whether a request's own first token would come in time", () => {
  const admission = [{ policy: "early_rejection" }];
  const classes = [{ name: "batch", class: "batch", ttft_s: 10 }];
  const { slo, requests } = sloOf({ ttft_s: 0.25, classes }, { admission });
  // Two of chat would be there in time, the third not; batch may wait.
  expect(requests.rejected).toBe(1);
  expect(slo.classes!.map(({ name, requests: of }) => [name, of.rejected])).toEqual([
    ["batch", 0],
    ["others", 1],
  ]);
});

test("the headworks router takes each request by its own targets", () => {
  const base = traceOf([
    { at: 0, input: 4096, output: 1 },
    { at: 1000, input: 4096, output: 1 },
  ]);
  const trace: Trace = {
    ...base,
    labels: { class: { values: ["bulk", "now"], codes: Uint16Array.of(0, 1) } },
  };
  const workers = (ttft: number): number[] => {
    const scenario = scenarioWith({
      cluster: {
        pools: [
          { name: "quick", engine: {} },
          {
            name: "slow",
            engine: {
              step_time: { type: "linear", base_us: 0, token_us: 1300, decode_context_us: 0 },
            },
          },
        ],
      },
      router: { policy: "headworks", knobs: { work: 30, miss: 100 } },
      slo: { ttft_s: 100, classes: [{ name: "now", class: "now", ttft_s: ttft }] },
    });
    const { requests } = simulate({ scenario, trace }, { requests: true });
    return [...requests!.worker];
  };
  // On the quick one the second waits for the first, 8.2 s; on the slow one it takes 5.3 s, of more work.
  expect(workers(7)).toEqual([0, 1]);
  expect(workers(20)).toEqual([0, 0]);
});

describe("classes that cannot be meant", () => {
  const problem = (classes: unknown[]) => {
    const parsed = parseScenario({ trace: "t.jsonl", slo: { classes } });
    return parsed.ok ? undefined : parsed.problem;
  };

  test.each([
    [[{ name: "a", class: "x" }, { name: "a" }], "two classes have the name", "slo.classes.1.name"],
    [
      [{ name: "others", class: "x" }],
      "is what those in no class are called",
      "slo.classes.0.name",
    ],
    [
      [
        { name: "all", tenant: "t" },
        { name: "some", tenant: "t", class: "x", priority_min: 2 },
      ],
      'class "some" is never reached',
      "slo.classes.1",
    ],
    [[{ name: "a", ttft_ms: 3 }], "ttft_ms", "slo.classes.0"],
    [[{ name: "a", attainment: 99 }], "99", "slo.classes.0.attainment"],
  ])("%j", (classes, what, where) => {
    const found = problem(classes)!;
    expect(found.what).toContain(what);
    expect(found.where).toContain(where);
  });
});
