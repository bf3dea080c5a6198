/** The router's queue: orders worked out by hand, who has to wait, and the heap against sorting. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import {
  QUEUE_DECLINED,
  QUEUE_FULL,
  QUEUE_JOINED,
  QUEUE_PASSED,
  RouterQueue,
  TIER_DEVICE,
} from "../../src/policies/index.ts";
import type { QueueClass, QueueRules, RouterState } from "../../src/policies/index.ts";
import { FACTS, requestOf, stateOf } from "./router-fixture.ts";

const S = 1_000_000;
const RULE: QueueClass = {
  family: -1,
  newTokensMin: 0,
  quantumTokens: 1024,
  order: "fcfs",
  busyTokens: Infinity,
  busyShare: 0,
  busyWorkerRatio: 1,
  requestsPerWorker: Infinity,
  tokensPerWorker: Infinity,
  cachedTokensPerWorker: Infinity,
  refreshUs: 10 * S,
  declines: false,
};
const random = stream(1, "test");

/** Workers with so many prompt tokens under way. */
function busyWith(tokens: readonly number[], rule: Partial<QueueClass> = {}) {
  const state: RouterState = stateOf(
    "dynamo_kv",
    {},
    tokens.map(() => FACTS),
  );
  tokens.forEach((count, worker) => {
    if (count === 0) return;
    const request = requestOf(900 + worker, count, { prompt: { ...requestOf(0, 0).prompt } });
    state.commit(request, worker, count, 0);
  });
  return { state, queue: queueOf(state, [{ ...RULE, ...rule }]) };
}

function queueOf(
  state: RouterState,
  classes: readonly QueueClass[],
  rest: Partial<QueueRules> = {},
): RouterQueue {
  return new RouterQueue(state, { classes, fairBy: "none", weightOf: () => undefined, ...rest });
}

type Arrival = {
  readonly at: number;
  readonly tokens?: number;
  readonly priority?: number;
  readonly strict?: number;
};

/** The order in which these requests leave. */
function orderOf(rule: Partial<QueueClass>, arrivals: readonly Arrival[]): number[] {
  const { state, queue } = busyWith([1], rule);
  arrivals.forEach(({ at, tokens = 100, priority = 0, strict = 0 }, id) => {
    const request = requestOf(id, tokens, { priority, strictPriority: strict });
    expect(queue.arrive(request, id, id, at * S)).toBe(QUEUE_JOINED);
  });
  return emptied(state, queue);
}

/** The order in which those who wait leave once all workers are idle; what `fill` gives matters where it names workers. */
function emptied(state: RouterState, queue: RouterQueue, nowUs = 0): number[] {
  for (let worker = 0; worker < state.workers; worker++) state.firstToken(900 + worker, nowUs);
  const order: number[] = [];
  while (queue.length > 0) {
    const id = queue.next(nowUs, (waiting) => requestOf(waiting, 1));
    order.push(id);
    queue.leave(id);
  }
  expect(queue.tokens).toBe(0);
  return order;
}

describe("orders by hand", () => {
  test("first come: a unit of priority is a second of head start, less than none is none", () => {
    // Keys: 0, −1, 3 − 2.5 = 0.5, −3 (priority −5 counts as 0), 4 − 4 = 0 and later than the first.
    const arrivals = [
      { at: 0 },
      { at: 1 },
      { at: 2.5, priority: 3 },
      { at: 3, priority: -5 },
      { at: 4, priority: 4 },
    ];
    expect(orderOf({}, arrivals)).toEqual([2, 0, 4, 1, 3]);
  });

  test("shortest first, weighted by priority", () => {
    // Keys: 1/400, 1/100, 4/400 = 1/100 and later, 1/50, 2/150.
    const arrivals = [
      { at: 0, tokens: 400 },
      { at: 1, tokens: 100 },
      { at: 2, tokens: 400, priority: 3 },
      { at: 3, tokens: 50 },
      { at: 4, tokens: 150, priority: 1 },
    ];
    expect(orderOf({ order: "wspt" }, arrivals)).toEqual([3, 4, 1, 2, 0]);
  });

  test("shortest first counts what the best worker has not cached", () => {
    const { state, queue } = busyWith([1, 1], { order: "wspt" });
    // Twenty blocks of sixteen tokens on worker 1: of 336 tokens 16 are left, of 32 none and at least one counts.
    for (let node = 0; node < 20; node++) state.index.set(TIER_DEVICE, 1, node, 1);
    const own = { ...requestOf(0, 0).prompt };
    queue.arrive(requestOf(0, 20, { prompt: own }), 0, 0, 0);
    queue.arrive(requestOf(1, 336), 1, 1, 0);
    queue.arrive(requestOf(2, 32), 2, 2, 0);
    expect(emptied(state, queue)).toEqual([2, 1, 0]);
  });

  test("last come first", () => {
    // Keys: 0, 1, 2, 1 + 2 = 3.
    const arrivals = [{ at: 0 }, { at: 1 }, { at: 2 }, { at: 1, priority: 2 }];
    expect(orderOf({ order: "lcfs" }, arrivals)).toEqual([3, 2, 1, 0]);
  });

  test("strict tiers come before every order", () => {
    const arrivals = [
      { at: 0, priority: 1000 },
      { at: 1, strict: 1 },
      { at: 2, strict: 2 },
    ];
    for (const order of ["fcfs", "wspt", "lcfs"] as const) {
      expect(orderOf({ order }, arrivals)).toEqual([2, 1, 0]);
    }
  });

  test("the heap is a sort, whoever leaves in between", () => {
    const key = fc.record({
      at: fc.nat(20),
      priority: fc.integer({ min: -2, max: 9 }),
      strict: fc.nat(2),
      leaves: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 60 }), (keys) => {
        const { state, queue } = busyWith([1]);
        keys.forEach(({ at, priority, strict }, id) => {
          const request = requestOf(id, 50, { priority, strictPriority: strict });
          queue.arrive(request, id, id, at * S);
        });
        keys.forEach(({ leaves }, id) => {
          if (leaves) queue.leave(id);
        });
        const head = (id: number): number => Math.max(0, keys[id]!.priority) - keys[id]!.at;
        const sorted = keys
          .map((_, id) => id)
          .filter((id) => !keys[id]!.leaves)
          .sort((a, b) => keys[b]!.strict - keys[a]!.strict || head(b) - head(a) || a - b);
        expect(emptied(state, queue)).toEqual(sorted);
      }),
    );
  });
});

describe("who waits", () => {
  const verdict = (tokens: readonly number[], rule: Partial<QueueClass>, waiting = 0): number => {
    const { queue } = busyWith(tokens, rule);
    for (let id = 0; id < waiting; id++) queue.arrive(requestOf(id, 100), id, id, 0);
    return queue.arrive(requestOf(50, 100), 50, 50, 0);
  };

  test("all workers must be beyond a threshold, of tokens or of a step's tokens", () => {
    expect(verdict([1, 0], {})).toBe(QUEUE_PASSED);
    expect(verdict([1, 1], {})).toBe(QUEUE_JOINED);
    const tokens = { busyShare: Infinity, busyTokens: 500 };
    expect([verdict([500, 501], tokens), verdict([501, 501], tokens)]).toEqual([
      QUEUE_PASSED,
      QUEUE_JOINED,
    ]);
    // A step takes 8192 tokens: twice that is not beyond twice that.
    const share = { busyShare: 2 };
    expect([verdict([16_384], share), verdict([16_385], share)]).toEqual([
      QUEUE_PASSED,
      QUEUE_JOINED,
    ]);
  });

  test("or a share of them", () => {
    const half = { busyWorkerRatio: 0.5 };
    expect(verdict([1, 0, 0], half)).toBe(QUEUE_PASSED);
    expect(verdict([1, 1, 0], half)).toBe(QUEUE_JOINED);
  });

  test("nobody overtakes who waits, and without workers nobody waits", () => {
    const { state, queue } = busyWith([1, 1]);
    expect(queue.arrive(requestOf(1, 10), 1, 1, 0)).toBe(QUEUE_JOINED);
    state.firstToken(900, 0);
    // There is room now, but the first has not taken it yet.
    expect(queue.arrive(requestOf(2, 10), 2, 2, 0)).toBe(QUEUE_JOINED);
    state.setHealth(0, false);
    state.setHealth(1, false);
    expect(queue.arrive(requestOf(3, 10), 3, 3, 0)).toBe(QUEUE_PASSED);
  });

  test("who may go to no healthy worker does not wait for one", () => {
    const { state, queue } = busyWith([1, 1]);
    state.setHealth(1, false);
    expect(queue.arrive(requestOf(1, 10), 1, 1, 0)).toBe(QUEUE_JOINED);
    expect(queue.arrive(requestOf(2, 10, { pinned: 1 }), 2, 2, 0)).toBe(QUEUE_PASSED);
    expect(queue.arrive(requestOf(3, 10, { pinned: 0 }), 3, 3, 0)).toBe(QUEUE_JOINED);
  });

  test("limits count what waits already, for each healthy worker; who declines is turned away", () => {
    expect(verdict([1, 1], { requestsPerWorker: 1 }, 1)).toBe(QUEUE_JOINED);
    expect(verdict([1, 1], { requestsPerWorker: 1 }, 2)).toBe(QUEUE_FULL);
    expect(verdict([1, 1], { tokensPerWorker: 101 }, 2)).toBe(QUEUE_JOINED);
    expect(verdict([1, 1], { tokensPerWorker: 100 }, 2)).toBe(QUEUE_FULL);
    expect(verdict([1, 1], { declines: true })).toBe(QUEUE_DECLINED);
    expect(verdict([1, 0], { declines: true })).toBe(QUEUE_PASSED);
  });

  test("overlaps are those of the arrival for ten seconds, then they are looked up again", () => {
    const { state, queue } = busyWith([1, 1]);
    for (let node = 0; node < 4; node++) state.index.set(TIER_DEVICE, 1, node, 1);
    const request = requestOf(1, 160);
    queue.arrive(request, 1, 1, 0);
    for (let node = 0; node < 9; node++) state.index.set(TIER_DEVICE, 0, node, 1);
    expect(queue.recall(1, 10 * S)).toBe(true);
    state.choose(request, 10 * S, random, true);
    expect([...state.reach[0]]).toEqual([0, 4]);
    expect(queue.recall(1, 10 * S + 1)).toBe(false);
    state.choose(request, 10 * S + 1, random);
    expect([...state.reach[0]]).toEqual([9, 4]);
  });
});

describe("lanes take turns, by hand", () => {
  const TURNS: QueueClass = { ...RULE, quantumTokens: 100 };

  test("by tenant: a flood of one holds up nobody else", () => {
    const { state } = busyWith([1]);
    const queue = queueOf(state, [TURNS], { fairBy: "tenant" });
    // Tenant 0 sends six prompts of 100 tokens, then tenant 1 one of 100 and tenant 2 one of 300.
    for (let id = 0; id < 6; id++) queue.arrive(requestOf(id, 100, { tenant: 0 }), id, id, 0);
    queue.arrive(requestOf(6, 100, { tenant: 1 }), 6, 6, 0);
    queue.arrive(requestOf(7, 300, { tenant: 2 }), 7, 7, 0);
    // Each round a lane gets 100: tenant 2 has 300 in the third.
    expect(emptied(state, queue)).toEqual([0, 6, 1, 2, 7, 3, 4, 5]);
  });

  test("weights are shares, and priorities weigh one more than they are", () => {
    const { state } = busyWith([1]);
    const queue = queueOf(state, [TURNS], { fairBy: "tenant", weightOf: (key) => [2, 1][key] });
    for (let id = 0; id < 8; id++) {
      queue.arrive(requestOf(id, 100, { tenant: id % 2 }), id, id, 0);
    }
    expect(emptied(state, queue)).toEqual([0, 2, 1, 4, 6, 3, 5, 7]);
    const other = busyWith([1]);
    const byPriority = queueOf(other.state, [TURNS], { fairBy: "priority" });
    for (let id = 0; id < 8; id++) {
      byPriority.arrive(requestOf(id, 100, { priority: id % 2 }), id, id, 0);
    }
    expect(emptied(other.state, byPriority)).toEqual([0, 1, 3, 2, 5, 7, 4, 6]);
  });

  test("as many rounds as it takes pass at once, and who has nothing waiting saves nothing", () => {
    const { state } = busyWith([1]);
    const queue = queueOf(state, [TURNS], { fairBy: "tenant" });
    queue.arrive(requestOf(0, 950, { tenant: 0 }), 0, 0, 0);
    queue.arrive(requestOf(1, 850, { tenant: 1 }), 1, 1, 0);
    queue.arrive(requestOf(2, 850, { tenant: 1 }), 2, 2, 0);
    // After nine rounds tenant 1 can pay, with 50 left; after the tenth tenant 0. Then 850 − 150 takes seven more.
    expect(emptied(state, queue)).toEqual([1, 0, 2]);
  });

  test("classes by family and by what is left to compute; a family goes before any length", () => {
    const { state } = busyWith([1, 1]);
    for (let node = 0; node < 20; node++) state.index.set(TIER_DEVICE, 1, node, 1);
    const full = { requestsPerWorker: 0.5 };
    const classes: QueueClass[] = [
      TURNS,
      { ...TURNS, ...full, newTokensMin: 100 },
      { ...TURNS, ...full, family: 3, busyShare: Infinity },
    ];
    const queue = queueOf(state, classes);
    let id = 0;
    const verdict = (tokens: number, family = -1): number => {
      const request = requestOf(id, tokens, { family });
      return queue.arrive(request, id, id++, 0);
    };
    // 320 tokens are cached at the best: 99 more are short, 101 are long, and only one long one may wait.
    expect([verdict(419), verdict(421), verdict(419), verdict(421)]).toEqual([
      QUEUE_JOINED,
      QUEUE_JOINED,
      QUEUE_JOINED,
      QUEUE_FULL,
    ]);
    // Family 3 never waits, whatever others do.
    expect([verdict(421, 3), verdict(10, 3), verdict(421, 2)]).toEqual([
      QUEUE_PASSED,
      QUEUE_PASSED,
      QUEUE_FULL,
    ]);
  });
});
