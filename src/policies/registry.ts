/** All policies by kind and name: what a scenario may choose from. */

import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
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
  const policy = routerPolicies.find((candidate) => candidate.meta.name === name);
  if (policy === undefined) {
    const names = routerPolicies.map((candidate) => candidate.meta.name).join(", ");
    return fail({
      what: `unknown router policy "${name}"`,
      where: "router.policy",
      expected: names,
    });
  }
  const values: Record<string, number> = {};
  for (const knob of policy.meta.knobs) values[knob.name] = knob.default;
  for (const [key, value] of Object.entries(knobs)) {
    const knob = policy.meta.knobs.find((candidate) => candidate.name === key);
    const where = `router.knobs.${key}`;
    if (knob === undefined) {
      const names = policy.meta.knobs.map((candidate) => candidate.name).join(", ");
      const expected = names === "" ? "no knobs" : `one of ${names}`;
      return fail({ what: `router ${name} has no knob "${key}"`, where, expected });
    }
    if (!(value >= knob.min && value <= knob.max)) {
      const expected = `${knob.min} to ${knob.max} ${knob.unit}`;
      return fail({ what: `${value} is out of range`, where, expected });
    }
    values[key] = value;
  }
  return ok(policy.create(values, setting));
}
