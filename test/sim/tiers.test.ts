/** KV tiers by hand: what a request waits for, from where its prefix comes, and what is refused. */

import { describe, expect, test } from "vitest";
import { createSimulation, scenarioSchema, writeSeriesCsv } from "../../src/sim/index.ts";
import type { ScenarioInput } from "../../src/sim/index.ts";
import type { Trace } from "../../src/trace/index.ts";
import { outcomesOf, runBoth, scenarioOf, traceOf } from "../support/small-runs.ts";
import type { Row } from "../support/small-runs.ts";
import { simulate } from "../support/simulate.ts";

type Kv = NonNullable<ScenarioInput["kv"]>;

/** 1000 bytes a token over 1000 bytes/µs: 16 µs a block. */
const LINKS: Kv = { bytes_per_token: 1000, host_bytes_per_s: 1e9, peer_bytes_per_s: 1e9 };

/** A: two blocks and a token; B takes the whole pool; then A again. */
const A: Row = { at: 0, input: 33, output: 1, ids: [0, 1, 2] };
const B: Row = { at: 20_000, input: 49, output: 1, ids: [10, 11, 12, 13] };
const AGAIN: Row = { ...A, at: 40_000 };

function run(kv: Kv, rows: readonly Row[] = [A, B, AGAIN], workers = 1, more: Partial<Trace> = {}) {
  const scenario = scenarioOf(
    { num_gpu_blocks: 4, enable_chunked_prefill: true },
    { kv: { ...LINKS, ...kv }, cluster: { workers } },
  );
  return runBoth({ scenario, trace: { ...traceOf(rows, 16), ...more } });
}

describe("host memory", () => {
  test("is in the samples over time, and in their CSV", () => {
    const scenario = scenarioOf(
      { num_gpu_blocks: 4, enable_chunked_prefill: true },
      { kv: { ...LINKS, onboard: "always", tiers: [{ level: "g2", capacity_blocks: 100 }] } },
    );
    const inputs = { scenario, trace: traceOf([A, B, AGAIN], 16) };
    const { series } = simulate(inputs, { seriesIntervalUs: 15_000 });
    // A's two whole blocks have room from the end of its step at 10 ms, B's three from 30 ms.
    expect([...series!.tiers!["g2"]!.blocksUsed]).toEqual([0, 2, 5, 5, 5]);
    let text = "";
    writeSeriesCsv(series!, (piece) => (text += piece));
    const lines = text.trimEnd().split("\n");
    const at = lines[0]!.split(",").indexOf("g2_blocks_used");
    expect(lines.slice(1).map((line) => line.split(",")[at])).toEqual(["0", "2", "5", "5", "5"]);
    // A comes again and fetches its two blocks, over the links that the tiers have to themselves.
    expect([...series!.tiers!["g2"]!.bytesOut]).toEqual([0, 0, 0, 32_000, 32_000]);
    expect(lines[0]).toContain("link_worker_0_GPU_to_host_bytes_total");
  });

  test("has what was evicted, for the time of its transfer", () => {
    const { requests, report } = run({
      onboard: "always",
      tiers: [{ level: "g2", capacity_blocks: 100 }],
    });
    const again = outcomesOf(requests)[2]!;
    // 20 µs of set-up, 2 blocks of 16 µs, then a step of 10 ms for the last token.
    expect(again.first).toBe(40_000 + 20 + 32 + 10_000);
    expect(again.cached).toBe(32);
    expect(report.kv.tokensBySource).toEqual({
      computed: 33 + 49 + 1,
      g1: 0,
      g2: 32,
      g3: 0,
      g4: 0,
      peer: 0,
    });
    const [g2] = report.kv.tiers!;
    expect(g2).toMatchObject({ hitTokens: 32, storedBlocks: 5, bytesIn: 80_000, bytesOut: 32_000 });
    // Of the first two prompts: 5 blocks never seen, 2 tokens in no whole block; of the third one token.
    expect(g2!.missedTokens).toMatchObject({ neverSeen: 80, partialBlock: 3, evicted: 0 });
    expect(report.kv.g1!.missedTokens).toMatchObject({ evicted: 32 });
  });

  test("gets blocks that are evicted when that is the rule, and not before", () => {
    const { report, requests } = run({
      onboard: "always",
      tiers: [{ level: "g2", capacity_blocks: 100, offload_when: "on_evict" }],
    });
    // A's two blocks went down when B took their place; nobody waits for B's to follow.
    expect(report.kv.tiers![0]).toMatchObject({ hitTokens: 32, storedBlocks: 2 });
    expect(outcomesOf(requests)[2]!.first).toBe(50_052);
  });

  test("is not asked when computing is the rule", () => {
    const { report, requests } = run({
      onboard: "never",
      tiers: [{ level: "g2", capacity_blocks: 100 }],
    });
    expect(outcomesOf(requests)[2]!.first).toBe(50_000);
    expect(report.kv.onboarding).toMatchObject({ choices: 1, fetches: 0, meanMs: null });
  });

  test("that is too small has the beginning, and the rest is computed", () => {
    const { report, requests } = run({
      onboard: "always",
      tiers: [{ level: "g2", capacity_blocks: 1, eviction: "belady" }],
    });
    expect(outcomesOf(requests)[2]).toMatchObject({ cached: 16, first: 40_000 + 20 + 16 + 10_000 });
    expect(report.kv.tiers![0]!.missedTokens).toMatchObject({ refused: 16 });
  });

  test("forgets what nobody used for its retention", () => {
    const { report } = run({
      onboard: "always",
      tiers: [{ level: "g2", capacity_blocks: 100, retention_s: 0.02 }],
    });
    expect(report.kv.tiers![0]).toMatchObject({ hitTokens: 0, expiredBlocks: 2 });
  });
});

test("compressed blocks are smaller on the link, and their codec may be slower than it", () => {
  const tier = { level: "g2" as const, capacity_blocks: 100, compression_ratio: 2 };
  const fast = run({ onboard: "always", tiers: [tier] });
  expect(outcomesOf(fast.requests)[2]!.first).toBe(40_000 + 20 + 16 + 10_000);
  const slow = run({ onboard: "always", tiers: [{ ...tier, codec_bytes_per_s: 1e8 }] });
  expect(outcomesOf(slow.requests)[2]!.first).toBe(40_000 + 20 + 160 + 10_000);
});

test("the rule by predicted time knows how slow a codec or a cipher is", () => {
  const tier = { level: "g2" as const, capacity_blocks: 100 };
  // 32 of 33 tokens come in 3.2 ms at 10 MB/s, in 32 ms at 1 MB/s; computed they take 9.6 ms.
  const step = { base_us: 1000, token_us: 300, decode_request_us: 0, decode_context_us: 0 };
  const g2Of = (more: object): number => {
    const scenario = scenarioOf(
      { num_gpu_blocks: 4, step_time: { type: "linear", ...step } },
      { kv: { ...LINKS, onboard: "predicted", tiers: [{ ...tier, ...more }] } },
    );
    const { report } = runBoth({ scenario, trace: traceOf([A, B, { ...A, at: 90_000 }], 16) });
    return report.kv.tokensBySource!.g2;
  };
  expect(g2Of({ encryption_bytes_per_s: 1e7 })).toBe(32);
  expect(g2Of({ encryption_bytes_per_s: 1e6 })).toBe(0);
  expect(g2Of({ codec_bytes_per_s: 1e6 })).toBe(0);
});

test("encryption on the network slows what comes from peers and remote stores, and nothing else", () => {
  const slow = { onboard: "always", transit_encryption_bytes_per_s: 1e8 } as const;
  const peer = run({ ...slow, peer_fetch: true }, [A, AGAIN], 2);
  expect(outcomesOf(peer.requests)[1]!.first).toBe(40_000 + 10 + 20 + 320 + 10_000);
  const remote = {
    level: "g4" as const,
    capacity_blocks: 100,
    read_bytes_per_s: 1e9,
    latency_us: 5,
  };
  const fromStore = run({ ...slow, tiers: [{ ...remote, offload: "pass_all" }] });
  expect(outcomesOf(fromStore.requests)[2]!.first).toBe(40_000 + 5 + 20 + 320 + 10_000);
  const host = run({ ...slow, tiers: [{ level: "g2", capacity_blocks: 100 }] });
  expect(outcomesOf(host.requests)[2]!.first).toBe(40_000 + 20 + 32 + 10_000);
});

test("a disk behind host memory is read over both, and host memory keeps what passes", () => {
  const { requests, report } = run(
    {
      onboard: "always",
      tiers: [
        { level: "g2", capacity_blocks: 3 },
        { level: "g3", capacity_blocks: 100, read_bytes_per_s: 1e8, offload: "presence" },
      ],
    },
    [A, B, AGAIN, { ...B, at: 60_000 }, { ...A, at: 80_000 }],
  );
  // 100 µs to the first byte, then 32 kB at 100 bytes/µs.
  expect(outcomesOf(requests)[2]!.first).toBe(40_000 + 100 + 20 + 320 + 10_000);
  expect(report.kv.tokensBySource).toMatchObject({ g3: 32 + 32 + 32 });
});

test("a prefix comes from a peer over its port", () => {
  const { requests, report } = run({ onboard: "always", peer_fetch: true }, [A, AGAIN], 2);
  expect(outcomesOf(requests)[1]!.first).toBe(40_000 + 10 + 20 + 32 + 10_000);
  expect(report.kv.tokensBySource).toMatchObject({ peer: 32 });
});

test("tenants that are kept apart share nothing", () => {
  const tenant = { values: ["one", "two"], codes: Uint16Array.of(0, 1) };
  const both = [A, { ...A, at: 40_000 }];
  expect(run({}, both).report.tokens.cached).toBe(32);
  const apart = run({ isolation: "tenant" }, both, 1, { labels: { tenant } });
  expect(apart.report.tokens.cached).toBe(0);
});

describe("what cannot be", () => {
  const refused: readonly [string, Kv, string][] = [
    [
      "a remote store without a link",
      { tiers: [{ level: "g4", capacity_blocks: 9 }] },
      "kv.tiers.0.read_bytes_per_s",
    ],
    ["a tier without size", { tiers: [{ level: "g2" }] }, "kv.tiers.0"],
    [
      "tiers in the wrong order",
      {
        tiers: [
          { level: "g3", capacity_blocks: 9 },
          { level: "g2", capacity_blocks: 9 },
        ],
      },
      "kv.tiers.1.level",
    ],
    [
      "a store behind one that is shared more widely",
      {
        tiers: [
          { level: "g2", scope: "cluster", capacity_blocks: 9 },
          { level: "g3", scope: "worker", capacity_blocks: 9 },
        ],
      },
      "kv.tiers.1.scope",
    ],
    [
      "an unknown policy",
      { tiers: [{ level: "g2", capacity_blocks: 9, eviction: "fifo" }] },
      "kv.tiers.0.eviction",
    ],
    [
      "a knob out of range",
      { onboard_knobs: { queue_weight: -1 }, tiers: [{ level: "g2", capacity_blocks: 9 }] },
      "kv.onboard_knobs.queue_weight",
    ],
    [
      "tokens of unknown size",
      { bytes_per_token: null, tiers: [{ level: "g2", capacity_blocks: 9 }] },
      "kv.bytes_per_token",
    ],
    ["peers without a port", { peer_fetch: true, peer_bytes_per_s: null }, "kv.peer_bytes_per_s"],
    ["tenants that nobody names", { isolation: "tenant" }, "kv.isolation"],
  ];

  test.each(refused)("%s", (_, kv, where) => {
    const scenario = scenarioSchema.parse({ kv: { ...LINKS, ...kv } });
    const made = createSimulation({ scenario, trace: traceOf([A], 16) });
    expect(made.ok).toBe(false);
    if (made.ok) return;
    expect(made.problem.where).toBe(where);
    expect(made.problem.what.length).toBeGreaterThan(0);
    expect(made.problem.remedy ?? made.problem.expected).toBeDefined();
  });
});
