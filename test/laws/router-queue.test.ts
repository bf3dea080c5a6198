/** Laws of the router's queue: it does what the plainly written one does, and lanes that all wait get their shares. */

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  QUEUE_DECLINED,
  QUEUE_FAIRNESS,
  QUEUE_FULL,
  QUEUE_JOINED,
  QUEUE_ORDERS,
  QUEUE_PASSED,
  RouterQueue,
  TIER_DEVICE,
} from "../../src/policies/index.ts";
import type { QueueClass, QueueRules, RouterRequest } from "../../src/policies/index.ts";
import { BLOCK, FACTS, requestOf, stateOf } from "../policies/router-fixture.ts";
import { LAW_TIMEOUT_MS, lawRuns } from "./law-runs.ts";
import { NaiveRouterQueue } from "./naive-router-queue.ts";
import type { NaiveWorker } from "./naive-router-queue.ts";

const VERDICTS = {
  [QUEUE_PASSED]: "passes",
  [QUEUE_JOINED]: "joins",
  [QUEUE_FULL]: "full",
  [QUEUE_DECLINED]: "declines",
} as const;
const STEP_TOKENS = 500;

const classes: fc.Arbitrary<QueueClass> = fc.record({
  family: fc.constantFrom(-1, -1, 0, 1),
  newTokensMin: fc.constantFrom(0, 60, 300),
  quantumTokens: fc.constantFrom(1, 50, 1000),
  order: fc.constantFrom(...QUEUE_ORDERS),
  busyTokens: fc.constantFrom(Infinity, 0, 200),
  busyShare: fc.constantFrom(0, 0, 0.5, Infinity),
  busyWorkerRatio: fc.constantFrom(1, 1, 0.5),
  requestsPerWorker: fc.constantFrom(Infinity, Infinity, 2),
  tokensPerWorker: fc.constantFrom(Infinity, Infinity, 700),
  cachedTokensPerWorker: fc.constantFrom(Infinity, Infinity, 200),
  refreshUs: fc.constant(0),
  declines: fc.constantFrom(false, false, false, false, true),
});

const rules: fc.Arbitrary<QueueRules> = fc
  .record({
    root: classes,
    more: fc.uniqueArray(classes, {
      maxLength: 3,
      selector: (of) => `${String(of.family)}/${String(of.newTokensMin)}`,
    }),
    fairBy: fc.constantFrom(...QUEUE_FAIRNESS),
    weights: fc.constantFrom([], [2, 0.5, 3]),
  })
  .map(({ root, more, fairBy, weights }) => ({
    classes: [
      { ...root, family: -1, newTokensMin: 0 },
      ...more.filter(({ family, newTokensMin }) => family >= 0 || newTokensMin > 0),
    ],
    fairBy,
    weightOf: (key: number): number | undefined => weights[key],
  }));

/** What happens next: who comes, or which of those there are, counted around, is concerned. */
const happenings = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("arrival" as const),
      tokens: fc.integer({ min: 1, max: 600 }),
      tenant: fc.integer({ min: -1, max: 3 }),
      priority: fc.integer({ min: -1, max: 2 }),
      strict: fc.constantFrom(0, 0, 1),
      family: fc.integer({ min: -1, max: 2 }),
      pinned: fc.constantFrom(-1, -1, -1, -1, 0),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("first token" as const, "gives up" as const, "worker" as const),
      which: fc.nat(),
    }),
  },
);

test(
  "who passes, waits, is turned away and goes next is what a plainly written queue says",
  () => {
    const seen = { passes: 0, joins: 0, full: 0, declines: 0, served: 0 };
    fc.assert(
      fc.property(
        rules,
        fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 4 }),
        fc.array(happenings, { minLength: 20, maxLength: 80, size: "max" }),
        (drawn, caches, events) => {
          const facts = { ...FACTS, maxBatchedTokens: STEP_TOKENS };
          const state = stateOf(
            "dynamo_kv",
            {},
            caches.map(() => facts),
          );
          caches.forEach((blocks, worker) => {
            for (let node = 0; node < blocks; node++) state.index.set(TIER_DEVICE, worker, node, 1);
          });
          const workers: NaiveWorker[] = caches.map((blocks) => ({
            isUp: true,
            cachedTokens: blocks * BLOCK,
            stepTokens: STEP_TOKENS,
            booked: new Map(),
          }));
          const queue = new RouterQueue(state, drawn);
          const naive = new NaiveRouterQueue(workers, drawn);
          const requests: RouterRequest[] = [];
          const book = (id: number, nowUs: number): void => {
            const request = requests[id]!;
            const worker = workers.indexOf(naive.eligible(request)[0]!);
            if (worker < 0) return;
            state.commit(request, worker, request.inputTokens, nowUs);
            workers[worker]!.booked.set(id, request.inputTokens);
          };
          events.forEach((event, at) => {
            const nowUs = at * 1e6;
            if (event.kind === "arrival") {
              const { tokens, strict: strictPriority, kind: _, ...rest } = event;
              const id = requests.length;
              requests.push(requestOf(id, tokens, { ...rest, strictPriority }));
              const verdict = VERDICTS[queue.arrive(requests[id]!, id, id, nowUs) as 0];
              expect(verdict).toBe(naive.arrive(requests[id]!, id, nowUs));
              seen[verdict]++;
              if (verdict === "passes") book(id, nowUs);
            } else if (event.kind === "worker") {
              const worker = event.which % workers.length;
              const { isUp, booked } = workers[worker]!;
              // Who dies has nothing under way when it comes back.
              for (const id of isUp ? booked.keys() : []) state.ended(requests[id]!, 0, 0, nowUs);
              booked.clear();
              workers[worker]!.isUp = !isUp;
              state.setHealth(worker, !isUp);
              for (let n = 0; n < (isUp ? 0 : caches[worker]!); n++) {
                state.index.set(TIER_DEVICE, worker, n, 1);
              }
            } else if (event.kind === "gives up") {
              const id = naive.waiting[event.which % (naive.waiting.length || 1)]?.id;
              if (id === undefined) return;
              queue.leave(id);
              naive.leave(id);
            } else {
              const open = workers.flatMap(({ booked }) => [...booked.keys()]);
              const id = open[event.which % (open.length || 1)];
              if (id === undefined) return;
              state.firstToken(id, nowUs);
              for (const { booked } of workers) booked.delete(id);
            }
            for (;;) {
              const id = naive.next() ?? -1;
              expect(queue.next(nowUs, (waiting) => requests[waiting]!)).toBe(id);
              if (id < 0) break;
              queue.leave(id);
              naive.leave(id);
              book(id, nowUs);
              seen.served++;
            }
            expect(queue.length).toBe(naive.waiting.length);
            expect(queue.tokens).toBe(
              naive.waiting.reduce((tokens, { request }) => tokens + request.inputTokens, 0),
            );
          });
        },
      ),
      lawRuns(300),
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(30);
  },
  LAW_TIMEOUT_MS,
);

test(
  "while two tenants wait, what each got by its weight differs by no more than a round and two prompts",
  () => {
    let widest = 0;
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0.5, 1, 3), { minLength: 2, maxLength: 5 }),
        fc.constantFrom(1, 64, 1024, 5000),
        fc.array(fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 3000 })), {
          minLength: 20,
          maxLength: 120,
        }),
        (weights, quantumTokens, sent) => {
          const state = stateOf("least_tokens", {}, [FACTS]);
          state.commit(requestOf(900, 1), 0, 1, 0);
          const rule: QueueClass = { ...PLAIN, quantumTokens };
          const weightOf = (key: number): number | undefined => weights[key];
          const queue = new RouterQueue(state, { classes: [rule], fairBy: "tenant", weightOf });
          const requests = sent.map(([of, tokens], id) =>
            requestOf(id, tokens, { tenant: of % weights.length }),
          );
          requests.forEach((request, id) => queue.arrive(request, id, id, id));
          state.firstToken(900, 1e6);
          const left = weights.map((_, tenant) => requests.filter((of) => of.tenant === tenant));
          // Rounds that each has been served, after each request while it waits still.
          const rounds = weights.map(() => [0]);
          while (queue.length > 0) {
            const id = queue.next(1e6, (waiting) => requests[waiting]!);
            queue.leave(id);
            const { tenant, inputTokens } = requests[id]!;
            rounds.forEach((of, other) => {
              const paid = other === tenant ? inputTokens / (weights[tenant]! * quantumTokens) : 0;
              if (left[other]!.length > 0) of.push(of.at(-1)! + paid);
            });
            left[tenant]!.shift();
          }
          const longest = Math.max(...requests.map(({ inputTokens }) => inputTokens));
          weights.forEach((one, a) => {
            weights.forEach((other, b) => {
              // A round lies between them, each may have saved up nearly a prompt, and the one at hand has its quantum.
              const most = 2 + longest / (one * quantumTokens) + longest / (other * quantumTokens);
              const both = Math.min(rounds[a]!.length, rounds[b]!.length) - 1;
              const ahead = rounds[a]!.slice(0, both).map((own, i) => own - rounds[b]![i]!);
              // Over any part of the time, not just from its start.
              const spread = Math.max(...ahead, 0) - Math.min(...ahead, 0);
              expect(spread).toBeLessThanOrEqual(most);
              widest = Math.max(widest, spread / most);
            });
          });
        },
      ),
      lawRuns(300),
    );
    // The bound is one that is nearly met.
    expect(widest).toBeGreaterThan(0.3);
  },
  LAW_TIMEOUT_MS,
);

const PLAIN: QueueClass = {
  family: -1,
  newTokensMin: 0,
  quantumTokens: 1,
  order: "fcfs",
  busyTokens: Infinity,
  busyShare: 0,
  busyWorkerRatio: 1,
  requestsPerWorker: Infinity,
  tokensPerWorker: Infinity,
  cachedTokensPerWorker: Infinity,
  refreshUs: 0,
  declines: false,
};
