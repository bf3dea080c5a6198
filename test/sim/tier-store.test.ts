/** Tier stores against models that know nothing of runs: every block by itself, every choice by looking at all of them. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrequencySketch } from "../../src/policies/eviction/frequency-sketch.ts";
import { evictionPolicies } from "../../src/policies/index.ts";
import { parentsOf } from "../../src/sim/tiers/future-uses.ts";
import { TierStore } from "../../src/sim/tiers/tier-store.ts";
import type { Workload } from "./tiers-support.ts";
import { policyNamed, randomWorkload, runStore, worldOf } from "./tiers-support.ts";

type Block = { readonly node: number; readonly index: number };
/** What a model sorts by: smallest goes first; then the deeper block. */
type Rank = (block: Block) => readonly number[];

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    if (value !== b[i]) return value < b[i]! ? -1 : 1;
  }
  return 0;
}

/** The blocks of a tier one by one. */
class NaiveTier {
  readonly blocks: Block[] = [];
  readonly lastUse = new Map<number, number>();
  readonly level = new Map<number, number>();
  readonly sketch: FrequencySketch;
  row = -1;
  private clock = 0;
  private readonly workload: Workload;
  private readonly policy: string;
  private readonly capacity: number;
  private readonly parents: Int32Array;

  constructor(workload: Workload, policy: string, capacity: number) {
    this.workload = workload;
    this.policy = policy;
    this.capacity = capacity;
    this.parents = parentsOf(workload.forest);
    this.sketch = new FrequencySketch(capacity);
  }

  request(row: number): number {
    this.row = row;
    const path = this.workload.rows[row]!;
    for (const node of path) this.sketch.add(node, this.size(node));
    const wanted = path.flatMap((node) =>
      Array.from({ length: this.size(node) }, (_, index) => ({ node, index })),
    );
    let found = 0;
    while (found < wanted.length && this.has(wanted[found]!)) found++;
    const read = new Set(wanted.slice(0, found).map(({ node }) => node));
    for (const node of path.toReversed()) if (read.has(node)) this.use(node);
    const written = new Set<number>();
    for (const block of wanted) {
      if (this.has(block)) continue;
      if (!this.makeRoom(block)) break;
      this.blocks.push(block);
      written.add(block.node);
    }
    for (const node of path.toReversed()) if (written.has(node)) this.use(node);
    return found;
  }

  private size(node: number): number {
    const { nodeBegin, nodeEnd } = this.workload.forest;
    return nodeEnd[node]! - nodeBegin[node]!;
  }

  private has({ node, index }: Block): boolean {
    return this.blocks.some((block) => block.node === node && block.index === index);
  }

  private use(node: number): void {
    this.lastUse.set(node, this.clock++);
    const count = this.sketch.count(node);
    this.level.set(node, [2, 6, 15].filter((limit) => count >= limit).length);
  }

  private nextUse(node: number): number {
    const next = this.workload.rows.findIndex((path, row) => row > this.row && path.includes(node));
    return next < 0 ? Infinity : next;
  }

  private rank: Rank = ({ node, index }) => {
    const depth = this.workload.forest.nodeBegin[node]! + index;
    if (this.policy === "belady") return [-this.nextUse(node), -depth];
    if (this.policy === "multi_lru")
      return [this.level.get(node)!, this.lastUse.get(node)!, -index];
    return [this.lastUse.get(node)!, -index];
  };

  /** Whether another stored block comes behind this node's. */
  private hasChild(node: number): boolean {
    return this.blocks.some((block) => this.parents[block.node] === node);
  }

  private makeRoom(incoming: Block): boolean {
    if (this.blocks.length < this.capacity) return true;
    const prefix = new Set([incoming.node]);
    for (let node = incoming.node; node >= 0; node = this.parents[node]!) prefix.add(node);
    // What is being stored with this request waits for its end.
    const evictable = this.blocks.filter(
      ({ node }) => !prefix.has(node) && !(this.policy === "lineage" && this.hasChild(node)),
    );
    const victim = evictable.toSorted((a, b) => compareRanks(this.rank(a), this.rank(b)))[0];
    if (victim === undefined) return false;
    if (this.policy === "belady" && this.nextUse(incoming.node) >= this.nextUse(victim.node)) {
      return false;
    }
    this.blocks.splice(this.blocks.indexOf(victim), 1);
    return true;
  }
}

const workloads = fc
  .record({
    seed: fc.integer({ min: 1, max: 1e6 }),
    nodes: fc.integer({ min: 1, max: 14 }),
    rows: fc.integer({ min: 1, max: 40 }),
    longest: fc.constantFrom(1, 1, 3, 6),
    capacity: fc.integer({ min: 1, max: 30 }),
  })
  .map((r) => ({
    workload: randomWorkload(r.seed, r.nodes, r.rows, r.longest),
    capacity: r.capacity,
  }));

describe("runs against single blocks", () => {
  test.each(["lru", "lineage", "multi_lru", "belady"])("%s", (policy) => {
    let evicted = 0;
    let hits = 0;
    fc.assert(
      fc.property(workloads, ({ workload, capacity }) => {
        const { found, store } = runStore(workload, policy, capacity);
        const naive = new NaiveTier(workload, policy, capacity);
        const expected = workload.rows.map((_, row) => naive.request(row));
        expect(found).toEqual(expected);
        expect(store.usedBlocks).toBe(naive.blocks.length);
        evicted += store.evictedBlocks;
        hits += found.reduce((sum, blocks) => sum + blocks, 0);
      }),
      { numRuns: 300 },
    );
    expect(evicted).toBeGreaterThan(150);
    expect(hits).toBeGreaterThan(300);
  });
});

/** The most blocks that any choice of what to keep can find: every subset of every state, tried. */
function bestPossible({ forest, rows }: Workload, capacity: number): number {
  let states = new Map<number, number>([[0, 0]]);
  const bits = (mask: number): number => mask.toString(2).replaceAll("0", "").length;
  for (const path of rows) {
    const asked = path.reduce((mask, node) => mask | (1 << node), 0);
    const next = new Map<number, number>();
    for (const [held, score] of states) {
      let found = 0;
      while (found < path.length && (held >> path[found]!) & 1) found++;
      const may = held | asked;
      for (let kept = may; ; kept = (kept - 1) & may) {
        if (bits(kept) <= capacity) {
          next.set(kept, Math.max(next.get(kept) ?? 0, score + found));
        }
        if (kept === 0) break;
      }
    }
    states = next;
  }
  expect(forest.nodes).toBeLessThan(20);
  return Math.max(...states.values());
}

describe("Belady's oracle", () => {
  const small = fc.record({
    seed: fc.integer({ min: 1, max: 1e6 }),
    nodes: fc.integer({ min: 1, max: 7 }),
    rows: fc.integer({ min: 1, max: 14 }),
    capacity: fc.integer({ min: 1, max: 5 }),
  });

  test("finds as many unit blocks as any choice could, and no policy finds more", () => {
    fc.assert(
      fc.property(small, ({ seed, nodes, rows, capacity }) => {
        const workload = randomWorkload(seed, nodes, rows, 1);
        const sum = (policy: string): number =>
          runStore(workload, policy, capacity).found.reduce((total, blocks) => total + blocks, 0);
        const bound = sum("belady");
        expect(bound).toBe(bestPossible(workload, capacity));
        for (const { meta } of evictionPolicies) expect(sum(meta.name)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 200 },
    );
  });

  test("is beaten by no policy on runs of any length", () => {
    fc.assert(
      fc.property(workloads, ({ workload, capacity }) => {
        const sum = (policy: string): number =>
          runStore(workload, policy, capacity).found.reduce((total, blocks) => total + blocks, 0);
        const bound = sum("belady");
        for (const { meta } of evictionPolicies) expect(sum(meta.name)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a store", () => {
  const line: Workload = {
    forest: {
      nodes: 3,
      nodeBegin: Int32Array.of(0, 4, 8),
      nodeEnd: Int32Array.of(4, 8, 12),
      pathStart: Uint32Array.of(0, 3),
      path: Int32Array.of(0, 1, 2),
    },
    rows: [[0, 1, 2]],
  };
  /** The same runs as starts of prompts of their own. */
  const loose: Workload = {
    forest: { ...line.forest, pathStart: Uint32Array.of(0, 1, 2, 3) },
    rows: [[0], [1], [2]],
  };
  const storeOf = (
    policy: string,
    more: { capacityBlocks?: number; retentionUs?: number } = {},
    workload = line,
  ): TierStore =>
    new TierStore({
      id: 0,
      world: worldOf(workload),
      capacityBlocks: 100,
      eviction: policyNamed(policy),
      ...more,
    });

  test("shows what is written only when the write has ended", () => {
    const store = storeOf("lru");
    expect(store.reserve(0, 4)).toBe(4);
    expect([store.readable(0), store.present(0)]).toEqual([0, 4]);
    expect(store.reserve(0, 4)).toBe(0);
    store.commit(0);
    expect(store.readable(0)).toBe(4);
    store.audit("here");
  });

  test("gives the room of a failed write back", () => {
    const store = storeOf("lru");
    store.reserve(0, 4);
    store.abort(0);
    expect([store.usedBlocks, store.present(0)]).toEqual([0, 0]);
    store.reserve(0, 2);
    store.commit(0);
    store.reserve(0, 4);
    store.abort(0);
    expect([store.usedBlocks, store.readable(0)]).toEqual([2, 2]);
    store.audit("here");
  });

  test("never evicts what is being read, nor the prefix of what it stores", () => {
    const store = storeOf("lru", { capacityBlocks: 6 });
    store.reserve(0, 4);
    store.commit(0);
    store.pin(0);
    expect(store.reserve(2, 12)).toBe(2);
    store.commit(2);
    store.unpin(0);
    // Node 1 follows node 0: only node 2 may go for it.
    expect(store.reserve(1, 4)).toBe(2);
    store.commit(1);
    expect([store.readable(0), store.readable(1), store.readable(2)]).toEqual([4, 2, 0]);
    store.audit("here");
  });

  test("drops runs that nobody used for their retention", () => {
    const store = storeOf("lineage", { retentionUs: 100 });
    for (const node of [0, 1]) {
      store.reserve(node, 4);
      store.commit(node);
    }
    store.at(60);
    store.pin(0);
    store.unpin(0);
    store.at(100);
    expect([store.readable(0), store.readable(1)]).toEqual([4, 0]);
    store.at(160);
    expect([store.readable(0), store.expiredBlocks]).toEqual([0, 8]);
    store.audit("here");
  });

  test("weighs recompute time against room: the dearer run stays", () => {
    const store = storeOf("cost_aware", { capacityBlocks: 8 }, loose);
    // Node 2 lies deeper than node 0, so its blocks cost more to compute again.
    for (const node of [2, 0]) {
      store.reserve(node, 4);
      store.commit(node);
    }
    store.reserve(1, 4);
    store.commit(1);
    expect([store.readable(0), store.readable(1), store.readable(2)]).toEqual([0, 4, 4]);
  });

  test("measures its occupancy over time", () => {
    const store = storeOf("lru");
    store.at(100);
    store.reserve(0, 4);
    store.commit(0);
    store.at(200);
    expect(store.meanBlocks(400)).toBeCloseTo(3, 12);
    expect(store.lose()).toBe(4);
    expect(store.meanBlocks(400)).toBeCloseTo(1, 12);
    store.audit("here");
  });
});

test("the frequency sketch never counts too few", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 60 }), (keys) => {
      const sketch = new FrequencySketch(64);
      for (const key of keys) sketch.add(key, 1);
      for (const key of new Set(keys)) {
        const truth = Math.min(15, keys.filter((other) => other === key).length);
        expect(sketch.count(key)).toBeGreaterThanOrEqual(truth);
      }
    }),
  );
});
