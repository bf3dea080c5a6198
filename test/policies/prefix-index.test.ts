/** The prefix indexes against plain sets of prefixes. */

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  BlockIndex,
  EVENT_APPLY,
  EVENT_DUPLICATE,
  EVENT_GAP,
  EventCursor,
  EventIndex,
  TIER_DEVICE,
  TIER_DISK,
  TIER_HOST,
  TtlIndex,
} from "../../src/policies/index.ts";
import type { PrefixPath, TierReach } from "../../src/policies/index.ts";
import { hashesOf, hashOf, NaiveCache } from "./naive-blocks.ts";
import type { Prompt } from "./naive-blocks.ts";

const WORKERS = 3;

function newReach(): TierReach {
  const column = (): Int32Array => new Int32Array(WORKERS);
  return [column(), column(), column()];
}

function emptyPath(): PrefixPath {
  return { path: new Int32Array(4), start: 0, length: 0 };
}

/** Two kinds of blocks make prompts part and meet often. */
const prompts = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 14 });
const actions = fc.array(
  fc.record({
    kind: fc.constantFrom("store", "store", "store", "extend", "drop", "leave"),
    worker: fc.nat(WORKERS - 1),
    prompt: prompts,
    probe: prompts,
    cut: fc.nat(13),
  }),
  { minLength: 1, maxLength: 60 },
);

test("the block index finds what plain sets of prefixes find, and forgets what they forget", () => {
  let deepest = 0;
  fc.assert(
    fc.property(actions, (list) => {
      const index = new BlockIndex();
      const caches = Array.from({ length: WORKERS }, () => new NaiveCache());
      const reach = newReach();
      const path = emptyPath();
      const dropAt = (worker: number, prefix: Prompt): void => {
        for (const gone of caches[worker]!.drop(prefix)) {
          index.removed(worker, TIER_DEVICE, hashOf(gone));
        }
      };
      for (const { kind, worker, prompt, probe, cut } of list) {
        const cache = caches[worker]!;
        if (kind === "store") {
          cache.store(prompt);
          expect(index.stored(worker, TIER_DEVICE, undefined, hashesOf(prompt))).toBe(true);
        } else if (kind === "extend") {
          const from = cache.reach(prompt);
          if (from > 0 && from < prompt.length) {
            const parent = hashOf(prompt.slice(0, from));
            cache.store(prompt);
            expect(index.stored(worker, TIER_DEVICE, parent, hashesOf(prompt, from))).toBe(true);
          }
        } else if (kind === "drop") dropAt(worker, prompt.slice(0, 1 + (cut % prompt.length)));
        else {
          cache.prefixes.clear();
          index.dropWorker(worker);
        }
        index.match(hashesOf(probe), path, reach);
        const found = [...reach[0]];
        expect(found).toEqual(caches.map((one) => one.reach(probe)));
        deepest = Math.max(deepest, ...found);
      }
      const all = new Set(caches.flatMap((cache) => [...cache.prefixes]));
      index.prune();
      expect(index.tree.blocks).toBeGreaterThanOrEqual(all.size);
      for (let worker = 0; worker < WORKERS; worker++) index.dropWorker(worker);
      expect(index.tree.blocks).toBe(0);
      expect(index.events.blocks).toBe(0);
    }),
    { numRuns: 400, seed: 5 },
  );
  expect(deepest).toBeGreaterThan(8);
});

test("an event behind an unknown block is dropped and counted", () => {
  const index = new BlockIndex();
  expect(index.stored(0, TIER_DEVICE, hashOf([9, 9]), hashesOf([9, 9, 1], 2))).toBe(false);
  expect(index.orphans).toBe(1);
  expect(index.tree.blocks).toBe(0);
});

test("lower tiers go on where the tier above ends", () => {
  const index = new BlockIndex();
  const prompt = [0, 1, 2, 0, 1, 2, 0, 1];
  index.stored(0, TIER_DEVICE, undefined, hashesOf(prompt.slice(0, 3)));
  index.stored(0, TIER_HOST, undefined, hashesOf(prompt.slice(0, 5)));
  index.stored(0, TIER_DISK, undefined, hashesOf(prompt.slice(0, 7)));
  // Only on disk, behind nothing: reachable all the same.
  index.stored(1, TIER_DISK, undefined, hashesOf(prompt.slice(0, 2)));
  const reach = newReach();
  index.match(hashesOf(prompt), emptyPath(), reach);
  expect(reach.map((column) => [...column])).toEqual([
    [3, 0, 0],
    [5, 0, 0],
    [7, 2, 0],
  ]);
});

/** A chain of nodes of so many blocks each. */
function chain(sizes: readonly number[]): { nodeBegin: Int32Array; nodeEnd: Int32Array } {
  const nodeEnd = Int32Array.from(sizes);
  for (let i = 1; i < sizes.length; i++) nodeEnd[i]! += nodeEnd[i - 1]!;
  return { nodeEnd, nodeBegin: nodeEnd.map((end, i) => end - sizes[i]!) };
}

/** Nodes from … to of a chain. */
function along(length: number): PrefixPath {
  return { path: Int32Array.from({ length }, (_, i) => i), start: 0, length };
}

test("the cap keeps what is looked up and drops what is not", () => {
  // A hundred prompts of one node each, ten blocks long.
  const nodes = { nodeBegin: new Int32Array(100), nodeEnd: new Int32Array(100).fill(10) };
  const index = new EventIndex(nodes, 300);
  const reach = newReach();
  const only = (node: number): PrefixPath => ({ path: Int32Array.of(node), start: 0, length: 1 });
  for (let node = 0; node < 100; node++) {
    index.set(TIER_DEVICE, node % WORKERS, node, 10);
    index.match(only(7), reach);
    expect(index.blocks).toBeLessThanOrEqual(300);
    if (node >= 7) expect(reach[0][7 % WORKERS]).toBe(10);
  }
  expect(index.evicted).toBe(70);
});

test("an approximate entry lives for its time, and longer when it is renewed", () => {
  const index = new TtlIndex(chain([4, 4]), 100, 1000);
  const reach = new Int32Array(2);
  const at = (nowUs: number): number[] => {
    reach.fill(0);
    index.match(along(2), reach, nowUs);
    return [...reach];
  };
  index.insert(along(2), 1, 0);
  expect(at(99)).toEqual([0, 8]);
  index.insert(along(1), 1, 60);
  expect(at(100)).toEqual([0, 4]);
  expect(at(159)).toEqual([0, 4]);
  expect(at(160)).toEqual([0, 0]);
});

test("pruning takes the earliest to expire, deeper blocks first, down to 80 %", () => {
  const index = new TtlIndex(chain([5, 5, 5]), 1e6, 20);
  index.insert(along(3), 0, 0);
  expect(index.blocks).toBe(15);
  index.insert(along(2), 1, 1);
  // 25 blocks: the first prompt's two deepest nodes go, and 15 ≤ 16 are left.
  expect(index.blocks).toBe(15);
  const reach = new Int32Array(2);
  index.match(along(3), reach, 2);
  expect([...reach]).toEqual([5, 10]);
});

test("renewing for ever neither grows the approximate index nor loses its entries", () => {
  const index = new TtlIndex(chain([1, 1, 1]), Infinity, 100);
  for (let i = 0; i < 100_000; i++) index.insert(along(3), i % 2, i);
  const reach = new Int32Array(2);
  index.match(along(3), reach, 1e9);
  expect([...reach]).toEqual([3, 3]);
  expect(index.blocks).toBe(6);
});

test("a gap is seen, a replay repeats nothing, a dump moves the cursor behind itself", () => {
  const cursor = new EventCursor(2);
  expect(cursor.accept(0, 0)).toBe(EVENT_APPLY);
  expect(cursor.accept(0, 2)).toBe(EVENT_GAP);
  expect(cursor.next(0)).toBe(1);
  expect([1, 2, 2, 1].map((id) => cursor.accept(0, id))).toEqual([
    EVENT_APPLY,
    EVENT_APPLY,
    EVENT_DUPLICATE,
    EVENT_DUPLICATE,
  ]);
  cursor.recovered(0, { kind: "dump", lastEventId: 40 });
  expect(cursor.accept(0, 40)).toBe(EVENT_DUPLICATE);
  expect(cursor.accept(0, 41)).toBe(EVENT_APPLY);
  // A worker that has started anew counts from 0 again; the other is untouched.
  cursor.recovered(0, { kind: "too_new" });
  expect(cursor.accept(0, 0)).toBe(EVENT_APPLY);
  expect(cursor.accept(1, 0)).toBe(EVENT_APPLY);
  expect(cursor.gaps).toBe(1);
});
