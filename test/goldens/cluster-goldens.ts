/** Everything at once: prompts handed over, KV tiers and weights on one fabric, while workers, nodes, links and events fail. */

import type { ScenarioInput } from "../../src/sim/index.ts";

/** Keys and values of a token, small against the links so that transfers take as long as steps. */
const TOKEN_BYTES = 200_000;

const pool = (name: string, role: "prefill" | "decode", workers: number) => ({
  name,
  role,
  workers,
  gpus_per_worker: 2,
});

/** What breaks in twenty-five seconds, one thing of each kind. */
const EVENTS: NonNullable<NonNullable<ScenarioInput["faults"]>["events"]> = [
  { at_s: 2, kind: "crash", pool: "answers", worker: 0 },
  { at_s: 4, kind: "link", link: "node 0 nic", factor: 0.2, for_s: 3 },
  { at_s: 6, kind: "kv_event_loss", pool: "prompts", for_s: 2 },
  { at_s: 8, kind: "slow", pool: "prompts", worker: 1, factor: 2.5, for_s: 4 },
  { at_s: 9, kind: "crash", pool: "prompts", worker: 0 },
  { at_s: 12, kind: "link", link: "store out", factor: 0, for_s: 1 },
  { at_s: 13, kind: "metrics_blackout", for_s: 3 },
  { at_s: 14, kind: "node_loss", node: 3, for_s: 2 },
  { at_s: 18, kind: "drain", pool: "prompts", worker: 1, grace_s: 0.3 },
  { at_s: 20, kind: "kill", pool: "answers", worker: 1 },
];

/** The sections of a scenario in which `workers` prefill and as many decode workers live through all of it. */
export function stormyCluster(): Omit<ScenarioInput, "engine"> {
  return {
    gpu: "small",
    cluster: {
      pools: [pool("prompts", "prefill", 2), pool("answers", "decode", 2)],
      fabric: {
        placement: "spread",
        nodes: 4,
        nodes_per_leaf: 2,
        oversubscription: 2,
        store: "bucket",
        transfers_per_worker: 4,
      },
    },
    disagg: { kv_bytes_per_token: TOKEN_BYTES, timeout_s: 2 },
    kv: {
      bytes_per_token: TOKEN_BYTES,
      onboard: "predicted",
      peer_fetch: true,
      tiers: [
        { level: "g2", capacity_blocks: 400 },
        { level: "g3", capacity_blocks: 900, scope: "node" },
        { level: "g4", capacity_blocks: 4000, offload: "presence" },
      ],
    },
    router: { policy: "dynamo_kv", kv_event_recovery_s: 0.5 },
    clients: { timeout_s: 20, retry: { max: 2, base_s: 0.5 } },
    slo: { ttft_s: 2, tpot_s: 0.05 },
    faults: {
      events: EVENTS,
      rates: { transfer_failure: 0.02 },
      detection_s: 0.7,
      startup_s: 0.5,
      weights_gb: 2,
      migration_limit: 1,
    },
  };
}
