/**
 * Looks a prompt's prefix up behind what the worker's own cache has: level by level for each node of its path, then with a
 * peer. Counts hits, misses and reasons when the request comes for the first time.
 */

import type { PrefixForest } from "../prefix-forest.ts";
import type { CacheDirectory } from "./cache-directory.ts";
import {
  MISS_EVICTED,
  MISS_FAULT,
  MISS_NEVER_SEEN,
  MISS_ON_ANOTHER_WORKER,
  MISS_PARTIAL_BLOCK,
  MISS_REFUSED,
} from "./miss-book.ts";
import type { PrefixPlan } from "./prefix-plan.ts";
import type { TierStores } from "./tier-stores.ts";

/** A request at the point where its worker's cache has been looked through. */
export type Seeker = {
  row: number;
  pathStart: number;
  pathLength: number;
  /** Blocks of its prompt that the worker has, and the most that are any use. */
  haveBlocks: number;
  wantBlocks: number;
  /** Tokens of its prompt. */
  inputTokens: number;
};

export type SearchParts = {
  readonly forest: PrefixForest;
  readonly blockSize: number;
  readonly stores: TierStores;
  readonly directory: CacheDirectory;
  readonly fetchesFromPeers: boolean;
};

export class PrefixSearch {
  private readonly parts: SearchParts;
  private readonly levels: number;

  constructor(parts: SearchParts) {
    this.parts = parts;
    this.levels = parts.stores.levels.length;
  }

  /** Fills the plan with what can be fetched. */
  find(seeker: Seeker, plan: PrefixPlan): void {
    const { forest, directory, stores, fetchesFromPeers } = this.parts;
    const { nodeBegin, nodeEnd, path } = forest;
    plan.clear();
    let at = seeker.haveBlocks;
    for (let i = 0; i < seeker.pathLength && at < seeker.wantBlocks; i++) {
      const node = path[seeker.pathStart + i]!;
      const begin = nodeBegin[node]!;
      const end = Math.min(nodeEnd[node]!, seeker.wantBlocks);
      if (end <= at) continue;
      for (let level = 0; level < this.levels && at < end; level++) {
        const upTo = begin + Math.min(stores.of(level, seeker.row).readable(node), end - begin);
        if (upTo <= at) continue;
        plan.add(level, -1, node, upTo - at, upTo - begin);
        at = upTo;
      }
      if (at < end && fetchesFromPeers) {
        const peer = directory.holder(node);
        const blocks = peer < 0 || peer === seeker.row ? 0 : directory.blocksAt(peer, node);
        const upTo = begin + Math.min(blocks, end - begin);
        if (upTo > at) {
          plan.add(this.levels, peer, node, upTo - at, upTo - begin);
          at = upTo;
        }
      }
      if (at < end) return;
    }
  }

  /** Counts what each cache had of the prompt, and why the rest was not there. */
  count(seeker: Seeker): void {
    const { forest, blockSize, stores } = this.parts;
    const { nodeBegin, nodeEnd, path } = forest;
    let isBroken = false;
    let counted = 0;
    for (let i = 0; i < seeker.pathLength; i++) {
      const node = path[seeker.pathStart + i]!;
      const begin = nodeBegin[node]!;
      const size = nodeEnd[node]! - begin;
      counted = nodeEnd[node]!;
      let have = Math.max(0, Math.min(size, seeker.haveBlocks - begin));
      this.countAt(0, seeker.row, node, 0, have, size);
      for (let level = 0; level < this.levels && have < size; level++) {
        const store = stores.of(level, seeker.row);
        store.asked(node, size);
        // Behind a gap nothing is found, whatever is stored.
        const found = isBroken ? have : Math.max(have, Math.min(size, store.readable(node)));
        this.countAt(level + 1, seeker.row, node, have, found, size);
        have = found;
      }
      if (have < size) isBroken = true;
    }
    const blocks = Math.floor(seeker.inputTokens / blockSize);
    const unknown = Math.max(0, blocks - counted) * blockSize;
    const partial = seeker.inputTokens - blocks * blockSize;
    for (const book of stores.books) {
      if (unknown > 0) book.miss(MISS_NEVER_SEEN, unknown);
      if (partial > 0) book.miss(MISS_PARTIAL_BLOCK, partial);
    }
  }

  /** Of a node's blocks `from` … `size`, a cache has those up to `found`. */
  private countAt(
    index: number,
    row: number,
    node: number,
    from: number,
    found: number,
    size: number,
  ): void {
    const { blockSize, stores, directory } = this.parts;
    const book = stores.books[index]!;
    if (found > from) book.hit((found - from) * blockSize);
    if (found === size) return;
    const seen = Math.max(found, Math.min(size, directory.seenBlocks[node]!));
    if (seen < size) book.miss(MISS_NEVER_SEEN, (size - seen) * blockSize);
    if (seen === found) return;
    const stored = index === 0 ? seen : Math.max(found, Math.min(seen, book.storedBlocks[node]!));
    if (stored < seen) book.miss(MISS_REFUSED, (seen - stored) * blockSize);
    if (stored === found) return;
    book.miss(this.reasonGone(index, row, node, found), (stored - found) * blockSize);
  }

  /** Why a cache that had, or others like it that had, these blocks has them no more. */
  private reasonGone(index: number, row: number, node: number, found: number): number {
    const { directory, stores } = this.parts;
    const book = stores.books[index]!;
    if (index === 0) {
      const holder = directory.holder(node);
      const isElsewhere = holder >= 0 && holder !== row && directory.blocksAt(holder, node) > found;
      if (isElsewhere) return MISS_ON_ANOTHER_WORKER;
      return book.faulted[node] === 1 ? MISS_FAULT : MISS_EVICTED;
    }
    if (book.faulted[node] === 1) return MISS_FAULT;
    const last = book.lastStore[node]!;
    const own = stores.indexOf(stores.of(index - 1, row));
    const isElsewhere =
      last >= 0 && last !== own && stores.levels[index - 1]![last]!.readable(node) > found;
    return isElsewhere ? MISS_ON_ANOTHER_WORKER : MISS_EVICTED;
  }
}
