/**
 * Where parity with Dynamo's router is held: for each row of the reference page's parity table (`dynamo-policies.md`, 6) that
 * concerns the router, the tests that hold it. A test that is renamed or gone fails here. Not there: device-aware weights.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import { NO_WORKER, REFUSED_OVERLOAD, TIER_DEVICE } from "../../src/policies/index.ts";
import { FACTS, requestOf, stateOf } from "./router-fixture.ts";

const random = stream(3, "test");

const KV = "policies/dynamo-kv.test.ts";
const QUEUE = "policies/router-queue.test.ts";
const INDEX = "policies/prefix-index.test.ts";
const HERE = "policies/dynamo-parity.test.ts";
const DEFAULTS = "policies/dynamo-defaults.test.ts";
const RULES = "sim/routing-rules.test.ts";
const PINS = "sim/row-pins.test.ts";
const PLACES = "sim/adapter-places.test.ts";
const RANKS = "sim/ranks.test.ts";
const ROUTER_QUEUE = "sim/router-queue.test.ts";
const CONDITIONAL = "sim/disagg/conditional.test.ts";
const HANDOFFS = "sim/disagg/hand-worked.test.ts";

type Row = readonly [feature: string, priority: string, ...tests: (readonly [string, string])[]];

const TABLE: readonly Row[] = [
  [
    "linear KV cost",
    "must",
    [KV, "the example costs: 8 + 10, 5 + 5, 2 + 9"],
    [KV, "random books and caches: every cost is that of the formula"],
  ],
  [
    "overlap credit, prefill scale",
    "must",
    [KV, "random books and caches: every cost is that of the formula"],
    [DEFAULTS, "the cost function's knobs"],
  ],
  [
    "credit above 1 without clamp",
    "should",
    [KV, "a credit above 1 may go below nothing only without the clamp"],
  ],
  [
    "credit decay",
    "must",
    [KV, "the credit decays with the prefill that a worker has more than the least"],
  ],
  [
    "host and disk credits",
    "must",
    [KV, "lower tiers count for less, and only behind the device"],
    [INDEX, "lower tiers go on where the tier above ends"],
  ],
  [
    "shared tier's credit",
    "must (later)",
    [KV, "a store that workers share counts behind each one's device, at half"],
    [KV, "behind gaps and beside lower tiers the shared store counts all the same"],
    [KV, "random books and caches: every cost is that of the formula"],
    ["policies/shared-tiers.test.ts", "beyond the device a shared store has what a count finds"],
  ],
  ["active-request weight, lmetric", "should", [KV, "lmetric multiplies, active requests cost"]],
  [
    "normalised softmax, random ties, seeded",
    "must",
    [KV, "softmax over normalised costs 18, 10, 11"],
    [KV, "equal costs are drawn evenly at any temperature"],
    [KV, "ties are broken evenly"],
  ],
  [
    "preferred and required taints",
    "should",
    [KV, "preferred labels: 0.85 → × 0.501, 1 → × 0.467, all between 1/e and e"],
    [RULES, "labels that are required, all of them; the first rule that fits counts"],
  ],
  [
    "pinned, allowed workers",
    "must",
    [KV, "required labels, a pin, health, overload"],
    [RULES, "workers by number: one list, one pin, and everybody else in turns"],
    [PINS, "a pin, a list, and everybody else in turns"],
    [PINS, "prefill and decode workers each by their own pins"],
    ["laws/pins.test.ts", "nobody who asks for workers lands elsewhere"],
  ],
  [
    "data-parallel ranks as targets",
    "must",
    [HERE, "ranks cost what they have, and a worker is busy only when all of them are"],
    [RULES, "a worker stands for all its ranks; allowed_ranks pins one"],
    [PINS, "a worker stands for all its ranks where these are apart"],
    [RANKS, "a next turn goes to the rank that has its prefix, not to another of the same worker"],
    [RANKS, "a rank without work sees its request at the boundary, and all wait for the slowest"],
    ["laws/ranks.test.ts", "fast and step by step agree with ranks apart"],
  ],
  ["other modes", "must", [HERE, "in turns, at random, the fewest, the fewer of two, a pin"]],
  [
    "ref-counted active blocks",
    "must",
    [KV, "a shared prefix is counted once among active requests, twice without assume_kv_reuse"],
  ],
  [
    "output blocks, decay by the hint",
    "must",
    [KV, "output blocks count less the nearer the expected end"],
  ],
  [
    "prefill tokens until the first token",
    "must",
    [KV, "prompts under way count until their first token, blocks until the end"],
    [KV, "without prefill tracking a worker that has nothing costs nothing for its prefill"],
  ],
  [
    "modelled prefill decay",
    "should",
    [KV, "all modelled: elapsed time spills beyond the oldest"],
    [KV, "some not modelled: only the oldest wears off"],
    [
      ROUTER_QUEUE,
      "a prefill that wears off by prediction makes room before its first token is told",
    ],
  ],
  [
    "assume_kv_reuse, stride",
    "should",
    [KV, "random books and caches: every cost is that of the formula"],
    [HERE, "active prompts known by one block in four"],
  ],
  [
    "stale bookings",
    "1.5",
    ["sim/stale-bookings.test.ts", "a request that is still under way counts until it is too old"],
  ],
  [
    "event index and tiers",
    "must",
    [INDEX, "the block index finds what plain sets of prefixes find, and forgets what they forget"],
    ["sim/tier-events.test.ts", "an index that is told everything knows every store"],
  ],
  [
    "approximate index and prune",
    "must",
    [INDEX, "an approximate entry lives for its time, and longer when it is renewed"],
    [INDEX, "pruning takes the earliest to expire, deeper blocks first, down to 80 %"],
    [DEFAULTS, "the view, the queue and what is off"],
  ],
  [
    "predict on route",
    "should",
    [HERE, "beside events a decision is believed: the more of the two"],
  ],
  ["index memory cap", "must", [INDEX, "the cap keeps what is looked up and drops what is not"]],
  [
    "gaps, replay, dump",
    "must (live)",
    [INDEX, "a gap is seen, a replay repeats nothing, a dump moves the cursor behind itself"],
  ],
  [
    "replica sync",
    "should",
    ["laws/replicas.test.ts", "any number of synchronised router processes give the digest of one"],
  ],
  [
    "queue threshold, orders, strict tiers",
    "must",
    [QUEUE, "first come: a unit of priority is a second of head start, less than none is none"],
    [QUEUE, "shortest first, weighted by priority"],
    [QUEUE, "last come first"],
    [QUEUE, "strict tiers come before every order"],
    [QUEUE, "all workers must be beyond a threshold, of tokens or of a step's tokens"],
    [QUEUE, "or a share of them"],
  ],
  [
    "policy classes, deficit round robin, limits",
    "should",
    [QUEUE, "classes by family and by what is left to compute; a family goes before any length"],
    [QUEUE, "as many rounds as it takes pass at once, and who has nothing waiting saves nothing"],
    [
      QUEUE,
      "limits count what waits already, for each healthy worker; who declines is turned away",
    ],
  ],
  [
    "overlap refresh",
    "should",
    [QUEUE, "overlaps are those of the arrival for ten seconds, then they are looked up again"],
  ],
  [
    "busy thresholds, 529, do_not_queue",
    "must",
    [HERE, "beyond a threshold of blocks, of tokens or of a step's tokens a worker gets nothing"],
    [
      ROUTER_QUEUE,
      "a full queue is a 529, who asks not to wait gets a 429, and both may come again",
    ],
  ],
  [
    "disaggregated, three ways of handing over",
    "must",
    [
      KV,
      "disaggregated, worked by hand: prefill by what is cached and queued, decode by blocks alone",
    ],
    [
      HANDOFFS,
      "vLLM: prompt, message, transfer, and three decode steps, the first of which makes the first token",
    ],
    [
      HANDOFFS,
      "SGLang: memory first, so that nothing but the transfer lies between prompt and answer",
    ],
    [HANDOFFS, "push: both legs at once, no message at all"],
    [KV, "the roles turn knobs off as Dynamo's routers do"],
  ],
  [
    "conditional disaggregation",
    "must",
    [
      CONDITIONAL,
      "a prompt that the decode worker has mostly cached stays, under Dynamo's own bounds",
    ],
    [CONDITIONAL, "behind a busy prefill worker a prompt stays"],
    [CONDITIONAL, "a busy decode worker takes no prompts"],
    [DEFAULTS, "conditional disaggregation"],
  ],
  [
    "LoRA in the hash and as a filter, tenants kept apart by salt",
    "should",
    ["sim/adapters.test.ts", "equal prompts of different adapters share nothing"],
    [PLACES, "each goes to the first workers of its ranking, and is loaded there once"],
    [PLACES, "when its worker is gone the next of the ranking takes over, and gives it back"],
    ["sim/tiers.test.ts", "tenants that are kept apart share nothing"],
  ],
  [
    "session affinity",
    "must",
    [KV, "a session stays until it has been idle for too long"],
    ["policies/session-bindings.test.ts", "ten thousand that live are all kept"],
  ],
];

const files = new Map<string, string>();

function sourceOf(file: string): string {
  const found = files.get(file) ?? readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
  files.set(file, found);
  return found;
}

test.each(TABLE.map(([feature, priority, ...tests]) => ({ feature, priority, tests })))(
  "$feature ($priority) is held",
  ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const [file, title] of tests) {
      // As a title, not in a list like the one above.
      const named = new RegExp(`test\\(\\s*"${title.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}"`);
      expect(sourceOf(file), file).toMatch(named);
    }
  },
);

test("in turns, at random, the fewest, the fewer of two, a pin", () => {
  const three = [FACTS, FACTS, FACTS];
  const go = (policy: string, times: number, rest = {}): number[] => {
    const state = stateOf(policy, {}, three);
    return Array.from({ length: times }, (_, id) => {
      const request = requestOf(id, 160, rest);
      const worker = state.choose(request, 0, random);
      state.commit(request, worker, 160, 0);
      return worker;
    });
  };
  expect(go("round_robin", 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  expect(go("least_loaded", 6)).toEqual([0, 1, 2, 0, 1, 2]);
  expect(go("round_robin", 3, { pinned: 2 })).toEqual([2, 2, 2]);
  const drawn = go("random", 6000);
  for (const worker of [0, 1, 2]) {
    expect(Math.abs(drawn.filter((one) => one === worker).length - 2000)).toBeLessThan(200);
  }
  // Of two drawn at random the fuller is never taken: the fullest of all gets nothing.
  const state = stateOf("power_of_two", {}, three);
  [1, 1, 1, 2].forEach((worker, id) => state.commit(requestOf(id, 16), worker, 16, 0));
  const taken = Array.from({ length: 300 }, () => state.choose(requestOf(9, 16), 0, random));
  expect(new Set(taken)).toEqual(new Set([0, 2]));
});

test("beside events a decision is believed: the more of the two", () => {
  const state = stateOf("dynamo_kv", { track_active_blocks: 0 }, [FACTS, FACTS], {
    predictedTtlUs: 5_000_000,
  });
  const reach = (nowUs: number): number[] => {
    state.choose(requestOf(99, 160), nowUs, random);
    return [...state.reach[0]];
  };
  for (let node = 0; node < 3; node++) state.index.set(TIER_DEVICE, 0, node, 1);
  for (let node = 0; node < 9; node++) state.index.set(TIER_DEVICE, 1, node, 1);
  expect(reach(0)).toEqual([3, 9]);
  // Sent to worker 0 a prompt of six blocks, to worker 1 one of four: the events of these are still on their way.
  state.commit(requestOf(1, 96), 0, 96, 1_000_000);
  state.commit(requestOf(2, 64), 1, 64, 1_000_000);
  expect(reach(2_000_000)).toEqual([6, 9]);
  expect(reach(6_000_001)).toEqual([3, 9]);
});

test("active prompts known by one block in four", () => {
  const state = stateOf("dynamo_kv", { active_sequence_stride: 4 }, [FACTS]);
  state.commit(requestOf(1, 7 * 16), 0, 7 * 16, 0);
  // Of seven blocks one stride of four; the prompt of ten has two, one of them shared.
  expect(state.book.blocks[0]).toBe(4);
  state.firstToken(1, 0);
  state.choose(requestOf(2, 160), 0, random);
  expect(state.scores[0]).toBe(10 + 4 + (8 - 4));
});

describe("busy thresholds", () => {
  test("beyond a threshold of blocks, of tokens or of a step's tokens a worker gets nothing", () => {
    const small = { ...FACTS, blocks: 100, maxBatchedTokens: 1000 };
    const settings = [
      { busyBlocksShare: 0.4 },
      { busyPrefillTokens: 640 },
      { busyPrefillShare: 0.64 },
    ];
    for (const thresholds of settings) {
      const state = stateOf("dynamo_kv", {}, [small, small], thresholds);
      const choose = (): number => state.choose(requestOf(9, 16), 0, random);
      // 40 blocks and 640 tokens: at the threshold, not beyond.
      state.commit(requestOf(1, 640), 0, 640, 0);
      state.commit(requestOf(2, 640), 1, 640, 0);
      expect(choose()).toBeGreaterThanOrEqual(0);
      state.commit(requestOf(3, 656, { prompt: requestOf(3, 656).prompt }), 0, 16, 0);
      expect([choose(), choose(), choose()]).toEqual([1, 1, 1]);
      // All that may serve it are busy: a refusal of its own, not that nobody is there.
      state.commit(requestOf(4, 656), 1, 16, 0);
      expect(choose()).toBe(NO_WORKER);
      expect(state.refusal).toBe(REFUSED_OVERLOAD);
    }
  });

  test("ranks cost what they have, and a worker is busy only when all of them are", () => {
    // Worker 0 has places 0 and 1, worker 1 has 2 and 3.
    const four = [0, 0, 2, 2].map((first) => ({
      ...FACTS,
      maxBatchedTokens: 1000,
      ranks: { first, count: 2 },
    }));
    const state = stateOf("dynamo_kv", {}, four, { busyPrefillTokens: 640 });
    const choose = (): number => state.choose(requestOf(9, 160), 0, random);
    for (let node = 0; node < 4; node++) state.index.set(TIER_DEVICE, 1, node, 1);
    choose();
    // Ten blocks to compute and to hold each; rank 1 of worker 0 has four of them.
    expect([...state.scores]).toEqual([20, 16, 20, 20]);
    state.commit(requestOf(1, 656), 1, 656, 0);
    // 656 tokens are beyond the threshold, but worker 0 has a rank that is free: both stay, at their costs.
    choose();
    expect(state.candidateCount).toBe(4);
    expect(state.scores[1]).toBeGreaterThan(state.scores[0]!);
    state.commit(requestOf(2, 656), 0, 656, 0);
    expect([2, 3]).toContain(choose());
    expect([...state.candidates.subarray(0, state.candidateCount)]).toEqual([2, 3]);
    state.commit(requestOf(3, 656), 2, 656, 0);
    state.commit(requestOf(4, 656), 3, 656, 0);
    expect(choose()).toBe(NO_WORKER);
    expect(state.refusal).toBe(REFUSED_OVERLOAD);
  });
});
