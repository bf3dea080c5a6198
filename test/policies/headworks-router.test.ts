/** Our own router: what bends its choices, each against a cluster in which nothing else differs. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import { TIER_DEVICE, TIER_HOST } from "../../src/policies/index.ts";
import type { RouterState } from "../../src/policies/index.ts";
import { LinearStepTime } from "../../src/hardware/index.ts";
import { BLOCK, FACTS, LINEAR, requestOf, stateOf } from "./router-fixture.ts";

const random = stream(1, "test");
const FACTS_TWO = [FACTS, FACTS].map((facts) => ({ ...facts, steps: LINEAR }));
const TOKENS = 64 * BLOCK;

/** Sends a prompt of no known blocks to a worker and lets its first token come at once. */
function decoding(state: RouterState, booking: number, tokens: number, worker: number): void {
  const request = requestOf(booking, tokens, { blocks: 0 });
  request.prompt.length = 0;
  state.choose(request, 0, random);
  state.commit(request, worker, tokens, 0);
  state.firstToken(booking, 0);
}

function send(state: RouterState, booking: number, blocks: number, worker: number): void {
  const request = requestOf(booking, blocks * BLOCK);
  state.choose(request, 0, random);
  state.commit(request, worker, state.newTokensOn(request, worker), 0);
}

describe("worn slack", () => {
  /** Scores of a new prompt where worker 0 has computed 15,000 tokens for its two requests and worker 1 nothing but 2. */
  const scores = (tpotUs: number, wear: number): readonly [number, number] => {
    const knobs = { wear, miss: 0 };
    const state = stateOf("headworks", knobs, FACTS_TWO, { tpotUs });
    decoding(state, 1, 7500, 0);
    decoding(state, 2, 7500, 0);
    decoding(state, 3, 1, 1);
    decoding(state, 4, 1, 1);
    const fresh = requestOf(9, TOKENS, { blocks: 0 });
    fresh.prompt.length = 0;
    state.choose(fresh, 0, random);
    return [state.scores[0]!, state.scores[1]!];
  };

  test("a stall counts more where requests have stood still for long, in proportion to what the target leaves", () => {
    // A step of three takes 30 µs here: a mean answer of 256 tokens has 256 × 970 µs to lose, and 150 ms are gone.
    const [plain, spared] = scores(1000, 0);
    const [worn, fresh] = scores(1000, 1);
    const stallUs = 2 * TOKENS * 10;
    const roomUs = 256 * 970;
    expect(worn - plain).toBeCloseTo((stallUs * 150_000) / roomUs, 6);
    expect(fresh - spared).toBeCloseTo((stallUs * 20) / roomUs, 6);
  });

  test("at most once, and not at all without a target of the time per token", () => {
    const [plain] = scores(10, 0);
    const [worn] = scores(10, 1);
    expect(worn - plain).toBeCloseTo(2 * TOKENS * 10, 6);
    expect(scores(Infinity, 1)).toEqual(scores(Infinity, 0));
  });

  test("what was computed for requests that have ended is forgotten", () => {
    const state = stateOf("headworks", {}, FACTS_TWO, { tpotUs: 1000 });
    decoding(state, 1, 7500, 0);
    decoding(state, 2, 500, 0);
    expect(state.book.activePrefillUs[0]).toBe(80_000);
    state.book.release(1, { path: new Int32Array(0), start: 0, length: 0 }, 5);
    expect(state.book.activePrefillUs[0]).toBe(5000);
    state.book.release(2, { path: new Int32Array(0), start: 0, length: 0 }, 5);
    expect(state.book.activePrefillUs[0]).toBe(0);
  });
});

describe("what is computed again", () => {
  test("is counted of prompts that were sent before and are nowhere cached", () => {
    const state = stateOf("headworks", {}, FACTS_TWO);
    send(state, 1, 10, 0);
    expect(state.observed.againShare).toBe(0);
    // The second time nothing is cached: 10 of 20 blocks to compute were computed before.
    send(state, 2, 10, 1);
    expect(state.observed.againShare).toBe(0.5);
    // The third time worker 0 has all of them, and only the 10 new ones are computed.
    for (let node = 0; node < 10; node++) state.index.set(TIER_DEVICE, 0, node, 1);
    send(state, 3, 20, 0);
    expect(state.observed.againShare).toBeCloseTo(10 / 30, 12);
  });

  /** What a microsecond of a new prompt's computing weighs at each worker. */
  const weights = (prepare: (state: RouterState) => void): readonly [number, number] => {
    const states = [0, 2].map((work) => {
      const state = stateOf("headworks", { work, miss: 1, late: 1 }, FACTS_TWO, { ttftUs: 1e6 });
      prepare(state);
      state.choose(requestOf(9, TOKENS), 0, random);
      return state;
    });
    const of = (worker: number): number =>
      (states[1]!.scores[worker]! - states[0]!.scores[worker]!) / (2 * TOKENS * 10);
    return [of(0), of(1)];
  };

  test("weighs less where what is stored will be used again, more where it displaces that", () => {
    const [kept, displacing] = weights(({ cacheGains }) => {
      cacheGains[0] = 0.6;
      cacheGains[1] = -0.8;
    });
    expect(kept).toBeCloseTo(0.4, 9);
    expect(displacing).toBeCloseTo(1.8, 9);
    expect(weights(({ cacheGains }) => cacheGains.fill(1.5))[0]).toBeCloseTo(0.1, 9);
  });

  test("presses where first tokens are late for it, and not where they are late for other reasons", () => {
    const score = (press: number, again: boolean, late: boolean): number => {
      const facts = [...FACTS_TWO, FACTS_TWO[0]!];
      const state = stateOf("headworks", { press, miss: 1 }, facts, { ttftUs: 1e6 });
      send(state, 1, 10, 0);
      if (again) send(state, 2, 10, 1);
      else send(state, 2, 0, 1);
      state.firstToken(1, 1000);
      state.firstToken(2, late ? 2e6 : 1000);
      state.choose(requestOf(9, TOKENS), 2e6, random);
      return state.scores[2]!;
    };
    expect(score(8, true, false)).toBe(score(0, true, false));
    expect(score(8, false, true)).toBe(score(0, false, true));
    // One of two is late, half of what was computed was computed again, and 1.6 ms of computing were in time.
    const pressure = 8 * 0.5 * 0.5 * (1e6 / 1600);
    expect(score(8, true, true) - score(0, true, true)).toBeCloseTo(pressure * TOKENS * 10, 3);
  });
});

describe("waiting for KV memory", () => {
  /** Steps of 1 ms whatever is in them; an answer has 256 tokens until some have ended. */
  const STEPPED = new LinearStepTime({
    baseUs: 1000,
    prefillFixedUs: 0,
    tokenUs: 0,
    pairUs: 0,
    decodeRequestUs: 0,
    contextTokenUs: 0,
  });
  const ANSWER_US = 256 * 1000;
  /** Blocks of a prompt under way, and of half its answer. */
  const HELD = 400 + 128 / BLOCK;

  /** What it adds to the score of a new prompt where so many of 400 blocks are under way, and there is room for so much. */
  const waitUs = (prompts: number, need: number, room: { blocks: number; maxRequests: number }) => {
    const [scarce, ample] = [room, { blocks: 1e9, maxRequests: 1e9 }].map((limits) => {
      const facts = [{ ...FACTS, ...limits, steps: STEPPED }];
      const state = stateOf("headworks", { harm: 0, wear: 0, work: 0, press: 0 }, facts);
      for (let i = 0; i < prompts; i++) decoding(state, i, 400 * BLOCK, 0);
      const request = requestOf(99, need * BLOCK);
      request.prompt.length = 0;
      state.choose(request, 0, random);
      return state.scores[0]!;
    });
    return scarce! - ample!;
  };

  test("where all of them have room, nothing", () => {
    expect(waitUs(2, 100, { blocks: 1000, maxRequests: 3 })).toBe(0);
  });

  test("where the last finds none, the time until the others have given back what it lacks", () => {
    const lacks = 2 * HELD + 300 - 1000;
    const wait = waitUs(2, 300, { blocks: 1000, maxRequests: 256 });
    expect(wait).toBeCloseTo((lacks / (2 * HELD)) * ANSWER_US, 6);
  });

  test("where others wait too, an answer's time for each time that the cache is filled before its turn", () => {
    const wait = waitUs(10, 100, { blocks: 1000, maxRequests: 256 });
    expect(wait).toBeCloseTo(((10 * HELD + 100 - 1000) / 1000) * ANSWER_US, 6);
  });

  test("and the same for places in the batch", () => {
    expect(waitUs(10, 100, { blocks: 1e9, maxRequests: 4 })).toBeCloseTo((7 / 4) * ANSWER_US, 6);
  });
});

describe("time behind the target", () => {
  test("counts as often as the knob says", () => {
    const score = (late: number, ttftUs: number): number => {
      const state = stateOf("headworks", { late, miss: 0 }, FACTS_TWO, { ttftUs });
      state.choose(requestOf(9, TOKENS), 0, random);
      return state.scores[0]!;
    };
    const ttftUs = TOKENS * 10;
    expect(score(4, ttftUs) - score(1, ttftUs)).toBeCloseTo(0, 6);
    expect(score(4, ttftUs - 500) - score(1, ttftUs - 500)).toBeCloseTo(3 * 500, 6);
    expect(score(4, Infinity)).toBe(score(1, Infinity));
  });
});

test("leaves out of a score only what cannot make it the least", () => {
  const workers = 6;
  const sent = fc.record({
    tokens: fc.integer({ min: 1, max: 40 * BLOCK }),
    blocks: fc.integer({ min: 0, max: 20 }),
    onHost: fc.integer({ min: 0, max: 10 }),
    ends: fc.boolean(),
  });
  const fetched = fc.constantFrom(undefined, {
    host: { firstUs: 5, blockUs: 20 },
    disk: { firstUs: 50, blockUs: 90 },
  });
  let shortened = 0;
  fc.assert(
    fc.property(
      fc.array(sent, { minLength: 1, maxLength: 30 }),
      fc.constantFrom(100, 5000, Infinity),
      fc.constantFrom(20, 500, Infinity),
      fc.constantFrom(0.5, 1, 4),
      fetched,
      (all, ttftUs, tpotUs, late, lower) => {
        const own = { ...FACTS, steps: LINEAR, ...(lower === undefined ? {} : { lower }) };
        const facts = Array.from({ length: workers }, () => own);
        const states = [true, false].map((explains) => {
          const state = stateOf("headworks", { late }, facts, { ttftUs, tpotUs });
          state.explains = explains;
          return { state, random: stream(7, "ties") };
        });
        all.forEach(({ tokens, blocks, onHost, ends }, booking) => {
          const [whole, short] = states.map(({ state, random: ties }) => {
            const request = requestOf(booking, Math.max(tokens, blocks * BLOCK));
            const worker = state.choose(request, booking, ties);
            state.commit(request, worker, state.newTokensOn(request, worker), booking);
            if (ends) state.firstToken(booking, booking);
            for (let node = 0; node < blocks; node++) state.index.set(TIER_DEVICE, worker, node, 1);
            for (let node = blocks; node < blocks + onHost; node++) {
              state.index.set(TIER_HOST, worker, node, 1);
            }
            return { worker, scores: [...state.scores] };
          });
          expect(short!.worker).toBe(whole!.worker);
          expect(short!.scores[short!.worker]).toBe(whole!.scores[short!.worker]);
          for (let worker = 0; worker < workers; worker++) {
            expect(short!.scores[worker]).toBeLessThanOrEqual(whole!.scores[worker]!);
            if (short!.scores[worker] !== whole!.scores[worker]) shortened++;
          }
        });
      },
    ),
  );
  expect(shortened).toBeGreaterThan(100);
});
