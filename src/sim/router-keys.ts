/** The scenario's `router` section. */

import { z } from "zod";
import { queueKeys } from "./queue-keys.ts";
import { routingRules } from "./routing-keys.ts";

const seconds = (description: string): z.ZodNumber =>
  z.number().nonnegative().finite().meta({ description, unit: "s" });
const described = <T extends z.ZodType>(type: T, description: string): T =>
  type.meta({ description });
const share = (description: string): z.ZodNumber =>
  described(z.number().min(0).max(1), description);
const blocks = z.int().positive().max(Number.MAX_SAFE_INTEGER);

const busy = z.strictObject({
  active_decode_blocks_threshold: described(
    share("").nullable().default(null),
    "share of a worker's KV blocks in use beyond which it gets nothing new; null: none",
  ),
  active_prefill_tokens_threshold: described(
    z.number().nonnegative().nullable().default(null),
    "prompt tokens under way to a worker beyond which it gets nothing new; null: none",
  ),
  active_prefill_tokens_threshold_frac: described(
    z.number().nonnegative().nullable().default(null),
    "the same as a multiple of max_num_batched_tokens; null: none",
  ),
});

export const routerKeys = z.strictObject({
  policy: described(
    z.string().min(1).default("round_robin"),
    "who gets a request; `headworks policies` names them",
  ),
  knobs: described(z.record(z.string(), z.number()).default({}), "the policy's knobs"),
  score: described(
    z.string().min(1).max(10_000).nullable().default(null),
    "a scoring expression in place of the policy, least wins: " +
      '"prefill_blocks_new + 0.5 * active_blocks"; `headworks policies score` names the signals',
  ),
  on_error: described(
    z.enum(["stop", "fallback"]).default("stop"),
    "a score that is no number, a policy module that throws: stop, or send to the fewest requests",
  ),
  metrics_interval_s: seconds("age of scraped worker signals; 0: always fresh").default(0),
  metrics_loss: share("share of scrapes of a worker that fail").default(0),
  kv_events: described(z.boolean().default(true), "workers tell what their prefix caches hold"),
  kv_event_tiers: described(
    z.boolean().default(true),
    "stores of lower KV tiers tell what they hold too, with the same delay and loss; false: routers know GPU memory only",
  ),
  kv_event_delay_s: seconds(
    "age of a KV event when the router sees it (assumption: one hop and one batch of events)",
  ).default(0.005),
  kv_event_loss: share("share of KV event messages that get lost").default(0),
  kv_event_recovery_s: seconds(
    "from the discovery of a lost message to the end of its replay; null: engines replay nothing",
  )
    .nullable()
    .default(0.05),
  approximate_ttl_s: seconds(
    "without KV events: how long a decision is believed to have left its prompt in the cache",
  )
    .positive()
    .default(120),
  approximate_blocks: described(
    blocks.default(1 << 20),
    "without KV events: most blocks believed, before the oldest fifth is dropped",
  ),
  predicted_ttl_s: seconds("beside KV events: how long a decision is believed; null: not at all")
    .positive()
    .nullable()
    .default(null),
  index_blocks: described(
    blocks.nullable().default(null),
    "most blocks of the prefix index, each counted for each worker; null: no limit",
  ),
  replicas: described(z.int().positive().max(64).default(1), "router processes, taking turns"),
  replica_sync_s: seconds("age of what processes tell each other; null: they tell nothing")
    .nullable()
    .default(null),
  stale_after_s: seconds(
    "age at which a router forgets a request that it has sent, as if its end had got lost; null: never (Dynamo: 300)",
  )
    .positive()
    .nullable()
    .default(null),
  session_affinity_ttl_s: seconds("idle time for which a session stays on its worker; null: off")
    .positive()
    .nullable()
    .default(null),
  output_hints: described(
    z.boolean().default(false),
    "clients say how long the answer will be (perfect hints: an upper bound)",
  ),
  rules: routingRules,
  adapter_replicas: described(
    z.int().positive().max(100_000).nullable().default(null),
    "workers that serve each LoRA adapter (traffic.adapters), of each role, by rendezvous hashing; null: all, each loads what it is asked for",
  ),
  trace_pins: described(
    z.boolean().default(true),
    "heed what rows of the trace ask for: pinned workers (backend_instance_id, prefill_worker_id, decode_worker_id) and lists (allowed_workers), by worker number",
  ),
  busy: busy.prefault({}),
  queue: queueKeys.prefault({}),
});
