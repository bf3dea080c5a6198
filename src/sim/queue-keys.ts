/** The scenario's `router.queue` section. */

import { z } from "zod";
import { QUEUE_FAIRNESS, QUEUE_ORDERS } from "../policies/index.ts";

const described = <T extends z.ZodType>(type: T, description: string): T =>
  type.meta({ description });
const limit = z.number().positive().nullable();

/** Rules that a class may have of its own. */
const rules = {
  prefill_busy_threshold: described(
    z.number().nonnegative().nullable(),
    "prompt tokens under way to a worker beyond which it is busy; requests wait at the router while all are; null: none",
  ),
  prefill_busy_threshold_frac: described(
    z.number().nonnegative().nullable(),
    "the same as a multiple of max_num_batched_tokens; 0: any prompt under way; null: none",
  ),
  busy_worker_ratio: described(
    z.number().positive().max(1),
    "share of the workers that must be busy for a request to wait",
  ),
  policy: described(
    z.enum(QUEUE_ORDERS),
    "order of the queue within a strict priority: first come, fewest prompt tokens to compute (wspt), last come; " +
      "a unit of priority is a head start of 1 s, in wspt a further weight",
  ),
  request_limit_per_worker: described(
    limit,
    "requests waiting for each healthy worker at which further ones are turned away (529), by class, tenant and " +
      "priority where those have queues of their own; null: no limit",
  ),
  token_limit_per_worker: described(limit, "the same of prompt tokens"),
  cached_token_limit_per_worker: described(
    limit,
    "the same of prompt tokens that the best worker has cached",
  ),
  quantum_tokens: z.number().positive().finite().meta({
    description:
      "prompt tokens to compute that a class, tenant or priority of weight 1 may send on in its turn (assumption)",
    unit: "tokens",
  }),
};

const queueClass = z.strictObject({
  name: described(z.string().min(1), "what the class is called"),
  family: described(
    z.string().min(1).nullable().default(null),
    "the trace's class (policy_class, x-dynamo-meta-policy-class) whose requests belong here; null: any",
  ),
  uncached_tokens_min: z.number().nonnegative().finite().default(0).meta({
    description: "fewest prompt tokens to compute of a request that belongs here",
    unit: "tokens",
  }),
  ...z.strictObject(rules).partial().shape,
});

export const queueKeys = z.strictObject({
  prefill_busy_threshold: rules.prefill_busy_threshold.default(null),
  prefill_busy_threshold_frac: rules.prefill_busy_threshold_frac.default(null),
  busy_worker_ratio: rules.busy_worker_ratio.default(1),
  policy: rules.policy.default("fcfs"),
  request_limit_per_worker: rules.request_limit_per_worker.default(null),
  token_limit_per_worker: rules.token_limit_per_worker.default(null),
  cached_token_limit_per_worker: rules.cached_token_limit_per_worker.default(null),
  overlap_refresh_s: z.number().nonnegative().finite().default(10).meta({
    description: "wait after which the workers' cached prefixes are looked up again; 0: never",
    unit: "s",
  }),
  recheck_s: z
    .number()
    .positive()
    .finite()
    .default(0.1)
    .meta({
      description:
        "while requests wait and the policy lets predicted prefills wear off with time, the queue is looked at at least so " +
        "often, beside every time that something is told (assumption: Dynamo does too, its interval is not known)",
      unit: "s",
    }),
  do_not_queue: described(
    z.boolean().default(false),
    "clients ask to be turned away (429) rather than wait at the router",
  ),
  quantum_tokens: rules.quantum_tokens.default(1024),
  fair_by: described(
    z.enum(QUEUE_FAIRNESS).default("none"),
    "whose requests take turns at the router, in prompt tokens to compute: tenants (the trace's tenant) or priorities, " +
      "so that no flood of one holds up the others; none: all in one order; of several router processes (replicas) each " +
      "keeps the turns of those that wait at it",
  ),
  weights: described(
    z.record(z.string().min(1), z.number().positive().finite()).default({}),
    "share of a tenant, by name, or a priority, by number, relative to the others; a tenant not named has 1, a priority " +
      "1 + itself",
  ),
  classes: described(
    z.array(queueClass).max(64).default([]),
    "policy classes: each has a queue and, where it says so, rules of its own, and they take turns",
  ),
});

export type QueueKeys = z.infer<typeof queueKeys>;
