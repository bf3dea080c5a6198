/** Who is let in: each policy by hand, and on random scenarios what its words promise, counted from the rows of requests. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAdmission } from "../../src/policies/index.ts";
import type { AdmissionRequest, AdmissionView } from "../../src/policies/index.ts";
import {
  createSimulation,
  REQUEST_COMPLETED,
  REQUEST_REJECTED,
  scenarioSchema,
} from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { randomRuns } from "../support/random-scenario.ts";
import { runBoth, scenarioOf, traceOf } from "../support/small-runs.ts";
import { simulate } from "../support/simulate.ts";

const S = 1_000_000;

const VIEW: AdmissionView = {
  workers: 2,
  inFlight: 10,
  queued: 4,
  queuedTokens: 1000,
  inFlightOfTenant: (tenant) => tenant,
  inFlightOfClass: (name) => 2 * name,
  usPerPromptToken: 50,
};
const REQUEST: AdmissionRequest = {
  inputTokens: 100,
  priority: 0,
  tenant: 1,
  class: 1,
  ttftTargetUs: 100_000,
};

function admission(name: string, knobs: Record<string, number>) {
  const made = createAdmission(name, knobs, "admission.0");
  if (!made.ok) throw new Error(made.problem.what);
  return made.value.admission;
}

describe("policies by hand", () => {
  const admits = (
    name: string,
    knobs: Record<string, number>,
    view: Partial<AdmissionView> = {},
    request: Partial<AdmissionRequest> = {},
  ): boolean => admission(name, knobs).admits({ ...VIEW, ...view }, { ...REQUEST, ...request }, 0);

  test("queue limits count per worker, the request's own tokens included", () => {
    expect(admits("queue_limit", { in_flight_per_worker: 5 })).toBe(false);
    expect(admits("queue_limit", { in_flight_per_worker: 5.5 })).toBe(true);
    expect(admits("queue_limit", { queued_per_worker: 2 })).toBe(false);
    expect(admits("queue_limit", { queued_per_worker: 3 })).toBe(true);
    expect(admits("queue_limit", { queued_tokens_per_worker: 549 })).toBe(false);
    expect(admits("queue_limit", { queued_tokens_per_worker: 550 })).toBe(true);
  });

  test("limits of tenants and classes know each alone", () => {
    expect(admits("tenant_limit", { in_flight: 3 }, {}, { tenant: 3 })).toBe(false);
    expect(admits("tenant_limit", { in_flight: 3 }, {}, { tenant: 2 })).toBe(true);
    expect(admits("class_limit", { in_flight: 4 }, {}, { class: 2 })).toBe(false);
    expect(admits("class_limit", { in_flight: 5 }, {}, { class: 2 })).toBe(true);
  });

  test("a bucket fills as time goes by, and says when to come again", () => {
    const limit = admission("tenant_limit", { rate_per_s: 2, burst: 2 });
    const come = (nowUs: number, tenant = 1): boolean =>
      limit.admits(VIEW, { ...REQUEST, tenant }, nowUs);
    expect([come(0), come(0), come(0)]).toEqual([true, true, false]);
    expect(limit.retryAfterUs).toBe(S / 2);
    expect([come(0, 2), come(S / 4), come(S / 2), come(S / 2)]).toEqual([true, false, true, false]);
    // After an hour there is a burst, no more.
    const later = 3600 * S;
    expect([come(later), come(later), come(later)]).toEqual([true, true, false]);
  });

  test("early rejection adds the queue of all to the prompt of one", () => {
    // 1000 · 50 µs queued, and 100 tokens on one of two workers: 10 ms.
    expect(admits("early_rejection", {}, {}, { ttftTargetUs: 60_000 })).toBe(true);
    expect(admits("early_rejection", {}, {}, { ttftTargetUs: 59_999 })).toBe(false);
    expect(admits("early_rejection", { slack: 2 }, {}, { ttftTargetUs: 30_000 })).toBe(true);
    expect(admits("early_rejection", {}, {}, { ttftTargetUs: Infinity })).toBe(true);
  });

  test("shedding takes the least urgent first", () => {
    const shed = { from_per_worker: 3, step_per_worker: 1 };
    const at = (inFlight: number, priority: number): boolean =>
      admits("priority_shedding", shed, { inFlight }, { priority });
    expect([at(5, -9), at(6, -1), at(6, 0), at(8, 0), at(8, 1), at(10, 1), at(10, 2)]).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
  });
});

describe("in the cluster", () => {
  const ENGINE = {
    num_gpu_blocks: 4000,
    max_num_seqs: 2,
    step_time: { type: "fixed", prefill_ms: 100, decode_ms: 10 },
  } as const;
  const burst = (count: number): Trace =>
    traceOf(Array.from({ length: count }, (_, i) => ({ at: i * 1000, input: 16, output: 5 })));

  test("a full queue turns away, and a client that comes again is served", () => {
    const policies = [{ policy: "queue_limit", knobs: { in_flight_per_worker: 4 } }];
    const once = runBoth({
      scenario: scenarioOf(ENGINE, { admission: policies }),
      trace: burst(10),
    });
    expect(once.report.requests).toMatchObject({ offered: 10, completed: 4, rejected: 6 });
    expect(once.report.rejections).toEqual([{ reason: "the queue is full (503)", count: 6 }]);
    const retry = { max: 20, base_s: 0.2, factor: 1, jitter: 0.5 };
    const again = runBoth({
      scenario: scenarioOf(ENGINE, { admission: policies, clients: { retry } }),
      trace: burst(10),
    });
    expect(again.report.requests).toMatchObject({ offered: 10, completed: 10, rejected: 0 });
    const { refusals, retries } = again.report.admission!;
    expect(refusals[0]!.count).toBe(retries);
    expect(retries).toBeGreaterThanOrEqual(6);
    // A request's times count from when it first came.
    expect(Array.from(again.requests.arrivalUs)).toEqual(
      Array.from({ length: 10 }, (_, i) => i * 1000),
    );
  });

  test("a request that can never run is not sent again", () => {
    const retry = { max: 20, base_s: 0.2 };
    const engine = { ...ENGINE, max_model_len: 10 };
    const { report } = runBoth({
      scenario: scenarioOf(engine, { clients: { retry } }),
      trace: burst(2),
    });
    expect(report.requests.rejected).toBe(2);
    expect(report.admission!.retries).toBe(0);
  });

  test("unknown policies and knobs are named with their place", () => {
    const problemOf = (admissionList: ScenarioInput["admission"]): unknown => {
      const made = createSimulation({
        scenario: scenarioOf(ENGINE, { admission: admissionList }),
        trace: burst(1),
      });
      return made.ok ? undefined : made.problem;
    };
    expect(problemOf([{ policy: "bouncer" }])).toMatchObject({ where: "admission.0.policy" });
    expect(problemOf([{ policy: "queue_limit", knobs: { size: 1 } }])).toMatchObject({
      where: "admission.0.knobs.size",
    });
    expect(problemOf([{ policy: "early_rejection", knobs: { slack: 0 } }])).toMatchObject({
      where: "admission.0.knobs.slack",
    });
  });
});

test("on random scenarios: both modes agree, nothing is lost, and a limit holds", () => {
  const reached = { refused: 0, retried: 0, late: 0 };
  const policies = fc.record({
    inFlight: fc.constantFrom(1, 2, 5),
    early: fc.boolean(),
    max: fc.constantFrom(0, 1, 6),
    patience: fc.constantFrom(null, 0.5, 3),
    jitter: fc.constantFrom(0, 1),
  });
  fc.assert(
    fc.property(randomRuns, policies, (run, { inFlight, early, max, patience, jitter }) => {
      const scenario = scenarioSchema.parse({
        ...run.scenario,
        admission: [
          { policy: "queue_limit", knobs: { in_flight_per_worker: inFlight } },
          ...(early ? [{ policy: "early_rejection", knobs: { slack: 1 } }] : []),
        ],
        clients: { timeout_s: patience, retry: { max, base_s: 0.05, max_s: 1, jitter } },
      });
      const watch = { requests: true, auditEvery: 20 };
      const fast = simulate({ ...run, scenario }, watch);
      const steps = simulate({ ...run, scenario }, { ...watch, stepByStep: true });
      expect({ ...fast.report, events: 0 }).toEqual({ ...steps.report, events: 0 });
      expect(fast.requests).toEqual(steps.requests);
      const { report } = fast;
      const requests = fast.requests!;
      // Refused, a request is sent again, or rejected, or still waits when the run ends.
      const refused = report.admission!.refusals.reduce((sum, { count }) => sum + count, 0);
      const hopeless = /max_model_len|does not fit/;
      const byPolicy = report.rejections.filter(({ reason }) => !hopeless.test(reason));
      const rejected = byPolicy.reduce((sum, { count }) => sum + count, 0);
      const { retries } = report.admission!;
      expect(refused - retries - rejected).toBeGreaterThanOrEqual(0);
      if (report.stopped === null) expect(refused).toBe(retries + rejected);
      // No instant has more in flight than the limit: those admitted or refused by nobody count from when they were let in.
      const { workers } = run.scenario.cluster;
      const ran = Array.from({ length: requests.rows }, (_, i) => i).filter(
        (i) => requests.worker[i]! >= 0 && requests.admittedUs[i]! >= 0,
      );
      for (const i of ran) {
        const at = requests.admittedUs[i]!;
        const inside = ran.filter((j) => {
          const end = requests.finishUs[j]!;
          return requests.admittedUs[j]! <= at && !(end <= at);
        });
        expect(inside.length).toBeLessThanOrEqual(inFlight * workers);
      }
      reached.refused += refused;
      reached.retried += retries;
      for (let i = 0; i < requests.rows; i++) {
        if (requests.status[i] === REQUEST_COMPLETED && max > 0) reached.late++;
        if (requests.status[i] === REQUEST_REJECTED) expect(requests.worker[i]).toBe(-1);
      }
    }),
    { numRuns: 250, seed: 20261123 },
  );
  expect(Math.min(...Object.values(reached))).toBeGreaterThan(250);
}, 120_000);
