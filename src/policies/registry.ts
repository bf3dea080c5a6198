/** All policies by kind and name: what a scenario may choose from. */

import { ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { policyWithKnobs } from "./meta.ts";
import { consistentHash } from "./router/consistent-hash.ts";
import { dynamoKv } from "./router/dynamo-kv.ts";
import { headworksRouter } from "./router/headworks.ts";
import { latencyAware } from "./router/latency-aware.ts";
import { leastTokens } from "./router/least-tokens.ts";
import { llmD } from "./router/llm-d.ts";
import { powerOfTwoWork } from "./router/power-of-two-work.ts";
import { sglangCacheAware } from "./router/sglang-cache-aware.ts";
import { leastLoaded } from "./router/least-loaded.ts";
import { powerOfTwo } from "./router/power-of-two.ts";
import { randomRouter } from "./router/random.ts";
import { roundRobin } from "./router/round-robin.ts";
import type { Router, RouterPolicy, RouterSetting } from "./router/router.ts";
import type { SchedulerPolicy } from "./scheduler/scheduler.ts";
import { sglangScheduler } from "./scheduler/sglang.ts";
import { staticScheduler } from "./scheduler/static.ts";
import { tensorrtLlmScheduler } from "./scheduler/tensorrt-llm.ts";
import { vllmScheduler } from "./scheduler/vllm.ts";

export const routerPolicies: readonly RouterPolicy[] = [
  roundRobin,
  randomRouter,
  leastLoaded,
  powerOfTwo,
  leastTokens,
  powerOfTwoWork,
  latencyAware,
  consistentHash,
  sglangCacheAware,
  llmD,
  dynamoKv,
  headworksRouter,
];

export const schedulerPolicies: readonly SchedulerPolicy[] = [
  vllmScheduler,
  sglangScheduler,
  tensorrtLlmScheduler,
  staticScheduler,
];

/** The router of that name with its knobs checked against its `meta` and defaults filled in. */
export function createRouter(
  name: string,
  knobs: Readonly<Record<string, number>>,
  setting: RouterSetting,
): Result<Router> {
  const where = { name: "router.policy", knobs: "router.knobs" };
  const found = policyWithKnobs(routerPolicies, name, knobs, where);
  return found.ok ? ok(found.value.policy.create(found.value.knobs, setting)) : found;
}
