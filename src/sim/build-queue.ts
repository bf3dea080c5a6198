/** From the scenario's `router.queue` to the rules of the router's queue. */

import type { QueueClass, QueueRules } from "../policies/index.ts";
import type { Trace } from "../trace/index.ts";
import type { QueueKeys } from "./queue-keys.ts";

const US_PER_S = 1e6;
const ANY_FAMILY = -1;
/** A family that no request of the trace is of. */
const NO_FAMILY = -2;

/** The rules of the routers' queues; undefined: nobody waits. Routers of answers book no prompts, so their workers are never busy. */
export function queueOf(keys: QueueKeys, trace: Trace | undefined): QueueRules | undefined {
  const { classes, fair_by: fairBy } = keys;
  const all = [root(keys), ...classes.map((of) => classOf(keys, of, trace))];
  if (all.every(({ busyTokens, busyShare }) => busyTokens === Infinity && busyShare === Infinity)) {
    return undefined;
  }
  const { weights } = keys;
  const names = fairBy === "tenant" ? (trace?.labels?.tenant?.values ?? []) : undefined;
  const weightOf = (key: number): number | undefined => {
    const name = names === undefined ? String(key) : names[key];
    return name === undefined ? undefined : weights[name];
  };
  return { classes: all, fairBy, weightOf };
}

/** The class of all that belong to no other. */
function root(keys: QueueKeys): QueueClass {
  return {
    family: ANY_FAMILY,
    newTokensMin: 0,
    quantumTokens: keys.quantum_tokens,
    order: keys.policy,
    busyTokens: keys.prefill_busy_threshold ?? Infinity,
    busyShare: keys.prefill_busy_threshold_frac ?? Infinity,
    busyWorkerRatio: keys.busy_worker_ratio,
    requestsPerWorker: keys.request_limit_per_worker ?? Infinity,
    tokensPerWorker: keys.token_limit_per_worker ?? Infinity,
    cachedTokensPerWorker: keys.cached_token_limit_per_worker ?? Infinity,
    refreshUs: Math.round(keys.overlap_refresh_s * US_PER_S),
    declines: keys.do_not_queue,
  };
}

/** A class: what it does not say is as outside of classes. */
function classOf(
  keys: QueueKeys,
  { family, uncached_tokens_min: least, ...own }: QueueKeys["classes"][number],
  trace: Trace | undefined,
): QueueClass {
  const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  const code = family === null ? ANY_FAMILY : trace?.labels?.class?.values.indexOf(family);
  return {
    ...root({ ...keys, ...said }),
    family: code === undefined || (family !== null && code < 0) ? NO_FAMILY : code,
    newTokensMin: least,
  };
}
