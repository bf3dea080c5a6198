/** What the memory of prompts says, against a list of everything that has happened. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PromptMemory } from "../../src/policies/router/prompt-memory.ts";
import { halfOctaveOf } from "../../src/policies/router/half-octaves.ts";
import { ReuseAges } from "../../src/policies/router/reuse-ages.ts";
import { blockChain } from "./router-fixture.ts";

describe("half-octaves", () => {
  test("bounds are powers of the square root of two", () => {
    fc.assert(
      fc.property(fc.double({ min: 2, max: 2 ** 30 - 1, noNaN: true }), (value) => {
        const bin = halfOctaveOf(value);
        expect(2 ** (bin / 2)).toBeLessThanOrEqual(value * (1 + 1e-12));
        expect(2 ** ((bin + 1) / 2)).toBeGreaterThan(value * (1 - 1e-12));
      }),
    );
    expect([0, 1, NaN, 2 ** 30, Infinity].map(halfOctaveOf)).toEqual([0, 0, 0, 60, 60]);
  });
});

describe("ages of reuse", () => {
  test("the gain is the share used again by then, less T·h(T) over five bins", () => {
    const uses = fc.array(
      fc.record({
        blocks: fc.integer({ min: 1, max: 50 }),
        ageMs: fc.option(fc.integer({ min: 0, max: 2e9 }), { nil: NaN }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(uses, fc.integer({ min: 0, max: 2e9 }), (list, keptMs) => {
        const ages = new ReuseAges();
        for (const { blocks, ageMs } of list) ages.use(blocks, ageMs * 1000);
        ages.settle();
        const bin = halfOctaveOf(keptMs);
        const count = (from: number, to: number): number =>
          list
            .filter(({ ageMs }) => !Number.isNaN(ageMs))
            .filter(({ ageMs }) => halfOctaveOf(ageMs) >= from && halfOctaveOf(ageMs) <= to)
            .reduce((sum, { blocks }) => sum + blocks, 0);
        const used = list.reduce((sum, { blocks }) => sum + blocks, 0);
        const from = Math.max(0, bin - 2);
        const to = Math.min(60, bin + 2);
        const survive = used - count(0, bin - 1);
        const width = ((to - from + 1) * Math.LN2) / 2;
        const displaced = survive > 0 ? count(from, to) / (width * survive) : 0;
        expect(ages.gainAt(keptMs * 1000)).toBeCloseTo(count(0, bin) / used - displaced, 9);
      }),
    );
  });

  test("a cache that keeps everything gains what is used again at all, one that keeps nothing, nothing", () => {
    const ages = new ReuseAges();
    ages.use(1, NaN);
    ages.use(3, 10e6);
    ages.settle();
    expect(ages.gainAt(Infinity)).toBe(0.75);
    expect(ages.gainAt(0)).toBe(0);
    // A little earlier than they are used again, all that is stored displaces.
    expect(ages.gainAt(7e6)).toBeLessThan(0);
  });
});

describe("what workers keep", () => {
  const NODES = 12;
  const CAPACITY = 8;

  test("known blocks and gains follow from the list of all sends and removals", () => {
    const step = fc.record({
      worker: fc.integer({ min: 0, max: 2 }),
      blocks: fc.integer({ min: 0, max: NODES }),
      gapUs: fc.integer({ min: 0, max: 30_000_000 }),
      removed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const path = Int32Array.from({ length: NODES }, (_, node) => node);
        const memory = new PromptMemory(blockChain(NODES), [CAPACITY, CAPACITY, CAPACITY], true);
        const usedUs = new Map<string, number>();
        const sent = new Set<number>();
        const gone = new Map<number, { ageUs: number; atUs: number }>();
        const reused: [number, number][] = [];
        let nowUs = 0;
        let sends = 0;
        let settled = new ReuseAges();
        const lastUs = new Map<number, number>();
        for (const { worker, blocks, gapUs, removed } of steps) {
          nowUs += gapUs;
          memory.setClock(nowUs);
          if (removed && blocks > 0) {
            const node = blocks - 1;
            memory.removed(worker, node, 1, 0);
            const key = `${String(worker)}:${String(node)}`;
            const useUs = usedUs.get(key);
            if (useUs === undefined) continue;
            usedUs.delete(key);
            const ageUs = nowUs - useUs;
            const mean = gone.get(worker)?.ageUs ?? ageUs;
            gone.set(worker, { ageUs: mean + (ageUs - mean) / (CAPACITY / 4), atUs: nowUs });
            continue;
          }
          const known = memory.send({ path, start: 0, length: blocks }, worker);
          expect(known).toBe(Math.min(blocks, sent.size));
          for (let node = 0; node < blocks; node++) {
            reused.push([node, nowUs - (lastUs.get(node) ?? NaN)]);
            lastUs.set(node, nowUs);
            usedUs.set(`${String(worker)}:${String(node)}`, nowUs);
            sent.add(node);
          }
          if (sends++ % 16 === 0) {
            settled = new ReuseAges();
            for (const [, ageUs] of reused) settled.use(1, ageUs);
            settled.settle();
          }
          for (let each = 0; each < 3; each++) {
            const last = gone.get(each);
            const nextUs = last === undefined ? Infinity : last.ageUs + nowUs - last.atUs;
            expect(memory.gains[each]).toBeCloseTo(settled.gainAt(nextUs), 9);
          }
        }
      }),
    );
  });

  test("nobody knows where workers tell nothing, and a worker that was down starts anew", () => {
    const path = Int32Array.from([0, 1, 2]);
    const deaf = new PromptMemory(blockChain(3), [8], false);
    for (let i = 0; i < 40; i++) deaf.send({ path, start: 0, length: 3 }, 0);
    expect([...deaf.gains]).toEqual([0]);
    const memory = new PromptMemory(blockChain(3), [8], true);
    for (let i = 0; i < 40; i++) {
      memory.setClock(i * 1e6);
      memory.send({ path, start: 0, length: 3 }, 0);
    }
    memory.setClock(41e6);
    memory.removed(0, 2, 1, 0);
    memory.send({ path, start: 0, length: 2 }, 0);
    const edge = memory.gains[0]!;
    memory.dropWorker(0);
    memory.removed(0, 1, 1, 0);
    memory.send({ path, start: 0, length: 2 }, 0);
    expect(memory.gains[0]).toBeGreaterThan(edge);
  });

  test("a node that is cut in two was sent as two", () => {
    const memory = new PromptMemory(blockChain(3), [8], true);
    memory.setClock(1e6);
    memory.send({ path: Int32Array.from([0]), start: 0, length: 1 }, 0);
    memory.split(0, 2);
    expect(memory.send({ path: Int32Array.from([0, 2]), start: 1, length: 1 }, 0)).toBe(3);
  });
});
