/** The scenario's `cluster.fabric`: what links the workers. */

import { z } from "zod";

const described = <T extends z.ZodType>(type: T, description: string): T =>
  type.meta({ description });
const count = (max: number): z.ZodInt => z.int().positive().max(max);

/**
 * Set-up of a transfer, fitted to the nine rows of Mooncake's benchmark of its vLLM connector (Qwen3-8B, 128 to 32768 tokens, 8 × 200 Gb/s
 * RoCE at 85 % of line rate; kvcache-ai.github.io/Mooncake/performance/vllm-v1-support-benchmark.html, read 2026-11-20): mean error 3 %,
 * largest 9 %, with a descriptor for each block of 16 tokens, layer, and of keys and values. Engines that post slower were seen: vLLM's NIXL
 * connector at 3.8 µs a descriptor (vLLM #50913: 6.7 ms for 1785), copies to the host at 0.5 (vLLM #48434).
 */
const SETUP_US = 385;
const DESCRIPTOR_US = 0.036;

/** Nodes of a scalable unit under one set of leaf switches: NVIDIA DGX SuperPOD H100 reference architecture. */
const NODES_PER_LEAF = 32;

export const fabricSchema = z.strictObject({
  network: described(
    z.string().min(1).nullable().default(null),
    "link card of the NICs, such as ib-ndr400 or ethernet-25; null: the NICs of the node's card",
  ),
  nics_per_node: described(
    count(64).nullable().default(null),
    "network ports of a node; null: as many as the node's card says",
  ),
  nodes: described(
    count(1_000_000).nullable().default(null),
    "nodes there are; null: as many as the workers take",
  ),
  placement: described(
    z
      .union([
        z.enum(["pack", "pools_apart", "spread"]),
        z.array(z.string().min(1).max(4096)).min(1),
      ])
      .default("pack"),
    "pack: node by node; pools_apart: no two pools in one node; spread: each worker where most is free; " +
      'or the GPUs of every worker, in order, decode pools last, such as "0.0-3" or "0.0-7+1.0-7"',
  ),
  rails: described(
    z.boolean().default(true),
    "rail-optimized: each NIC of a node has a leaf switch of its own; else a node has one",
  ),
  nodes_per_leaf: described(
    count(100_000).default(NODES_PER_LEAF),
    "nodes whose NICs share leaf switches",
  ),
  oversubscription: described(
    z.number().min(1).max(1000).default(1),
    "bandwidth into a leaf switch over that of its uplinks; 1: non-blocking",
  ),
  store: described(
    z.string().min(1).nullable().default(null),
    "link card of the object store behind the network; null: there is none",
  ),
  sharing: described(
    z.enum(["fair", "none"]).default("fair"),
    "fair: transfers share links max-min fairly; none: each moves as if it were alone",
  ),
  setup_us: described(
    z.number().nonnegative().finite().default(SETUP_US).meta({ unit: "us" }),
    "control messages of every transfer before its first byte, µs",
  ),
  descriptor_us: described(
    z.number().nonnegative().finite().default(DESCRIPTOR_US).meta({ unit: "us" }),
    "posting one memory descriptor (a block of a layer), µs; ranks post side by side",
  ),
  transfers_per_worker: described(
    count(1_000_000).nullable().default(null),
    "most transfers that a worker runs at once, others wait in line; null: no limit",
  ),
});

/** A complete fabric: every default filled in. */
export type FabricKnobs = z.output<typeof fabricSchema>;

export const FABRIC_DEFAULT: FabricKnobs = fabricSchema.parse({});
