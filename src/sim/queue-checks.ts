/** What is wrong with a scenario's `router.queue`. */

import type { Problem } from "../core/index.ts";
import type { QueueKeys } from "./queue-keys.ts";

/** The first thing that is wrong; undefined: nothing. */
export function checkQueue(queue: QueueKeys): Problem | undefined {
  return checkThreshold(queue) ?? checkWeights(queue) ?? checkClasses(queue);
}

/** Rules for a router's queue that nobody is ever in. */
function checkThreshold(queue: QueueKeys): Problem | undefined {
  const isOn = [queue, ...queue.classes].some(
    (of) =>
      (of.prefill_busy_threshold ?? null) !== null ||
      (of.prefill_busy_threshold_frac ?? null) !== null,
  );
  const hasRules =
    queue.request_limit_per_worker !== null ||
    queue.token_limit_per_worker !== null ||
    queue.cached_token_limit_per_worker !== null ||
    queue.policy !== "fcfs" ||
    queue.fair_by !== "none" ||
    queue.classes.length > 0 ||
    queue.do_not_queue;
  if (isOn || !hasRules) return undefined;
  return {
    what: "router.queue has rules, and nothing says when a worker is too busy to be sent more",
    where: "router.queue.prefill_busy_threshold_frac",
    expected:
      "a multiple of max_num_batched_tokens, 0 or more, or prefill_busy_threshold in tokens",
    remedy: "set prefill_busy_threshold_frac: 0 to queue while every worker computes a prompt",
  };
}

function checkWeights({ fair_by: fairBy, weights }: QueueKeys): Problem | undefined {
  const names = Object.keys(weights);
  if (fairBy === "none" && names.length > 0) {
    return {
      what: "router.queue has weights, and nobody takes turns",
      where: "router.queue.fair_by",
      expected: "tenant or priority where there are weights",
      remedy: "set fair_by, or leave weights out",
    };
  }
  const odd = fairBy === "priority" ? names.find((name) => !/^-?\d+$/.test(name)) : undefined;
  return odd === undefined
    ? undefined
    : {
        what: `${odd} is no priority`,
        where: `router.queue.weights.${odd}`,
        expected: "whole numbers as names where fair_by is priority",
      };
}

function checkClasses({ classes }: QueueKeys): Problem | undefined {
  for (const [index, { name, family, uncached_tokens_min: least }] of classes.entries()) {
    const where = `router.queue.classes.${String(index)}`;
    const before = classes.slice(0, index);
    if (before.some((other) => other.name === name)) {
      return { what: `two classes are called ${name}`, where, expected: "names of their own" };
    }
    const twin = before.find(
      (other) => other.family === family && other.uncached_tokens_min === least,
    );
    if (twin !== undefined) {
      return {
        what: `classes ${twin.name} and ${name} are for the same requests`,
        where,
        expected: "another family or another uncached_tokens_min",
      };
    }
  }
  return undefined;
}
