/** KV tiers whose bytes cross the fabric's own links. */

import { describe, expect, test } from "vitest";
import { createSimulation, parseScenario } from "../../../src/sim/index.ts";
import type { SimulationResult } from "../../../src/sim/index.ts";
import { valueOf } from "../../hardware/cards-support.ts";
import { deck } from "../../hardware/kernels-support.ts";
import { simulate } from "../../support/simulate.ts";
import { traceOf } from "../../support/small-runs.ts";

const BLOCK = 16;
const TOKEN_BYTES = 1_000_000;
const path = (first: number, blocks: number) => Array.from({ length: blocks }, (_, i) => first + i);

/** Of the first prompt's 20 blocks, 5 stay in the GPU's 30 beside the second's 25. */
const FETCHED = 15 * BLOCK;

/** A prompt, others that push it out of the GPU, and the prompt again with another ending. */
const trace = traceOf(
  [
    { at: 0, input: 20 * BLOCK, output: 1, ids: path(0, 20) },
    { at: 2_000_000, input: 25 * BLOCK, output: 1, ids: path(100, 25) },
    { at: 4_000_000, input: 21 * BLOCK, output: 1, ids: [...path(0, 20), 200] },
  ],
  BLOCK,
);

function inputsWith(tier: object, fabric: object, gpu = "h100-sxm") {
  const scenario = valueOf(
    parseScenario({
      gpu,
      engine: {
        num_gpu_blocks: 30,
        block_size: BLOCK,
        step_time: { type: "fixed", prefill_ms: 100, decode_ms: 1 },
      },
      cluster: { fabric },
      kv: {
        tiers: [{ capacity_blocks: 1000, offload: "presence", ...tier }],
        bytes_per_token: TOKEN_BYTES,
        onboard: "always",
      },
    }),
  );
  return { scenario, trace, hardware: { deck } };
}

function ran(tier: object, fabric: object, gpu?: string): Required<SimulationResult> {
  return simulate(inputsWith(tier, fabric, gpu), { requests: true }) as Required<SimulationResult>;
}

/** When the third request's first token came, after its arrival, µs. */
function thirdOf({ requests }: Required<SimulationResult>): number {
  return requests.firstTokenUs[2]! - requests.arrivalUs[2]!;
}

describe("tiers on a fabric", () => {
  test("host memory is as far as the GPU's PCIe link", () => {
    const result = ran({ level: "g2" }, {});
    const { network, kv } = result.report;
    expect(kv.tokensBySource?.g2).toBe(FETCHED);
    // 15 blocks of 16 MB at 64 GB/s × 0.8, after two link latencies, then the prompt's rest.
    const bytes = FETCHED * TOKEN_BYTES;
    const us = thirdOf(result) - 100_000;
    expect(us).toBeGreaterThan(bytes / 51_200);
    expect(us).toBeLessThan(bytes / 51_200 + 200);
    const down = network!.links.find(({ name }) => name === "node 0 gpu 0 pcie down")!;
    expect(down.bytes).toBe(bytes);
    // Down to the host went all three prompts' new blocks, some of which the run did not wait for.
    expect(network!.links.map(({ name }) => name)).toContain("node 0 dram");
  });

  test("C2C, drives and the store take what their links take", () => {
    const fetchUs = (tier: object, fabric: object, gpu?: string) =>
      thirdOf(ran(tier, fabric, gpu)) - 100_000;
    const bytes = FETCHED * TOKEN_BYTES;
    // 450 GB/s × 0.85, one Grace host: 1024 GB/s of memory do not limit.
    const grace = fetchUs({ level: "g2" }, {}, "gb200");
    expect(grace - bytes / 382_500).toBeGreaterThan(0);
    expect(grace - bytes / 382_500).toBeLessThan(100);
    // Drives of an HGX H100 node: 48 GB/s × 0.9.
    const drives = fetchUs({ level: "g3" }, {});
    expect(drives - bytes / 43_200).toBeGreaterThan(0);
    expect(drives - bytes / 43_200).toBeLessThan(300);
    // One NDR port: 50 GB/s × 0.93, and 5 ms to the store's first byte.
    const store = fetchUs({ level: "g4" }, { store: "object-store" });
    expect(store - bytes / 46_500).toBeGreaterThan(5000);
    expect(store - bytes / 46_500).toBeLessThan(5500);
    // A rate that the scenario names holds for each transfer.
    const slow = fetchUs({ level: "g3", read_bytes_per_s: 1e9 }, {});
    expect(slow).toBeGreaterThan(bytes / 1000);
  });

  test("a tier without a link to it is refused with its place", () => {
    const built = createSimulation(inputsWith({ level: "g4" }, {}));
    if (built.ok) throw new Error("the simulation was built");
    expect(built.problem.where).toContain("cluster.fabric.store");
    expect(built.problem.remedy).toContain("object-store");
  });
});
