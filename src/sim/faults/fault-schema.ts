/** The scenario's `faults` section: what breaks when, and what becomes of the requests. */

import { z } from "zod";

const described = <T extends z.ZodType>(type: T, description: string, unit?: string): T =>
  type.meta(unit === undefined ? { description } : { description, unit });
const time = () => z.number().nonnegative().finite();
const duration = () => z.number().positive().finite();

export const FAULT_KINDS = [
  "crash",
  "cold_start",
  "kill",
  "drain",
  "node_loss",
  "rack_loss",
  "slow",
  "link",
  "metrics_blackout",
  "kv_event_loss",
] as const;

const event = z.strictObject({
  at_s: described(time(), "when it happens, from the first instant that is replayed", "s"),
  kind: described(
    z.enum(FAULT_KINDS),
    "crash: a worker dies and starts again; cold_start: it is not there until it has loaded its weights and started, and routers " +
      "know (at_s 0: from the beginning); kill: it dies, and stays dead for for_s; drain: it takes nothing new, ends its work and stops; " +
      "node_loss, rack_loss: every worker with a GPU there dies, silently; slow: steps take longer; link: what moves over a " +
      "link of the fabric, or to and from a worker, takes longer or stops, whether or not the worker dies meanwhile; metrics_blackout: routers read no metrics; kv_event_loss: what workers tell of their caches is lost, " +
      "until they tell it again (router.kv_event_recovery_s)",
  ),
  pool: described(
    z.string().min(1).optional(),
    "pool of the worker; without, workers are numbered through",
  ),
  worker: described(
    z.int().nonnegative().optional(),
    "number of the worker; absent: all of the pool",
  ),
  link: described(
    z.string().min(1).max(200).optional(),
    'link: name of a link of cluster.fabric, or the words that several begin with, such as "node 0 nic 0", "leaf 0" or ' +
      '"store"; absent: the ports of the worker, NVLink and NICs',
  ),
  node: described(z.int().nonnegative().optional(), "node_loss: number of the node"),
  rack: described(z.int().nonnegative().optional(), "rack_loss: number of the rack"),
  for_s: described(
    duration().optional(),
    "how long it lasts; absent: for ever (crash: until restarted); cold_start: until it may begin to load, absent: at once",
    "s",
  ),
  factor: described(
    z.number().nonnegative().finite().optional(),
    "slow: how many times longer a step takes; link: share of its bandwidth that is left, 0: cut",
  ),
  grace_s: described(
    time().optional(),
    "drain: longest wait for requests in progress (default: 900, Dynamo's graceful shutdown)",
    "s",
  ),
});

const rates = z.strictObject({
  crash_per_hour: described(
    z.number().nonnegative().finite().default(0),
    "crashes of each worker",
    "1/h",
  ),
  slow_per_hour: described(
    z.number().nonnegative().finite().default(0),
    "slow spells of each worker",
    "1/h",
  ),
  slow_factor: described(
    z.number().min(1).max(1000).default(2),
    "how many times longer steps take in a slow spell",
  ),
  slow_s: described(duration().default(60), "length of a slow spell", "s"),
  transfer_failure: described(
    z.number().min(0).max(1).default(0),
    "share of the transfers from prefill to decode workers that fail at their end",
  ),
});

export const faultsSchema = z.strictObject({
  events: described(z.array(event).max(100_000).default([]), "what happens when"),
  rates: rates.prefault({}),
  detection_s: described(
    duration().default(2),
    "until routers know that a worker is dead (default: the interval of Dynamo's engine check)",
    "s",
  ),
  connect_error_s: described(
    duration().default(0.001),
    "until the requests of a worker that has crashed, and those sent to it later, are known to be lost (default: an assumption)",
    "s",
  ),
  restart_s: described(
    duration().nullable().default(null),
    "from a crash to the worker's return, its cache empty; null: loading the weights, then startup_s",
    "s",
  ),
  startup_s: described(
    time().default(30),
    "a worker's start without its weights (default: an assumption)",
    "s",
  ),
  weights_gb_per_s: described(
    duration().default(2),
    "most of its weights that each GPU takes at a restart, whatever the links give (default: an assumption)",
    "GB/s",
  ),
  weights_gb: described(
    duration().nullable().default(null),
    "weights of each GPU; null: those of the model's card, none without one",
    "GB",
  ),
  weights_from: described(
    z.enum(["auto", "rate", "host", "nvme", "store"]).default("auto"),
    "where a restart gets the weights from, over links of cluster.fabric that others use too: the host's memory, the node's " +
      "drives or the object store; rate: weights_gb_per_s, whatever the links; auto: with a fabric the drives, else the store, else rate",
  ),
  migration_limit: described(
    z.int().nonnegative().max(1000).default(0),
    "how often a request whose worker was lost goes on at another, its prompt and what it has generated computed again " +
      "(default: Dynamo's --migration-limit)",
  ),
  migration_max_tokens: described(
    z.int().positive().nullable().default(null),
    "longest request, prompt and generated tokens, that is moved; null: any",
  ),
  gpus_per_node: described(
    z.int().positive().max(4096).default(8),
    "GPUs of a node: workers fill nodes in order; with cluster.fabric they are where it places them",
  ),
  nodes_per_rack: described(
    z.int().positive().max(4096).default(9),
    "nodes of a rack (default: 72 GPUs); NVLink domains of several nodes of cluster.fabric are racks",
  ),
});

export type FaultKnobs = z.output<typeof faultsSchema>;
export type FaultEvent = FaultKnobs["events"][number];

/** Whether anything can break. */
export function hasFaults({ events, rates: each }: FaultKnobs): boolean {
  return (
    events.length > 0 ||
    each.crash_per_hour > 0 ||
    each.slow_per_hour > 0 ||
    each.transfer_failure > 0
  );
}
