/** Our own router: what bends its choices, each against a cluster in which nothing else differs. */

import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import { TIER_DEVICE } from "../../src/policies/index.ts";
import type { RouterState } from "../../src/policies/index.ts";
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

  test("makes computing dearer: one block displaces another, which displaces the next", () => {
    const workTerm = (again: boolean): number => {
      const with0 = stateOf("headworks", { work: 0, miss: 0 }, FACTS_TWO);
      const with2 = stateOf("headworks", { work: 2, miss: 0 }, FACTS_TWO);
      for (const state of [with0, with2]) {
        send(state, 1, 10, 0);
        if (again) send(state, 2, 10, 0);
        state.choose(requestOf(9, TOKENS), 0, random);
      }
      return with2.scores[1]! - with0.scores[1]!;
    };
    expect(workTerm(false)).toBeCloseTo(2 * TOKENS * 10, 6);
    expect(workTerm(true)).toBeCloseTo((2 * TOKENS * 10) / (1 - 0.5), 6);
  });
});
