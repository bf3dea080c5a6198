/** Routers that lose their sight: KV events that get lost and are told again, and metrics that cannot be read. */

import { describe, expect, test } from "vitest";
import type { ScenarioInput } from "../../../src/sim/index.ts";
import { runBoth, scenarioOf, traceOf } from "../../support/small-runs.ts";
import type { Row } from "../../support/small-runs.ts";

/** A prompt of ten blocks, again and again, each time with a tail of its own: whoever knows sends it where it was. */
const rowsAt = (times: readonly number[]): Row[] =>
  times.map((at, i) => ({
    at,
    input: 161,
    output: 1,
    ids: [...Array.from({ length: 10 }, (_, block) => block), 100 + i],
  }));

/** A prompt of its own in between, so that the least loaded worker is not always the same. */
const other = (at: number, id: number): Row => ({
  at,
  input: 161,
  output: 1,
  ids: Array.from({ length: 11 }, (_, block) => id + block),
});

type Events = NonNullable<NonNullable<ScenarioInput["faults"]>["events"]>;

function ran(rows: readonly Row[], events: Events, router: ScenarioInput["router"] = {}) {
  const scenario = scenarioOf(
    {},
    {
      cluster: { workers: 2 },
      router: { policy: "dynamo_kv", kv_event_delay_s: 0.001, ...router },
      faults: { events },
    },
  );
  return runBoth({ scenario, trace: traceOf(rows, 16) });
}

const S = 1e6;

describe("KV events that get lost", () => {
  const rows = rowsAt([0, 1 * S, 2 * S, 3 * S]);
  const loss = { at_s: 0, kind: "kv_event_loss", for_s: 0.5 } as const;
  /** Prompt tokens that each request found cached. */
  const cached = (events: Events, router?: ScenarioInput["router"]): number[] => [
    ...ran(rows, events, router).requests.cachedTokens,
  ];
  const workers = (events: Events, router?: ScenarioInput["router"]): number[] => [
    ...ran(rows, events, router).requests.worker,
  ];

  test("are what the router goes by", () => {
    expect(cached([])).toEqual([0, 160, 160, 160]);
  });

  test("leave it blind for what is cached, until the worker tells of something else", () => {
    const router = { kv_event_recovery_s: null };
    const [first, second] = workers([loss], router);
    // It does not know of the first prompt, and gives the second to whom it would give any.
    const alone = workers([], { kv_events: true, policy: "dynamo_kv" });
    expect(alone[1]).toBe(alone[0]);
    expect(second).not.toBe(first);
  });

  test("are told again when the gap is seen", () => {
    // Two workers compute it; their next events, of the tails, show the gaps, and 0.1 s later all is known.
    const between = [...rows.slice(0, 2), other(1.2 * S, 1000), other(1.4 * S, 2000)];
    const all = [...between, ...rows.slice(2)];
    const { requests, report } = ran(all, [loss], { kv_event_recovery_s: 0.1 });
    expect([...requests.cachedTokens].slice(-2)).toEqual([160, 160]);
    expect(report.faults!.events).toMatchObject([
      { kind: "kv_event_loss", workers: [0, 1], touched: 1 },
    ]);
  });

  test("of one worker leave the others' heard", () => {
    const [first] = workers([]);
    expect(cached([{ ...loss, worker: 1 - first! }])).toEqual([0, 160, 160, 160]);
    expect(cached([{ ...loss, worker: first! }], { kv_event_recovery_s: null })[1]).toBe(0);
  });
});

test("a blackout of metrics touches what is routed while it lasts", () => {
  const rows = rowsAt([0, 1 * S, 2 * S, 3 * S]);
  const events = [{ at_s: 0.5, kind: "metrics_blackout", for_s: 2 }] as const;
  const { report } = ran(rows, [...events], { policy: "least_loaded", knobs: { scraped: 1 } });
  expect(report.faults!.events).toMatchObject([{ touched: 2, moved: 0, failed: 0 }]);
});

test("a slow worker touches who is there and who comes while it lasts", () => {
  // Round robin: 0, 2 and 4 go to worker 0; each takes 10 ms.
  const rows = rowsAt([0, 0, 1 * S, 1 * S, 2 * S, 2 * S]);
  const events = [{ at_s: 0.005, kind: "slow", worker: 0, factor: 3, for_s: 1.5 }] as const;
  const { report } = ran(rows, [...events], { policy: "round_robin" });
  expect(report.faults!.events).toMatchObject([{ kind: "slow", touched: 2 }]);
});
