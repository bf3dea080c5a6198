/** What workers will have of a prompt at its turn, against caches that are played through block by block. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stream } from "../../src/core/index.ts";
import { TIER_DEVICE } from "../../src/policies/index.ts";
import { reachAtTurn } from "../../src/policies/router/reach-at-turn.ts";
import { BLOCK, FACTS, LINEAR, requestOf, stateOf } from "./router-fixture.ts";

const random = stream(1, "test");
const TIERS_TIMES = { host: { firstUs: 0, blockUs: 1 }, disk: { firstUs: 0, blockUs: 2 } };

/** Blocks of one cache, the least recently used first. */
class NaiveLru {
  private readonly blocks = new Set<string>();
  private readonly room: number;

  constructor(room: number) {
    this.room = room;
  }

  /** A prompt is computed: its tail counts as used before its front, as when a request lets go of its blocks. */
  use(prompt: readonly string[]): void {
    for (const block of prompt.toReversed()) {
      this.blocks.delete(block);
      this.blocks.add(block);
    }
    for (const oldest of this.blocks) {
      if (this.blocks.size <= this.room) break;
      this.blocks.delete(oldest);
    }
  }

  leading(prompt: readonly string[]): number {
    const gone = prompt.findIndex((block) => !this.blocks.has(block));
    return gone < 0 ? prompt.length : gone;
  }
}

const blocksOf = (name: string, from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `${name} ${String(from + i)}`);

describe("the device", () => {
  test("has what a least-recently-used cache has after all prompts under way have been through it", () => {
    let trimmed = 0;
    let raised = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 0, max: 30 }),
        fc.array(fc.integer({ min: 1, max: 15 }), { maxLength: 4 }),
        (room, stored, shared, others) => {
          const prompt = blocksOf("ours", 0, 30);
          const held = shared + others.reduce((sum, blocks) => sum + blocks, 0);
          const cache = new NaiveLru(room);
          cache.use(prompt.slice(0, stored));
          const cached = cache.leading(prompt);
          others.forEach((blocks, i) => cache.use(blocksOf(`other ${String(i)}`, 0, blocks)));
          cache.use(prompt.slice(0, shared));
          const columns = [cached, cached, cached].map((blocks) => Int32Array.of(blocks));
          const [device, host, disk] = columns as [Int32Array, Int32Array, Int32Array];
          const facts = [{ ...FACTS, blocks: room }];
          reachAtTurn([device, host, disk], Int32Array.of(shared), Float64Array.of(held), facts);
          // Those who do not fit at once hand their room on: whoever shares with the last finds it there.
          const expected = held <= room ? cache.leading(prompt) : shared;
          expect([device[0], host[0], disk[0]]).toEqual([expected, expected, expected]);
          if (expected < cached) trimmed++;
          if (expected > cached) raised++;
        },
      ),
    );
    expect(Math.min(trimmed, raised)).toBeGreaterThan(5);
  });
});

describe("tiers below", () => {
  const settle = (lower: boolean, active: number): readonly number[] => {
    const device = Int32Array.of(20);
    const host = Int32Array.of(25);
    const disk = Int32Array.of(28);
    const facts = [{ ...FACTS, blocks: 40, ...(lower ? { lower: TIERS_TIMES } : {}) }];
    reachAtTurn([device, host, disk], Int32Array.of(active), Float64Array.of(32), facts);
    return [device[0]!, host[0]!, disk[0]!];
  };

  test("keep what leaves the device where it can be fetched from them", () => {
    expect(settle(true, 5)).toEqual([13, 25, 28]);
    expect(settle(false, 5)).toEqual([13, 13, 13]);
  });

  test("reach as far as the device", () => {
    expect(settle(true, 27)).toEqual([27, 27, 28]);
    expect(settle(true, 30)).toEqual([30, 30, 30]);
  });
});

test("a request goes where its prefix is, not where it will have been pushed out", () => {
  const prompt = requestOf(9, 40 * BLOCK);
  const chosen = (pushing: number): number => {
    const facts = [FACTS, FACTS].map((one) => ({ ...one, blocks: 60, steps: LINEAR }));
    const state = stateOf("headworks", { harm: 0 }, facts);
    for (let node = 0; node < 40; node++) state.index.set(TIER_DEVICE, 0, node, 1);
    for (let i = 0; i < pushing; i++) {
      const other = requestOf(i, 30 * BLOCK, { prompt: { ...prompt.prompt, length: 0 } });
      state.choose(other, 0, random);
      state.commit(other, 0, BLOCK, 0);
    }
    const worker = state.choose(prompt, 0, random);
    expect(state.newTokensOn(prompt, 0) > 0).toBe(pushing > 0);
    return worker;
  };
  expect(chosen(0)).toBe(0);
  expect(chosen(3)).toBe(1);
});
