/** Hits, misses and the reason of every miss, in tokens, of one cache level. */

/** Why a token of a prompt was not found at a level. */
export const MISS_REASONS = [
  "neverSeen",
  "evicted",
  "onAnotherWorker",
  "partialBlock",
  "refused",
  "fault",
] as const;
export type MissReason = (typeof MISS_REASONS)[number];

export const MISS_NEVER_SEEN = 0;
export const MISS_EVICTED = 1;
export const MISS_ON_ANOTHER_WORKER = 2;
export const MISS_PARTIAL_BLOCK = 3;
export const MISS_REFUSED = 4;
export const MISS_FAULT = 5;

export class MissBook {
  /** Tokens that were looked for here: those that no level above had. */
  askedTokens = 0;
  hitTokens = 0;
  readonly missedTokens = new Float64Array(MISS_REASONS.length);
  /** Most blocks of each node that any store of this level has ever had. */
  readonly storedBlocks: Int32Array;
  /** 1: the node was last lost to a fault. */
  readonly faulted: Uint8Array;
  /** Store of this level that got the node last, −1: none. */
  readonly lastStore: Int32Array;

  constructor(nodes: number) {
    this.storedBlocks = new Int32Array(nodes);
    this.faulted = new Uint8Array(nodes);
    this.lastStore = new Int32Array(nodes).fill(-1);
  }

  /** A store of this level has the first `blocks` blocks of a node. */
  stored(store: number, node: number, blocks: number): void {
    this.lastStore[node] = store;
    this.faulted[node] = 0;
    if (blocks > this.storedBlocks[node]!) this.storedBlocks[node] = blocks;
  }

  /** A node was lost to a fault. */
  lost(node: number): void {
    this.faulted[node] = 1;
  }

  hit(tokens: number): void {
    this.askedTokens += tokens;
    this.hitTokens += tokens;
  }

  miss(reason: number, tokens: number): void {
    this.askedTokens += tokens;
    this.missedTokens[reason]! += tokens;
  }
}
