/** The defaults of Dynamo's router, as the reference page tells them (`dynamo-policies.md` 1.9, 1.10, 1.12). */

import { expect, test } from "vitest";
import { bypassPolicies, routerPolicies } from "../../src/policies/index.ts";
import type { PolicyMeta } from "../../src/policies/index.ts";
import { scenarioSchema } from "../../src/sim/index.ts";

function defaultsOf(policies: readonly { readonly meta: PolicyMeta }[], name: string) {
  const knobs = policies.find(({ meta }) => meta.name === name)!.meta.knobs;
  return Object.fromEntries(knobs.map((knob) => [knob.name, knob.default]));
}

test("the cost function's knobs", () => {
  expect(defaultsOf(routerPolicies, "dynamo_kv")).toMatchObject({
    overlap_score_credit: 1,
    overlap_score_credit_decay: 0,
    prefill_load_scale: 1,
    host_cache_hit_weight: 0.75,
    disk_cache_hit_weight: 0.25,
    shared_cache_multiplier: 0,
    decode_active_request_weight: 0,
    temperature: 0,
    track_active_blocks: 1,
    track_output_blocks: 0,
    track_prefill_tokens: 1,
    assume_kv_reuse: 1,
    prefill_load_model: 0,
    lmetric: 0,
    active_sequence_stride: 1,
  });
});

test("the view, the queue and what is off", () => {
  const { router, disagg } = scenarioSchema.parse({});
  expect(router).toMatchObject({
    policy: "round_robin",
    kv_events: true,
    approximate_ttl_s: 120,
    approximate_blocks: 2 ** 20,
    predicted_ttl_s: null,
    replica_sync_s: null,
    stale_after_s: null,
    session_affinity_ttl_s: null,
    rules: [],
    busy: {
      active_decode_blocks_threshold: null,
      active_prefill_tokens_threshold: null,
      active_prefill_tokens_threshold_frac: null,
    },
    queue: {
      prefill_busy_threshold: null,
      prefill_busy_threshold_frac: null,
      busy_worker_ratio: 1,
      policy: "fcfs",
      overlap_refresh_s: 10,
      recheck_s: 0.1,
      do_not_queue: false,
      classes: [],
    },
  });
  expect(disagg.conditional).toEqual({ policy: null, knobs: {}, decode_busy_threshold: null });
});

test("conditional disaggregation", () => {
  expect(defaultsOf(bypassPolicies, "isl_bounding")).toEqual({
    effective_tokens: 2048,
    effective_share: 0.7,
  });
  // The last default that router_queue_threshold had, which stands in for it.
  expect(defaultsOf(bypassPolicies, "prefill_load")).toEqual({ prefill_busy_threshold: 16 });
});
