/** Dynamo's router: the numbers of its documentation and source, worked out by hand, and its formula against a naive one. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import {
  DynamoKvRouter,
  dynamoKnobs,
  labelFactor,
  LoadBook,
  NO_WORKER,
  softmaxScore,
  StoreReaders,
  TIER_DEVICE,
  TIER_DISK,
  TIER_HOST,
  TIER_REMOTE,
} from "../../src/policies/index.ts";
import type { RouterState } from "../../src/policies/index.ts";
import { BLOCK, blockChain, FACTS, LINEAR, requestOf, stateOf } from "./router-fixture.ts";

const random = stream(1, "test");
const NO_PROMPT = { path: new Int32Array(0), start: 0, length: 0 };

/** Shares of the choices when the draw runs evenly through [0, 1). */
function shares(costs: readonly number[], temperature: number): number[] {
  const state = stateOf(
    "dynamo_kv",
    {},
    costs.map(() => FACTS),
  );
  costs.forEach((cost, worker) => (state.scores[worker] = cost));
  const counts = costs.map(() => 0);
  const draws = 100_000;
  for (let i = 0; i < draws; i++) {
    const even = { next: () => (i + 0.5) / draws, int: () => 0 };
    counts[softmaxScore(state, temperature, even as unknown as typeof random)]!++;
  }
  return counts.map((count) => Number((count / draws).toFixed(5)));
}

/** The scores of a request on all workers, after its decision. */
function scoresOf(state: RouterState, request = requestOf(999, 160), nowUs = 0): number[] {
  state.choose(request, nowUs, random);
  return [...state.scores];
}

/** Readers of remote stores, by worker. */
function readersOf(stores: readonly number[]): readonly (StoreReaders | undefined)[] {
  const remote = new StoreReaders(Int32Array.from(stores));
  return [TIER_DEVICE, TIER_HOST, TIER_DISK, TIER_REMOTE].map((tier) =>
    tier === TIER_REMOTE ? remote : undefined,
  );
}

function commit(state: RouterState, booking: number, tokens: number, worker: number): void {
  const request = requestOf(booking, tokens);
  state.choose(request, 0, random);
  state.commit(request, worker, state.newTokensOn(request, worker), 0);
}

describe("the documents' numbers", () => {
  test("softmax over normalised costs 18, 10, 11", () => {
    const near = (temperature: number, golden: readonly number[]): void =>
      shares([18, 10, 11], temperature).forEach((share, i) =>
        expect(Math.abs(share - golden[i]!)).toBeLessThan(6e-5),
      );
    near(1, [0.1635, 0.4444, 0.3922]);
    near(0.1, [0, 0.7773, 0.2227]);
  });

  test("equal costs are drawn evenly at any temperature", () => {
    expect(shares([5, 5, 5, 5], 0.001)).toEqual([1, 0, 0, 0]);
    const state = stateOf("dynamo_kv", { temperature: 1 }, [FACTS, FACTS, FACTS, FACTS]);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 8000; i++) counts[state.choose(requestOf(1, 160), 0, random)]!++;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  test("the example costs: 8 + 10, 5 + 5, 2 + 9", () => {
    // A prompt of ten blocks; two, five and eight of them cached; active blocks 0, −5 …: as in the documents,
    // prefill blocks 8, 5, 2 and decode blocks 10, 5, 9 of which the request's own ten are part.
    const state = stateOf("dynamo_kv", { track_active_blocks: 0 }, [FACTS, FACTS, FACTS]);
    [2, 5, 8].forEach((cached, worker) => {
      for (let node = 0; node < cached; node++) state.index.set(TIER_DEVICE, worker, node, 1);
    });
    expect(scoresOf(state)).toEqual([8, 5, 2]);
    const decode = [10, 5, 9];
    expect(scoresOf(state).map((prefill, i) => prefill + decode[i]!)).toEqual([18, 10, 11]);
  });

  test("preferred labels: 0.85 → × 0.501, 1 → × 0.467, all between 1/e and e", () => {
    expect(labelFactor([{ labels: 1, weight: 0.85 }], 1)).toBeCloseTo(0.501, 3);
    expect(labelFactor([{ labels: 1, weight: 1 }], 1)).toBeCloseTo(0.467, 3);
    expect(labelFactor([{ labels: 1, weight: 1 }], 2)).toBe(1);
    expect(labelFactor([{ labels: 1, weight: 100 }], 1)).toBeCloseTo(0.3679, 4);
    expect(labelFactor([{ labels: 1, weight: -100 }], 1)).toBeCloseTo(2.7183, 4);
  });
});

describe("the cost", () => {
  test("lower tiers count for less, and only behind the device", () => {
    const state = stateOf("dynamo_kv", { track_active_blocks: 0 }, [FACTS, FACTS]);
    for (let node = 0; node < 2; node++) state.index.set(TIER_DEVICE, 0, node, 1);
    for (let node = 2; node < 6; node++) state.index.set(TIER_HOST, 0, node, 1);
    for (let node = 6; node < 8; node++) state.index.set(TIER_DISK, 0, node, 1);
    // 10 − (2 + 0.75·4 + 0.25·2) and 10.
    expect(scoresOf(state)).toEqual([4.5, 10]);
    expect(state.newTokensOn(requestOf(999, 160), 0)).toBe(160 - Math.round(5.5 * BLOCK));
  });

  test("a store that workers share counts behind each one's device, at half", () => {
    // As in Dynamo's guide: four blocks of a token, all in the store; a worker with none on its device, and one with one.
    const facts = { ...FACTS, blockSize: 1 };
    const storeReaders = readersOf([0, 0]);
    const knobs = { track_active_blocks: 0, shared_cache_multiplier: 0.5 };
    const state = stateOf("dynamo_kv", knobs, [facts, facts], { storeReaders });
    const request = requestOf(999, 4, { prompt: requestOf(0, 4 * BLOCK).prompt, blocks: 4 });
    for (let node = 0; node < 4; node++) state.index.set(TIER_REMOTE, 0, node, 1);
    state.index.set(TIER_DEVICE, 1, 0, 1);
    // 4 − 0.5·4 and 4 − 1 − 0.5·3.
    expect(scoresOf(state, request)).toEqual([2, 1.5]);
    // Nothing of the store is booked as cached.
    expect(state.newTokensOn(request, 0)).toBe(4);
    // As in its own tests: of a prompt of two blocks, both in the store, a block is credited.
    const two = requestOf(998, 2, { prompt: requestOf(0, 2 * BLOCK).prompt, blocks: 2 });
    expect(scoresOf(state, two)[0]).toBe(2 - 1);
  });

  test("behind gaps and beside lower tiers the shared store counts all the same", () => {
    const storeReaders = readersOf([0, 0, -1]);
    const knobs = { track_active_blocks: 0, shared_cache_multiplier: 0.5 };
    const three = [FACTS, FACTS, FACTS];
    const state = stateOf("dynamo_kv", knobs, three, { storeReaders });
    for (const node of [1, 2, 3, 6, 7]) state.index.set(TIER_REMOTE, 0, node, 1);
    for (let node = 0; node < 2; node++) state.index.set(TIER_DEVICE, 0, node, 1);
    for (let node = 2; node < 5; node++) state.index.set(TIER_HOST, 0, node, 1);
    // 10 − (2 + 0.75·3 + 0.5·4), 10 − 0.5·5, and one that does not read the store.
    expect(scoresOf(state)).toEqual([3.75, 7.5, 10]);
    // Without the multiplier the store is one more disk: behind the host's five blocks it has none that goes on.
    const disk = stateOf("dynamo_kv", { track_active_blocks: 0 }, three, { storeReaders });
    for (const node of [0, 1, 6]) disk.index.set(TIER_REMOTE, 0, node, 1);
    expect(scoresOf(disk)).toEqual([9.5, 9.5, 10]);
  });

  test("prompts under way count until their first token, blocks until the end", () => {
    const state = stateOf("dynamo_kv", {}, [FACTS, FACTS]);
    commit(state, 1, 64, 0);
    // (64 + 160)/16 + (4 + 10 − 4 shared) and 160/16 + 10.
    expect(scoresOf(state)).toEqual([24, 20]);
    state.firstToken(1, 10);
    expect(scoresOf(state)).toEqual([20, 20]);
    state.ended(requestOf(1, 64), 5, 10, 20);
    expect(scoresOf(state)).toEqual([20, 20]);
    expect(state.book.blocks[0]).toBe(0);
  });

  test("a shared prefix is counted once among active requests, twice without assume_kv_reuse", () => {
    const reuse = stateOf("dynamo_kv", {}, [FACTS]);
    const apart = stateOf("dynamo_kv", { assume_kv_reuse: 0 }, [FACTS]);
    for (const state of [reuse, apart]) {
      commit(state, 1, 64, 0);
      commit(state, 2, 100, 0);
    }
    expect(reuse.book.blocks[0]).toBe(6);
    expect(apart.book.blocks[0]).toBe(10);
    expect(scoresOf(apart)).toEqual([(64 + 100 + 160) / 16 + 10 + 10]);
  });

  test("a credit above 1 may go below nothing only without the clamp", () => {
    const cached = (knobs: Record<string, number>): number => {
      const state = stateOf("dynamo_kv", { track_active_blocks: 0, ...knobs }, [FACTS]);
      for (let node = 0; node < 10; node++) state.index.set(TIER_DEVICE, 0, node, 1);
      return scoresOf(state)[0]!;
    };
    expect(cached({ overlap_score_credit: 1.5 })).toBe(0);
    expect(cached({ overlap_score_credit: 1.5, clamp_adjusted_prefill: 0 })).toBe(-5);
  });

  test("the credit decays with the prefill that a worker has more than the least", () => {
    const knobs = { overlap_score_credit_decay: 0.5, track_active_blocks: 0 };
    const state = stateOf("dynamo_kv", knobs, [FACTS, FACTS]);
    commit(state, 1, 320, 0);
    for (let node = 0; node < 10; node++) state.index.set(TIER_DEVICE, 0, node, 1);
    // Excess 320/16 = 20 blocks = 2 requests: decay 1/(1 + 0.5·2) = 0.5; (320 + 160)/16 − 0.5·10.
    expect(scoresOf(state)).toEqual([25, 10]);
  });

  test("lmetric multiplies, active requests cost", () => {
    const state = stateOf("dynamo_kv", { lmetric: 1 }, [FACTS]);
    expect(scoresOf(state)).toEqual([10 * 11]);
    const counted = stateOf("dynamo_kv", { decode_active_request_weight: 3 }, [FACTS]);
    commit(counted, 1, 15, 0);
    expect(scoresOf(counted)).toEqual([(15 + 160) / 16 + 10 + 3]);
  });

  test("without prefill tracking a worker that has nothing costs nothing for its prefill", () => {
    // Dynamo's issues 7836 and 7919: a new worker must not look worse than a busy one.
    const state = stateOf("dynamo_kv", { track_prefill_tokens: 0 }, [FACTS, FACTS]);
    commit(state, 1, 320, 0);
    expect(scoresOf(state)).toEqual([20 + 10 - 10, 10]);
  });
});

test("ties are broken evenly", () => {
  const state = stateOf(
    "dynamo_kv",
    {},
    Array.from({ length: 5 }, () => FACTS),
  );
  const counts = [0, 0, 0, 0, 0];
  for (let i = 0; i < 10_000; i++) counts[state.choose(requestOf(1, 160), 0, random)]!++;
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
});

describe("prefills wear off", () => {
  const booked = (prefillUs: number) => ({
    inputTokens: 1000,
    newTokens: 1000,
    expectedOutput: NaN,
    prefillUs,
    sloClass: 0,
  });

  test("all modelled: elapsed time spills beyond the oldest", () => {
    const book = new LoadBook(1, blockChain(1), BLOCK);
    book.book(0, 0, booked(100), NO_PROMPT, 0);
    book.book(1, 0, booked(50), NO_PROMPT, 10);
    expect(book.prefillTokensAt(0, 0)).toBe(2000);
    expect(book.prefillTokensAt(0, 33)).toBe(2000 - 330);
    expect(book.prefillTokensAt(0, 150)).toBe(500);
    expect(book.prefillTokensAt(0, 300)).toBe(0);
    expect(book.prefillUsAt(0, 33)).toBe(117);
    // The oldest is done early: the next is the anchor from that instant.
    book.firstToken(0, 60);
    expect(book.prefillTokensAt(0, 60)).toBe(1000);
    expect(book.prefillTokensAt(0, 85)).toBe(500);
    expect(book.prefillUsAt(0, 85)).toBe(25);
  });

  test("time beyond the oldest spills only as far as told", () => {
    const book = new LoadBook(1, blockChain(1), BLOCK);
    book.book(0, 0, booked(100), NO_PROMPT, 0);
    book.book(1, 0, booked(500), NO_PROMPT, 10);
    book.book(2, 0, booked(NaN), NO_PROMPT, 10);
    const left = (nowUs: number): readonly number[] =>
      [0, 150, Infinity].map((stepUs) => book.prefillUsAt(0, nowUs, stepUs));
    expect(left(70)).toEqual([530, 530, 530]);
    expect(left(120)).toEqual([500, 480, 480]);
    expect(left(400)).toEqual([500, 450, 200]);
    expect(left(1000)).toEqual([500, 450, 0]);
    book.firstToken(0, 1000);
    expect(left(1050)).toEqual([450, 450, 450]);
    // One without a prediction has nothing to wear off.
    book.firstToken(1, 1600);
    expect(left(1700)).toEqual([0, 0, 0]);
  });

  test("some not modelled: only the oldest wears off", () => {
    const book = new LoadBook(1, blockChain(1), BLOCK);
    book.book(0, 0, booked(100), NO_PROMPT, 0);
    book.book(1, 0, booked(NaN), NO_PROMPT, 0);
    expect(book.prefillTokensAt(0, 25)).toBe(1000 + 750);
    expect(book.prefillTokensAt(0, 500)).toBe(1000);
    book.firstToken(0, 500);
    expect(book.prefillTokensAt(0, 900)).toBe(1000);
  });

  test("the model is that of the worker", () => {
    const state = stateOf("dynamo_kv", { prefill_load_model: 1 }, [{ ...FACTS, steps: LINEAR }]);
    commit(state, 1, 1000, 0);
    // 10 µs a token: 300 of 1000 are done after 3 ms.
    expect(state.book.prefillTokensAt(0, 3000)).toBe(700);
  });
});

test("output blocks count less the nearer the expected end", () => {
  const book = new LoadBook(1, blockChain(64), BLOCK);
  const prompt = requestOf(0, 64).prompt;
  const booking = {
    inputTokens: 64,
    newTokens: 64,
    expectedOutput: 100,
    prefillUs: NaN,
    sloClass: 0,
  };
  book.book(0, 0, booking, prompt, 0);
  expect(book.blocks[0]).toBe(4);
  // The 1st token opens block 5: weight 1 − 1/100 on four own blocks and one of output.
  book.generated(0, 1, prompt);
  expect(book.blocks[0]).toBeCloseTo(5 * 0.99, 9);
  book.generated(0, 16, prompt);
  expect(book.blocks[0]).toBeCloseTo(5 * 0.99, 9);
  // The 33rd token opens block 7.
  book.generated(0, 40, prompt);
  expect(book.blocks[0]).toBeCloseTo(7 * 0.67, 9);
  book.generated(0, 150, prompt);
  expect(book.blocks[0]).toBeCloseTo(0, 9);
  book.release(0, prompt, 1);
  expect(book.blocks[0]).toBe(0);
});

describe("who may be chosen", () => {
  const labelled = [FACTS, { ...FACTS, labels: 0b01 }, { ...FACTS, labels: 0b11 }];

  test("required labels, a pin, health, overload", () => {
    const state = stateOf("dynamo_kv", {}, labelled, { busyPrefillTokens: 500 });
    const choose = (rest: object): number => state.choose(requestOf(7, 160, rest), 0, random);
    expect(choose({ requiredLabels: 0b10 })).toBe(2);
    expect(choose({ requiredLabels: 0b100 })).toBe(NO_WORKER);
    expect(choose({ pinned: 1 })).toBe(1);
    commit(state, 1, 600, 2);
    expect(choose({ requiredLabels: 0b10 })).toBe(NO_WORKER);
    expect(choose({ requiredLabels: 0b01 })).toBe(1);
    state.setHealth(1, false);
    expect(choose({ requiredLabels: 0b01 })).toBe(NO_WORKER);
    expect(choose({})).toBe(0);
    expect(choose({ pinned: 1 })).toBe(NO_WORKER);
  });

  test("preferred labels bend the choice", () => {
    const state = stateOf("dynamo_kv", {}, labelled);
    commit(state, 1, 64, 2);
    state.firstToken(1, 0);
    const preferredLabels = [{ labels: 0b10, weight: 0.85 }];
    expect(state.choose(requestOf(8, 160, { preferredLabels }), 0, random)).toBe(2);
  });

  test("a session stays until it has been idle for too long", () => {
    const state = stateOf("dynamo_kv", {}, [FACTS, FACTS], { sessionTtlUs: 100 });
    const at = (nowUs: number, booking: number): number => {
      const request = requestOf(booking, 1600, { session: 4 });
      const worker = state.choose(request, nowUs, random);
      state.commit(request, worker, 1600, nowUs);
      return worker;
    };
    const first = at(0, 1);
    expect(at(60, 2)).toBe(first);
    state.ended(requestOf(1, 1600, { session: 4 }), 1, 0, 150);
    expect(at(240, 3)).toBe(first);
    // Idle for its whole time: the other worker is cheaper.
    expect(at(341, 4)).toBe(1 - first);
    state.setHealth(1 - first, false);
    expect(at(342, 5)).toBe(first);
  });
});

test("disaggregated, worked by hand: prefill by what is cached and queued, decode by blocks alone", () => {
  const prefill = stateOf("dynamo_kv", {}, [FACTS, FACTS], { role: "prefill" });
  const decode = stateOf("dynamo_kv", {}, [FACTS, FACTS], { role: "decode" });
  // Prefill worker 0 has six of the ten blocks but 128 tokens in front; worker 1 is empty and idle.
  for (let node = 0; node < 6; node++) prefill.index.set(TIER_DEVICE, 0, node, 1);
  const other = requestOf(1, 128, { prompt: NO_PROMPT });
  prefill.choose(other, 0, random);
  prefill.commit(other, 0, 128, 0);
  // (128 + 160)/16 − 6 = 12 and 160/16 = 10; active blocks do not count on prefill workers.
  expect(scoresOf(prefill, requestOf(2, 160))).toEqual([12, 10]);
  expect(prefill.choose(requestOf(2, 160), 0, random)).toBe(1);
  prefill.firstToken(1, 5);
  expect(scoresOf(prefill, requestOf(2, 160), 5)).toEqual([4, 10]);
  // The decode side does not see that its worker 0 has the prompt's first eight blocks cached and active.
  for (let node = 0; node < 8; node++) decode.index.set(TIER_DEVICE, 0, node, 1);
  commit(decode, 3, 128, 0);
  commit(decode, 4, 112, 1);
  // 8 + 10 and 7 + 10.
  expect(scoresOf(decode, requestOf(2, 160))).toEqual([18, 17]);
});

test("random books and caches: every cost is that of the formula", () => {
  const event = fc.record({
    kind: fc.constantFrom("cache", "share", "send", "first", "end"),
    worker: fc.nat(2),
    blocks: fc.integer({ min: 1, max: 12 }),
    tail: fc.nat(BLOCK - 1),
  });
  const knobs = fc.record({
    overlap_score_credit: fc.constantFrom(0, 0.5, 1, 2),
    prefill_load_scale: fc.constantFrom(0, 1, 3),
    overlap_score_credit_decay: fc.constantFrom(0, 0.5),
    decode_active_request_weight: fc.constantFrom(0, 2),
    clamp_adjusted_prefill: fc.constantFrom(0, 1),
    assume_kv_reuse: fc.constantFrom(0, 1),
    track_prefill_tokens: fc.constantFrom(0, 1),
    active_sequence_stride: fc.constantFrom(1, 1, 2, 5),
    shared_cache_multiplier: fc.constantFrom(0, 0.5, 1),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), knobs, (events, chosen) => {
      // Workers 0 and 1 read one store, which the multiplier makes more than a disk; worker 2 reads its own.
      const storeReaders = readersOf([0, 0, 1]);
      const state = stateOf("dynamo_kv", chosen, [FACTS, FACTS, FACTS], { storeReaders });
      const naive = new NaiveDynamo(3);
      events.forEach(({ kind, worker, blocks, tail }, id) => {
        const tokens = blocks * BLOCK + tail;
        if (kind === "cache") {
          for (let node = 0; node < blocks; node++) state.index.set(TIER_DEVICE, worker, node, 1);
          for (let node = blocks; node < 12; node++) state.index.set(TIER_DEVICE, worker, node, 0);
          naive.cached[worker] = blocks;
        } else if (kind === "share") {
          const store = worker === 2 ? 1 : 0;
          const has = naive.stores[store]!.has(blocks - 1);
          if (has) naive.stores[store]!.delete(blocks - 1);
          else naive.stores[store]!.add(blocks - 1);
          state.index.set(TIER_REMOTE, store, blocks - 1, has ? 0 : 1);
        } else if (kind === "send") {
          commit(state, id, tokens, worker);
          const worth = Math.round(naive.worth(worker, blocks, chosen) * BLOCK);
          const hit = Math.min(tokens, worth);
          naive.active.push({ id, worker, blocks, tokens, fresh: tokens - hit, isPrefill: true });
        } else {
          const at = naive.active[blocks % Math.max(1, naive.active.length)];
          if (at === undefined) return;
          if (kind === "first") {
            at.isPrefill = false;
            state.firstToken(at.id, id);
          } else {
            naive.active = naive.active.filter((one) => one !== at);
            state.ended(requestOf(at.id, at.tokens), 3, 5, id);
          }
        }
      });
      const request = requestOf(10_000, 7 * BLOCK + 5);
      state.choose(request, 1e6, random);
      naive
        .costs(request.inputTokens, chosen)
        .forEach((cost, worker) => expect(state.scores[worker]).toBeCloseTo(cost, 9));
    }),
    { numRuns: 500, seed: 9 },
  );
});

type NaiveRequest = {
  readonly id: number;
  readonly worker: number;
  readonly blocks: number;
  readonly tokens: number;
  readonly fresh: number;
  isPrefill: boolean;
};

/** The formula of the reference page, from lists of requests; all prompts are prefixes of one another. */
class NaiveDynamo {
  readonly cached: number[];
  /** Blocks that remote stores have. */
  readonly stores = [new Set<number>(), new Set<number>()];
  active: NaiveRequest[] = [];

  constructor(workers: number) {
    this.cached = Array.from({ length: workers }, () => 0);
  }

  /** Leading blocks on the device, and a quarter of what goes on from there in a store that counts as disk. */
  worth(worker: number, blocks: number, knobs: Readonly<Record<string, number>>): number {
    const device = Math.min(blocks, this.cached[worker]!);
    const isShared = worker < 2 && knobs["shared_cache_multiplier"]! > 0;
    let end = device;
    if (!isShared) while (end < blocks && this.stores[worker === 2 ? 1 : 0]!.has(end)) end++;
    return device + 0.25 * (end - device);
  }

  /** Blocks behind the device's that the store shared by two workers has. */
  private shared(worker: number, blocks: number): number {
    if (worker === 2) return 0;
    const from = Math.min(blocks, this.cached[worker]!);
    return [...this.stores[0]!].filter((block) => block >= from && block < blocks).length;
  }

  costs(tokens: number, knobs: Readonly<Record<string, number>>): number[] {
    const blocks = Math.floor(tokens / BLOCK);
    const prefill = this.cached.map((_, worker) =>
      this.of(worker).reduce((sum, one) => sum + (one.isPrefill ? one.fresh : 0), 0),
    );
    const tracks = knobs["track_prefill_tokens"] === 1;
    return this.cached.map((_, worker) => {
      const overlap = Math.min(blocks, this.cached[worker]!);
      const excess = (prefill[worker]! - Math.min(...prefill)) / BLOCK;
      const decay = tracks
        ? 1 / (1 + (knobs["overlap_score_credit_decay"]! * excess) / Math.ceil(tokens / BLOCK))
        : 1;
      const raw = tracks ? (prefill[worker]! + tokens) / BLOCK : 0;
      const lower = this.worth(worker, blocks, knobs) - overlap;
      const shared = knobs["shared_cache_multiplier"]! * this.shared(worker, blocks);
      const less = raw - knobs["overlap_score_credit"]! * decay * overlap - lower - shared;
      const adjusted = knobs["clamp_adjusted_prefill"] === 1 ? Math.max(0, less) : less;
      const stride = knobs["active_sequence_stride"]!;
      const strided = (count: number): number => Math.floor(count / stride) * stride;
      const lengths = this.of(worker).map((one) => strided(one.blocks));
      const longest = Math.max(0, ...lengths);
      const reuses = knobs["assume_kv_reuse"] === 1;
      const held = reuses ? longest : lengths.reduce((sum, length) => sum + length, 0);
      const own = strided(blocks);
      const added = reuses ? Math.max(0, own - longest) : own;
      const count = this.of(worker).length * knobs["decode_active_request_weight"]!;
      return knobs["prefill_load_scale"]! * adjusted + held + added + count;
    });
  }

  private of(worker: number): NaiveRequest[] {
    return this.active.filter((one) => one.worker === worker);
  }
}

test("the roles turn knobs off as Dynamo's routers do", () => {
  expect(dynamoKnobs({}, "decode")).toMatchObject({
    overlapCredit: 0,
    assumeReuse: false,
    trackPrefill: false,
    trackActive: true,
  });
  expect(dynamoKnobs({}, "prefill")).toMatchObject({ overlapCredit: 1, trackActive: false });
  expect(new DynamoKvRouter(dynamoKnobs({}, "decode")).needs.prefix).toBe(false);
});
