/** Random KV tiers, and traces of conversations that come back after their blocks have left the GPU. */

import fc from "fast-check";
import { stream } from "../../src/core/index.ts";
import { scenarioSchema } from "../../src/sim/index.ts";
import type { Scenario, ScenarioInput } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { randomRuns } from "./random-scenario.ts";
import type { RandomRun } from "./random-scenario.ts";
import { traceOf } from "./small-scenarios.ts";
import type { Row } from "./small-scenarios.ts";

const tierOf = (level: "g2" | "g3" | "g4") =>
  fc.record({
    level: fc.constant(level),
    capacity_blocks: fc.constantFrom(1, 7, 40, 300, 5_000, 5_000),
    read_bytes_per_s: fc.constantFrom(1e5, 1e7, 1e9, 2e10),
    latency_us: fc.constantFrom(0, 3, 20_000),
    eviction: fc.constantFrom("lru", "lineage", "multi_lru", "cost_aware", "belady"),
    offload: fc.constantFrom(null, "pass_all", "presence", "presence", "frequency"),
    offload_when: fc.constantFrom("write_through" as const, "on_evict" as const),
    promote: fc.boolean(),
    retention_s: fc.constantFrom(null, null, null, 0.05, 2),
    compression_ratio: fc.constantFrom(1, 2.5),
    codec_bytes_per_s: fc.constantFrom(null, 1e6),
  });

const SCOPES = [
  ["worker", "worker", "worker"],
  ["worker", "worker", "cluster"],
  ["worker", "node", "cluster"],
  ["node", "node", "node"],
  ["cluster", "cluster", "cluster"],
] as const;

const randomTiers: fc.Arbitrary<NonNullable<ScenarioInput["kv"]>> = fc
  .record({
    tiers: fc.tuple(tierOf("g2"), tierOf("g3"), tierOf("g4")),
    used: fc.constantFrom([0], [0], [1], [0, 1], [0, 2], [0, 1, 2], [0, 1, 2], []),
    scopes: fc.constantFrom(...SCOPES),
    onboard: fc.constantFrom("predicted", "always", "always", "always", "never"),
    peers: fc.boolean(),
    workersPerNode: fc.constantFrom(null, 1, 2, 3),
    transit: fc.constantFrom(null, 1e6),
  })
  .map(({ tiers, used, scopes, onboard, peers, workersPerNode, transit }) => ({
    tiers: used.map((i) => ({ ...tiers[i]!, scope: scopes[i]! })),
    onboard,
    peer_fetch: peers,
    peer_bytes_per_s: 1e9,
    transit_encryption_bytes_per_s: transit,
    host_bytes_per_s: 1e9,
    bytes_per_token: 1000,
    workers_per_node: workersPerNode,
  }));

/** Whether the trace says which rows are turns of one conversation, and whether they wait for each other. */
type Turns = "untold" | "told" | "waiting";

/** Turns of a few conversations in random order, more than a GPU's pool holds. */
function conversations(
  seed: number,
  rows: number,
  block: number,
  gapUs: number,
  turns: Turns,
): Trace {
  const random = stream(seed, "tier-conversations");
  const paths: number[][] = Array.from({ length: 8 }, () => []);
  const session: number[] = [];
  let ids = 0;
  let at = 0;
  const made = Array.from({ length: rows }, (): Row => {
    if (random.next() < 0.7) at += random.int(gapUs + 1);
    const conversation = random.int(8);
    const path = paths[conversation]!;
    session.push(conversation);
    if (path.length * block > 400) path.length = random.int(3);
    // Two conversations with one beginning ask for it at the same time, now and then.
    if (random.next() < 0.25) {
      const other = paths[random.int(8)]!;
      path.splice(0, path.length, ...other.slice(0, random.int(other.length + 1)));
    }
    const input = path.length * block + 1 + random.int(4 * block);
    const whole = Math.floor(input / block);
    while (path.length < whole) path.push(ids++);
    const own = path.slice();
    if (input % block > 0) own.push(ids++);
    return { at, input, output: random.int(4) === 0 ? 60 : 1 + random.int(8), ids: own };
  });
  const trace = traceOf(made, block);
  if (turns === "untold") return trace;
  const parent = session.map((one, row) =>
    turns === "waiting" ? session.lastIndexOf(one, row - 1) : -1,
  );
  if (session.length > 0) parent[0] = -1;
  const sessions = {
    session: Int32Array.from(session),
    sessionCount: 8,
    parent: Int32Array.from(parent),
    delayUs: Float64Array.from(session, () => random.int(gapUs + 1)),
  };
  return { ...trace, sessions };
}

export type TierRun = RandomRun & { readonly scenario: Scenario };

/** Any engine, any tiers, a pool of a few prompts. */
export const randomTierRuns: fc.Arbitrary<TierRun> = fc
  .record({
    run: randomRuns,
    kv: randomTiers,
    timeout: fc.constantFrom(null, null, 0.3, 3),
    rows: fc.oneof(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 40, max: 120 })),
    gapUs: fc.constantFrom(0, 5_000, 100_000, 1_000_000),
    traceBlock: fc.constantFrom(8, 16, 64),
    block: fc.constantFrom(1, 3, 8, 16, 64),
    // Few prompts at a time, and few workers: who comes back finds its blocks gone from the GPU, and its worker the same.
    prompts: fc.constantFrom(1.05, 1.3, 1.3, 3),
    workers: fc.constantFrom(1, 1, 2, null),
    own: fc.boolean(),
    split: fc.boolean(),
    tellsTiers: fc.constantFrom(true, true, false),
    turns: fc.constantFrom<Turns>("untold", "told", "waiting"),
    prefetch: fc.record({
      into: fc.constantFrom("none" as const, "g2" as const),
      predict: fc.constantFrom("observed" as const, "declared" as const),
      lead_s: fc.constantFrom(0, 0.01, 1),
    }),
  })
  .map((drawn) => {
    const { run, kv, timeout, rows, gapUs, traceBlock, block, prompts, own, split, turns } = drawn;
    const plain = {
      ...run.scenario,
      router: { ...run.scenario.router, kv_event_tiers: drawn.tellsTiers },
    };
    // Some keep their own trace and pool, whatever that shares.
    if (own) {
      const scenario = scenarioSchema.parse({ ...plain, kv, clients: { timeout_s: timeout } });
      return { ...run, scenario };
    }
    const trace = conversations(plain.seed, rows, traceBlock, gapUs, turns);
    const levels = (kv.tiers ?? []).map(({ level }) => level);
    const lifts = levels[0] === "g2" && levels.length > 1 && turns !== "untold";
    const longest = Math.max(...trace.inputTokens) + 64;
    const isSplit = split && plain.engine.scheduler !== "static";
    const pools = [
      { name: "prompts", role: "prefill" as const, workers: 2 },
      { name: "answers", role: "decode" as const, workers: 2 },
    ];
    const scenario = scenarioSchema.parse({
      ...plain,
      kv: lifts ? { ...kv, prefetch: drawn.prefetch } : kv,
      cluster: {
        ...plain.cluster,
        workers: drawn.workers ?? plain.cluster.workers,
        pools: isSplit ? pools : [],
      },
      disagg: { kv_bytes_per_token: 1000 },
      engine: {
        ...plain.engine,
        enable_prefix_caching: true,
        max_model_len: null,
        block_size: block,
        num_gpu_blocks: Math.ceil((longest * prompts) / block) + 2,
        chunked_prefill_size: block * 20,
        max_num_batched_tokens: Math.max(plain.engine.max_num_batched_tokens, block),
      },
      clients: { timeout_s: timeout },
    });
    return { scenario, trace, ...(run.hardware === undefined ? {} : { hardware: run.hardware }) };
  });
