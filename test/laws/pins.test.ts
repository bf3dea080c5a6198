/**
 * Who asks for a worker gets that one or none, whatever the policy, the view, the queue and what breaks; and asking for what one
 * would have got changes nothing.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Scenario } from "../../src/sim/index.ts";
import type { RowPins } from "../../src/trace/index.ts";
import { randomClusters } from "../support/random-cluster.ts";
import { randomPins, workerNumbers } from "../support/random-pins.ts";
import { randomRuns } from "../support/random-scenario.ts";
import type { RandomRun } from "../support/random-scenario.ts";
import { randomStorms } from "../support/random-storm.ts";
import { simulate } from "../support/simulate.ts";
import { LAW_TIMEOUT_MS, lawRuns, waitsAtRouter, withSections } from "./law-runs.ts";

/** The workers that may take a row's part in a group, by the plain reading of what it asks for. */
function mayTake(
  { any, prefill, decode, allowed }: RowPins,
  row: number,
  group: readonly number[],
  role: string,
): readonly number[] {
  const own = (role === "prefill" ? prefill : decode)![row]!;
  const pin = [own, any![row]!].find((id) => group.includes(id));
  if (pin !== undefined) return [pin];
  const listed = allowed!.lists[allowed!.codes[row]!]!.filter((id) => group.includes(id));
  return listed.length > 0 ? listed : group;
}

/** The run with its trace pinned. */
function pinned(run: RandomRun, pins: RowPins): RandomRun {
  return { ...run, trace: { ...run.trace, pins } };
}

test(
  "nobody who asks for workers lands elsewhere",
  () => {
    let restricted = 0;
    let decisions = 0;
    fc.assert(
      fc.property(fc.oneof(randomRuns, randomClusters, randomStorms), fc.nat(), (run, draw) => {
        const pins = randomPins(run.scenario.seed, run.trace.rows, run.scenario);
        const { prefill, decode } = workerNumbers(run.scenario);
        const witness = { row: draw % run.trace.rows };
        const result = simulate(pinned(run, pins), { requests: true, witness });
        const { worker, row, rows } = result.requests!;
        for (let i = 0; i < rows; i++) {
          const id = worker[i]!;
          // A request that ended before its answer began was last at a prefill worker.
          const role = prefill.includes(id) ? "prefill" : "decode";
          const group = role === "prefill" ? prefill : decode;
          if (id < 0) continue;
          const may = mayTake(pins, row[i]!, group, role);
          expect(may).toContain(id);
          if (may.length < group.length) restricted++;
        }
        for (const { role, worker: id, candidates } of result.decisions ?? []) {
          const group = role === "prefill" ? prefill : decode;
          const may = mayTake(pins, witness.row, group, role);
          expect(may).toContain(id);
          for (const candidate of candidates) expect(may).toContain(candidate.worker);
          decisions++;
        }
      }),
      lawRuns(300),
    );
    expect(restricted).toBeGreaterThan(1000);
    expect(decisions).toBeGreaterThan(200);
  },
  LAW_TIMEOUT_MS,
);

/** A scenario in which each request is decided once, by a policy that draws no lots. */
function decidedOnce(scenario: Scenario, policy: string): Scenario {
  const { queue: _, busy: __, ...router } = scenario.router;
  return withSections(scenario, {
    router: { ...router, policy, knobs: {}, session_affinity_ttl_s: null },
  });
}

test(
  "pins to where everybody goes anyway, and pins that are not heeded, change no digest",
  () => {
    let moved = 0;
    fc.assert(
      fc.property(
        fc.oneof(randomRuns, randomClusters),
        fc.constantFrom("round_robin", "least_tokens"),
        (run, policy) => {
          const { pins: _, ...trace } = run.trace;
          const plain = { ...run, trace, scenario: decidedOnce(run.scenario, policy) };
          expect(waitsAtRouter(plain.scenario.router.queue)).toBe(false);
          const { requests, report } = simulate(plain, { requests: true });
          const pins = randomPins(run.scenario.seed, run.trace.rows, run.scenario);
          const router = { ...plain.scenario.router, trace_pins: false };
          const deaf = { ...plain, scenario: { ...plain.scenario, router } };
          expect(simulate(pinned(deaf, pins)).report.digest).toBe(report.digest);
          if (simulate(pinned(plain, pins)).report.digest !== report.digest) moved++;
          if (run.scenario.cluster.pools.length > 0) return;
          const any = new Int32Array(run.trace.rows).fill(-1);
          requests!.row.forEach((row, i) => (any[row] = requests!.worker[i]!));
          expect(simulate(pinned(plain, { any })).report.digest).toBe(report.digest);
        },
      ),
      lawRuns(150),
    );
    expect(moved).toBeGreaterThan(40);
  },
  LAW_TIMEOUT_MS,
);
