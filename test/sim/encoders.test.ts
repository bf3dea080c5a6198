/** Encoder workers of their own: what they cost, what becomes of requests when they die, and what a scenario may not say. */

import { expect, test } from "vitest";
import { parseScenario } from "../../src/sim/index.ts";
import type { Report, ScenarioInput } from "../../src/sim/index.ts";
import { valueOf } from "../hardware/cards-support.ts";
import { hardwareOf } from "../support/hardware.ts";
import { simulate } from "../support/simulate.ts";
import { traceOf } from "../support/small-runs.ts";

const hardware = hardwareOf("b200");
type Cluster = NonNullable<ScenarioInput["cluster"]>;
type Encoders = Cluster["encoders"];

const rows = Array.from({ length: 12 }, (_, i) => ({ at: i * 50_000, input: 2_000, output: 4 }));
const IMAGES = { tokens: 500, per_request: 2, patches: 4_000 };

function run(encoders: Encoders, more: ScenarioInput = {}, cluster: Cluster = {}): Report {
  const scenario = valueOf(
    parseScenario({
      model: "llama-4-scout",
      gpu: "b200",
      traffic: { images: IMAGES },
      ...more,
      cluster: { parallelism: { tensor: 4 }, encoders, ...cluster },
    }),
  );
  return simulate({ scenario, trace: traceOf(rows), hardware }, { auditEvery: 1 }).report;
}

test("their GPUs are counted in hours, money, energy and throughput for each GPU", () => {
  const inside = run(null);
  const apart = run({ workers: 2, tensor: 2 });
  expect(inside.encoders).toBe(null);
  const did = apart.encoders!;
  expect(did).toMatchObject({ workers: 2, gpus: 4, gpu: "b200", requests: 12, images: 24 });
  expect(apart.gpuHours).toBeCloseTo((8 * apart.simS) / 3600, 12);
  expect(apart.gpuHours).toBeCloseTo(apart.pools[0]!.gpuHours + did.gpuHours, 12);
  expect(apart.cost!.totalUsd).toBeCloseTo(apart.pools[0]!.costUsd! + did.costUsd!, 12);
  for (const { tier, totalUsd } of apart.costByTier) {
    const own = apart.engine.price!.card.find((price) => price.tier === tier)!;
    expect(totalUsd).toBeCloseTo(own.usdPerGpuHour * apart.gpuHours, 12);
  }
  const { throughput } = apart;
  expect(throughput.outputTokensPerSPerGpu).toBeCloseTo(throughput.outputTokensPerS / 8, 12);
  const { idleW } = hardware.deck.gpus.find(({ id }) => id === "b200")!.power;
  const kwh = (w: number, seconds: number): number => (w * seconds) / 3.6e6;
  const { simS, workers } = apart;
  const idleS = 4 * (simS - workers[0]!.busyS) + 4 * simS * (1 - did.busyShare);
  expect(apart.energy!.gpuIdleKwh).toBeCloseTo(kwh(idleW, idleS), 12);
  expect(apart.energy!.hostKwh / inside.energy!.hostKwh).toBeCloseTo((2 * simS) / inside.simS, 9);
});

test("requests whose encoder worker dies go to another; where none is left they wait for its return", () => {
  const kill = { kind: "kill" as const, pool: "encoders", at_s: 0.101 };
  const two = run({ workers: 2 }, { faults: { events: [{ ...kill, worker: 0, for_s: 5 }] } });
  expect(two.encoders!.deaths).toBe(1);
  expect(two.requests.completed).toBe(12);
  const slow = { bandwidth_gb_per_s: 0.001, workers: 1 };
  const one = run(slow, { faults: { events: [{ ...kill, for_s: 2 }] } });
  expect(one.requests.completed).toBe(12);
  // Embeddings under way are lost: their images are encoded where the prompts are.
  expect(one.encoders!.missed).toBeGreaterThan(0);
  // So are those of the request that was in the pass, once more.
  expect(one.images!.encoded).toBe(24 + 2 * (one.encoders!.missed + 1));
  expect(one.encoders!.waitMs.max).toBeGreaterThan(1_500);
  const never = run({ workers: 1 }, { faults: { events: [kill] }, traffic: { images: IMAGES } });
  expect(never.requests.completed).toBe(never.encoders!.requests);
  expect(never.requests.unfinished).toBe(12 - never.encoders!.requests);
});

test("a node that is lost takes the encoder workers in it", () => {
  const events = [{ kind: "node_loss" as const, node: 1, at_s: 0.1, for_s: 0.2 }];
  const more = { faults: { events, restart_s: 0.1, migration_limit: 3 } };
  const report = run({ workers: 4 }, more, { workers: 2, fabric: {} });
  // Eight GPUs of the workers fill node 0, the encoder workers are in node 1.
  expect(report.encoders!.deaths).toBe(4);
  expect(report.workers.every(({ completed }) => completed > 0)).toBe(true);
  expect(report.requests.completed).toBe(12);
  expect(report.network!.transfers.bytes).toBeGreaterThanOrEqual(report.encoders!.bytes);
});

test("an image goes to its own encoder worker, which keeps it", () => {
  const traffic = { images: { ...IMAGES, per_request: 1, distinct: 6, zipf: 0 } };
  const caches = { workers: 3, cache_tokens: 1_000 };
  const spared = (choice: "by_image" | "least_loaded"): number =>
    run({ ...caches, choice }, { traffic }).images!.spared;
  expect(spared("by_image")).toBeGreaterThan(spared("least_loaded"));
});

const problemOf = (document: ScenarioInput): string => {
  const parsed = parseScenario(document);
  return parsed.ok ? "" : `${parsed.problem.where ?? ""}: ${parsed.problem.what}`;
};

test("names what does not go together", () => {
  const base = { model: "llama-4-scout", gpu: "b200", traffic: { images: {} } };
  const cluster = { encoders: { workers: 2 } };
  expect(problemOf({ ...base, cluster })).toBe("");
  expect(problemOf({ cluster })).toContain("no request brings an image");
  expect(problemOf({ ...base, cluster, engine: { step_time: { type: "polynomial" } } })).toContain(
    "polynomial do not say how long an image takes",
  );
  expect(problemOf({ ...base, cluster: { ...cluster, pools: [{ name: "encoders" }] } })).toContain(
    "cluster.pools.0.name: a pool has the name of the encoder workers",
  );
  const at = { at_s: 1, pool: "encoders" };
  const struck = (event: object): string =>
    problemOf({ ...base, cluster, faults: { events: [{ ...at, kind: "crash", ...event }] } });
  expect(struck({})).toBe("");
  expect(struck({ worker: 2 })).toContain("encoder worker 2, which does not exist");
  expect(struck({ kind: "drain" })).toContain("encoder workers know no drain");
  expect(() => run({ gpu: "b2000" })).toThrow("nearest: b200");
});
