/** Adapters with workers of their own: few workers each, the same whoever asks, others only when those are gone. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rendezvousRanking } from "../../src/policies/index.ts";
import { adapterDraws } from "../../src/sim/adapters.ts";
import { parseScenario, scenarioSchema } from "../../src/sim/index.ts";
import type { Scenario, ScenarioInput } from "../../src/sim/index.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "../laws/law-runs.ts";
import { randomClusters } from "../support/random-cluster.ts";
import { workerNumbers } from "../support/random-pins.ts";
import { randomRuns } from "../support/random-scenario.ts";
import type { RandomRun } from "../support/random-scenario.ts";
import { simulate } from "../support/simulate.ts";
import { runBoth, scenarioOf, TEN_AND_ONE, traceOf } from "../support/small-runs.ts";

const TRACE = traceOf(
  Array.from({ length: 60 }, (_, i) => ({ at: 50_000 * i, input: 50, output: 3 })),
);

function run(replicas: number | null, rest: Pick<ScenarioInput, "faults" | "router"> = {}) {
  const scenario = scenarioOf(
    { step_time: TEN_AND_ONE, lora: { max_loras: 2, load_us: 5000 } },
    {
      cluster: { workers: 5 },
      traffic: { adapters: { count: 5, zipf: 0 } },
      ...rest,
      router: { adapter_replicas: replicas, ...rest.router },
    },
  );
  const result = runBoth({ scenario, trace: TRACE });
  const draws = adapterDraws(scenario, TRACE)!;
  /** Workers of each adapter, in order of their first request. */
  const workers = new Map<number, number[]>();
  result.requests.worker.forEach((worker, row) => {
    const of = workers.get(draws.at(row)) ?? [];
    workers.set(draws.at(row), of.includes(worker) ? of : [...of, worker]);
  });
  return { ...result, workers };
}

describe("adapters with workers of their own", () => {
  test("each goes to the first workers of its ranking, and is loaded there once", () => {
    const spread = run(null);
    for (const of of spread.workers.values()) expect(of.length).toBeGreaterThan(2);
    const { workers, report } = run(1);
    for (const [adapter, of] of workers) expect(of).toEqual([rendezvousRanking(adapter, 5)[0]]);
    const two = run(2);
    for (const [adapter, of] of two.workers) {
      expect([...of].sort()).toEqual(rendezvousRanking(adapter, 5).slice(0, 2).sort());
    }
    expect(report.adapters!.loads).toBeLessThanOrEqual(5);
    expect(two.report.adapters!.loads).toBeLessThan(spread.report.adapters!.loads);
    // More than there are is all of them.
    expect(run(9).report.digest).toBe(spread.report.digest);
  });

  test("when its worker is gone the next of the ranking takes over, and gives it back", () => {
    const [adapter, before] = [...run(1).workers].find(([, of]) => of.length === 1)!;
    const gone = before[0]!;
    const faults = {
      events: [{ at_s: 1, kind: "crash" as const, worker: gone, for_s: 1 }],
      detection_s: 0.001,
      startup_s: 0.01,
    };
    const { workers, requests } = run(1, { faults });
    const next = rendezvousRanking(adapter, 5)[1]!;
    expect(workers.get(adapter)!.filter((worker) => worker >= 0)).toEqual([gone, next]);
    // The others stay where they were.
    for (const [other, of] of workers) {
      const [first] = rendezvousRanking(other, 5);
      if (first !== gone) expect(of).toEqual([first]);
    }
    expect(requests.worker.slice(-15)).toContain(gone);
  });

  test("labels and lists go before, and the base model goes anywhere", () => {
    const rules = [{ allowed_workers: [1, 3] }];
    const { workers } = run(1, { router: { rules } });
    for (const [adapter, of] of workers) {
      expect(of).toEqual([rendezvousRanking(adapter, 5).find((one) => one === 1 || one === 3)]);
    }
  });

  test("without adapters there is nothing to place", () => {
    const parsed = parseScenario({ trace: "t", router: { adapter_replicas: 2 } });
    expect(parsed.ok ? "" : parsed.problem.where).toBe("router.adapter_replicas");
  });
});

/** The run with adapters in its traffic. */
function adapted({ scenario, ...rest }: RandomRun, replicas: number | null): RandomRun {
  const changed: Scenario = scenarioSchema.parse({
    ...scenario,
    engine: { ...scenario.engine, lora: { max_loras: 2, load_us: 700 } },
    traffic: { ...scenario.traffic, adapters: { count: 4, share: 0.8 } },
    router: { ...scenario.router, adapter_replicas: replicas, rules: [] },
  });
  const { pins: _, ...trace } = rest.trace;
  return { ...rest, trace, scenario: changed };
}

test(
  "random runs: no adapter has more workers than it may, in both modes alike",
  () => {
    let placed = 0;
    const runs = fc.oneof(randomRuns, randomClusters).filter(({ scenario, hardware }) => {
      return scenario.engine.scheduler === "vllm" && hardware === undefined;
    });
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 3 }), (plain, replicas) => {
        const here = adapted(plain, replicas);
        const fast = simulate(here, { requests: true });
        const steps = simulate(here, { stepByStep: true });
        expect(fast.report.digest).toBe(steps.report.digest);
        const draws = adapterDraws(here.scenario, here.trace)!;
        const { prefill, decode } = workerNumbers(here.scenario);
        const used = new Map<number, Set<number>>();
        const { row, worker } = fast.requests!;
        row.forEach((one, i) => {
          const adapter = draws.at(one);
          if (adapter === 0 || !decode.includes(worker[i]!)) return;
          used.set(adapter, (used.get(adapter) ?? new Set()).add(worker[i]!));
        });
        for (const [adapter, of] of used) {
          const first = rendezvousRanking(adapter, decode.length).slice(0, replicas);
          for (const id of of) expect(first).toContain(id - prefill.length);
          if (decode.length > replicas) placed++;
        }
        if (replicas >= Math.max(prefill.length, decode.length)) {
          expect(fast.report.digest).toBe(simulate(adapted(plain, null)).report.digest);
        }
      }),
      lawRuns(120),
    );
    expect(placed).toBeGreaterThan(50);
  },
  LAW_TIMEOUT_MS,
);
