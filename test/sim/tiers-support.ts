/** Random prefix trees and streams of requests for them, and a store driven as a tier drives it. */

import { stream } from "../../src/core/index.ts";
import { evictionPolicies } from "../../src/policies/index.ts";
import type { EvictionPolicy } from "../../src/policies/index.ts";
import type { PrefixForest } from "../../src/sim/prefix-forest.ts";
import { FutureUses, parentsOf } from "../../src/sim/tiers/future-uses.ts";
import { TierStore } from "../../src/sim/tiers/tier-store.ts";
import type { TierWorld } from "../../src/sim/tiers/tier-store.ts";

export type Workload = { readonly forest: PrefixForest; readonly rows: readonly number[][] };

/** `nodes` runs of 1 … `longest` blocks in a random forest, and `rows` requests for random paths in it. */
export function randomWorkload(
  seed: number,
  nodes: number,
  rows: number,
  longest: number,
): Workload {
  const random = stream(seed, "workload");
  const parent: number[] = [];
  const begin: number[] = [];
  const end: number[] = [];
  for (let node = 0; node < nodes; node++) {
    const above = node > 0 && random.next() < 0.75 ? random.int(node) : -1;
    parent.push(above);
    begin.push(above < 0 ? 0 : end[above]!);
    end.push(begin[node]! + 1 + random.int(longest));
  }
  const paths = Array.from({ length: rows }, () => {
    const path: number[] = [];
    // A few nodes are asked for much more often than the others.
    let node = Math.floor(nodes * random.next() * random.next());
    for (; node >= 0; node = parent[node]!) path.unshift(node);
    return path;
  });
  const pathStart = new Uint32Array(rows + 1);
  paths.forEach((path, row) => (pathStart[row + 1] = pathStart[row]! + path.length));
  const forest: PrefixForest = {
    nodes,
    nodeBegin: Int32Array.from(begin),
    nodeEnd: Int32Array.from(end),
    pathStart,
    path: Int32Array.from(paths.flat()),
  };
  return { forest, rows: paths };
}

export function policyNamed(name: string): EvictionPolicy {
  return evictionPolicies.find(({ meta }) => meta.name === name)!;
}

export function worldOf({ forest }: Workload): TierWorld & { advance(row: number): void } {
  const future = new FutureUses(forest);
  return {
    forest,
    parents: parentsOf(forest),
    get now() {
      return future.now;
    },
    nextUse: (node) => future.nextUse(node),
    // Attention makes later blocks dearer.
    recomputeUs: (depth, blocks) => blocks * (10 + depth + blocks / 2),
    advance(row) {
      future.now = row;
    },
  };
}

/**
 * One request after another: looks the path up, uses what it finds, then stores all of it. Returns the leading blocks
 * found by each request.
 */
export function runStore(
  workload: Workload,
  policy: string,
  capacityBlocks: number,
): { found: number[]; store: TierStore } {
  const world = worldOf(workload);
  const store = new TierStore({ id: 0, world, capacityBlocks, eviction: policyNamed(policy) });
  const { nodeBegin, nodeEnd } = workload.forest;
  const found = workload.rows.map((path, row) => {
    world.advance(row);
    store.at(row);
    const sizes = path.map((node) => nodeEnd[node]! - nodeBegin[node]!);
    path.forEach((node, i) => {
      store.asked(node, sizes[i]!);
    });
    let blocks = 0;
    const read: number[] = [];
    for (const [i, node] of path.entries()) {
      const stored = store.readable(node);
      if (stored > 0) read.push(node);
      blocks += stored;
      if (stored < sizes[i]!) break;
    }
    for (const node of read) store.pin(node);
    for (const node of read.toReversed()) store.unpin(node);
    const written: number[] = [];
    for (const node of path) {
      const size = nodeEnd[node]! - nodeBegin[node]!;
      const wanted = size - store.present(node);
      const room = store.reserve(node, size);
      if (room > 0) written.push(node);
      if (room < wanted) break;
    }
    for (const node of written.toReversed()) store.commit(node);
    store.audit(`at row ${row}`);
    return blocks;
  });
  return { found, store };
}
