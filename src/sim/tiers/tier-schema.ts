/** The scenario's `kv` section: tiers below the GPUs' memory and the policies that use them. */

import { z } from "zod";

const described = <T extends z.ZodType>(type: T, description: string): T =>
  type.meta({ description });
const positive = (unit: string, description: string) =>
  z.number().positive().finite().nullable().default(null).meta({ description, unit });
const knobs = described(z.record(z.string(), z.number()).default({}), "knobs of the policy");

export const TIER_LEVELS = ["g2", "g3", "g4"] as const;

const tier = z.strictObject({
  level: described(z.enum(TIER_LEVELS), "g2: host memory; g3: local NVMe; g4: remote store"),
  scope: described(
    z.enum(["worker", "node", "cluster"]).nullable().default(null),
    "who shares a store; null: each worker has its own (g2, g3), the cluster has one (g4)",
  ),
  capacity_blocks: described(
    z.int().positive().max(2147483646).nullable().default(null),
    "blocks of one store; this or capacity_bytes",
  ),
  capacity_bytes: positive("B", "size of one store; this or capacity_blocks"),
  read_bytes_per_s: positive(
    "B/s",
    "rate at which a store is read; null: the way to the host (g2), 10 GB/s (g3); g4 has no default",
  ),
  write_bytes_per_s: positive("B/s", "rate at which a store is written; null: as read_bytes_per_s"),
  latency_us: described(
    z.number().nonnegative().finite().nullable().default(null).meta({ unit: "us" }),
    "time to the first byte; null: 0 (g2), 100 us (g3), 10 ms (g4)",
  ),
  eviction: described(z.string().min(1).default("lineage"), "eviction policy"),
  eviction_knobs: knobs,
  offload: described(
    z.string().min(1).nullable().default(null),
    "offload policy; null: presence (g2), frequency (g3, g4)",
  ),
  offload_knobs: knobs,
  offload_when: described(
    z.enum(["write_through", "on_evict"]).default("write_through"),
    "blocks come down as soon as the level above has them, or when it gives them up",
  ),
  promote: described(
    z.boolean().default(true),
    "what is fetched from here stays in the levels that it passes",
  ),
  retention_s: described(
    z.number().positive().finite().nullable().default(null).meta({ unit: "s" }),
    "blocks that nobody uses for so long are dropped; null: kept",
  ),
  compression_ratio: described(
    z.number().min(1).max(100).default(1),
    "bytes of a block in GPU memory per byte stored, by compression or quantisation",
  ),
  codec_bytes_per_s: positive(
    "B/s",
    "stored bytes that a transfer's compression or decompression handles; null: not the limit",
  ),
  encryption_bytes_per_s: positive(
    "B/s",
    "stored bytes that a transfer's encryption at rest handles; null: none, or not the limit",
  ),
});

const prefetch = z.strictObject({
  into: described(
    z.enum(["none", "g2"]).default("none"),
    "g2: a session's prefix is brought from g3 and g4 into host memory before its next turn is expected",
  ),
  predict: described(
    z.enum(["observed", "declared"]).default("observed"),
    "when a turn is expected: after the mean gap seen so far, or after the trace's think or tool time, as a client could tell",
  ),
  lead_s: described(
    z.number().nonnegative().finite().default(2).meta({ unit: "s" }),
    "how long before that the transfer starts (assumption: some GB from a drive)",
  ),
});

export const kvSchema = z.strictObject({
  tiers: described(
    z.array(tier).max(3).default([]),
    "tiers below GPU memory, from the nearest to the farthest",
  ),
  onboard: described(
    z.string().min(1).default("predicted"),
    "how much of a prefix found in tiers or with peers is fetched: predicted, always or never",
  ),
  onboard_knobs: knobs,
  prefetch: described(
    prefetch.default(() => prefetch.parse({})),
    "bringing a session's prefix nearer before it is asked for",
  ),
  peer_fetch: described(
    z.boolean().default(false),
    "fetch prefixes from the GPU memory of other workers over the network",
  ),
  peer_bytes_per_s: positive(
    "B/s",
    "rate of a worker's network port; null: the NICs of its GPUs by their node's card",
  ),
  peer_latency_us: described(
    z.number().nonnegative().finite().default(10).meta({ unit: "us" }),
    "time to the first byte from a peer (InfiniBand NDR: 10 us, models/links/ib-ndr400.yaml)",
  ),
  transit_encryption_bytes_per_s: positive(
    "B/s",
    "bytes that encryption on the network handles for one transfer, from a peer or from g4 and to it; null: none, or not the limit",
  ),
  host_bytes_per_s: positive(
    "B/s",
    "rate between a worker's GPUs and host memory, each way; null: PCIe or C2C of the GPU's card, " +
      "32 GB/s without one",
  ),
  bytes_per_token: positive(
    "B",
    "KV bytes of a token, all layers, all GPUs of a worker; null: the model's",
  ),
  workers_per_node: described(
    z.int().positive().max(1_000_000).nullable().default(null),
    "workers that share a node; null: GPUs of the node's card ÷ GPUs of a worker, 1 without cards",
  ),
  setup_us: described(
    z.number().nonnegative().finite().default(20).meta({ unit: "us" }),
    "set-up of every transfer (assumption: one batched copy launch and its completion)",
  ),
  isolation: described(
    z.enum(["none", "tenant"]).default("none"),
    "tenant: block identities are salted, so that tenants share nothing at any level",
  ),
});

export type KvSection = z.output<typeof kvSchema>;
export type TierKnobs = KvSection["tiers"][number];
