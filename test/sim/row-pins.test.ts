/** Rows that ask for workers, worked out by hand; and what a cluster cannot give is named with the row. */

import { describe, expect, test } from "vitest";
import { createSimulation } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import type { RowPins } from "../../src/trace/index.ts";
import { runBoth, scenarioOf, TEN_AND_ONE, traceOf } from "../support/small-runs.ts";

/** Six requests, one after the other. */
const PLAIN = traceOf(
  Array.from({ length: 6 }, (_, i) => ({ at: 100_000 * i, input: 100, output: 2 })),
);
const APART = {
  pools: [
    { name: "p", role: "prefill" as const, workers: 2 },
    { name: "d", role: "decode" as const, workers: 3 },
  ],
};

type Rest = Pick<ScenarioInput, "cluster" | "disagg" | "router" | "faults">;

function inputs(pins: RowPins, rest: Rest) {
  const scenario = scenarioOf({ step_time: TEN_AND_ONE }, { cluster: { workers: 3 }, ...rest });
  return { scenario, trace: { ...PLAIN, pins } };
}

const run = (pins: RowPins, rest: Rest = {}) => runBoth(inputs(pins, rest));
const column = (...ids: readonly number[]) => Int32Array.from(ids);

describe("rows that ask for workers", () => {
  test("a pin, a list, and everybody else in turns", () => {
    const pins = {
      any: column(2, 2, -1, -1, -1, -1),
      allowed: { lists: [[], [0, 1]], codes: Uint16Array.of(0, 0, 1, 1, 1, 0) },
    };
    const { requests } = run(pins);
    expect([...requests.worker].slice(0, 2)).toEqual([2, 2]);
    for (const worker of requests.worker.slice(2, 5)) expect(worker).toBeLessThan(2);
    expect([...run(pins, { router: { trace_pins: false } }).requests.worker]).toEqual([
      0, 1, 2, 0, 1, 2,
    ]);
  });

  test("a whole request goes where its answer is asked for, else where it is; prompts have no say", () => {
    const pins = {
      any: column(0, 0, -1, -1, -1, -1),
      decode: column(1, -1, 2, -1, -1, -1),
      prefill: column(2, 2, 2, 7, 7, 7),
    };
    expect([...run(pins).requests.worker].slice(0, 3)).toEqual([1, 0, 2]);
  });

  test("a worker stands for all its ranks where these are apart", () => {
    const pins = {
      any: column(1, 1, 1, 1, -1, -1),
      allowed: { lists: [[], [0]], codes: Uint16Array.of(0, 0, 0, 0, 1, 1) },
    };
    const scenario = scenarioOf(
      { step_time: TEN_AND_ONE, data_ranks: "apart" },
      { cluster: { workers: 2, parallelism: { data: 2 } } },
    );
    const { requests } = runBoth({ scenario, trace: { ...PLAIN, pins } });
    // Worker 0 is places 0 and 1, worker 1 is 2 and 3.
    expect(new Set(requests.worker.slice(0, 4))).toEqual(new Set([2, 3]));
    expect(new Set(requests.worker.slice(4))).toEqual(new Set([0, 1]));
  });

  test("prefill and decode workers each by their own pins", () => {
    const pins = {
      prefill: column(1, 1, 1, 1, 1, 1),
      decode: column(4, 4, 3, 3, -1, -1),
      any: column(2, 2, 2, 2, 2, 0),
    };
    const { requests, report } = run(pins, { cluster: APART });
    expect([...requests.worker].slice(0, 5)).toEqual([4, 4, 3, 3, 2]);
    // The pin of the last row, to a prefill worker, leaves its answer free, and its own prefill pin goes before it.
    expect(report.workers.slice(0, 2).map(({ steps }) => steps > 0)).toEqual([false, true]);
  });

  test("who has pinned a prefill worker takes the hop, however short the prompt", () => {
    const disagg = {
      conditional: { policy: "isl_bounding" as const, knobs: { effective_share: 1.5 } },
    };
    const pins = { prefill: column(0, -1, -1, -1, -1, -1) };
    const stayed = (of: RowPins): unknown =>
      run(of, { cluster: APART, disagg }).report.disagg?.conditional?.bypassedShort;
    expect(stayed({})).toBe(6);
    expect(stayed(pins)).toBe(5);
    const onlyPrefill = { lists: [[], [0, 1], [0, 1, 2]], codes: Uint16Array.of(1, 1, 2, 0, 0, 0) };
    expect(stayed({ allowed: onlyPrefill })).toBe(4);
  });

  test("who has pinned a dead worker is turned away", () => {
    const faults = {
      events: [{ at_s: 0.15, kind: "crash" as const, worker: 1 }],
      detection_s: 0.01,
      restart_s: 9,
    };
    const { report, requests } = run({ any: column(1, -1, 1, -1, 1, -1) }, { faults });
    expect(report.rejections).toEqual([{ reason: "no worker is eligible", count: 2 }]);
    expect([requests.worker[0], requests.worker[2], requests.worker[4]]).toEqual([1, -1, -1]);
  });
});

test("what the cluster cannot give is named, with the row and what to do", () => {
  const problem = (pins: RowPins, rest: Rest = {}) => {
    const made = createSimulation(inputs(pins, rest));
    return made.ok ? undefined : made.problem;
  };
  expect(problem({ any: column(0, 0, 9, 0, 0, 0) })).toEqual({
    what: "backend_instance_id is 9, which is no worker here",
    where: "by hand, row 3 in order of arrival",
    expected: "a number from 0 to 2",
    remedy: "correct the row, or set router.trace_pins=false to route all rows freely",
  });
  const apart = { cluster: APART };
  const wrong = problem({ decode: column(-1, 1, 2, 2, 2, 2) }, apart);
  expect(wrong?.what).toBe("decode_worker_id is 1, which is no decode worker here");
  expect(wrong?.expected).toBe("a number from 2 to 4");
  expect(problem({ prefill: column(3, 0, 0, 0, 0, 0) }, apart)?.expected).toBe(
    "a number from 0 to 1",
  );
  const lists = { lists: [[], [0, 1], [4]], codes: Uint16Array.of(0, 1, 2, 0, 0, 0) };
  expect(problem({ allowed: lists })?.what).toBe("allowed_workers has 4, which is no worker here");
  expect(problem({ allowed: lists })?.where).toBe("by hand, row 3 in order of arrival");
  const torn = { any: column(-1, 2, -1, -1, -1, -1), allowed: lists };
  expect(
    problem({ ...torn, allowed: { ...lists, codes: Uint16Array.of(0, 1, 0, 0, 0, 0) } }),
  ).toEqual(
    expect.objectContaining({
      what: "the worker that the row pins is not among its allowed_workers",
      where: "by hand, row 2 in order of arrival",
    }),
  );
  expect(problem({ any: column(9, 9, 9, 9, 9, 9) }, { router: { trace_pins: false } })).toBe(
    undefined,
  );
});
