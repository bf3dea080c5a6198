import { IdSet } from "./id-set.ts";

/**
 * What happened to the blocks of one touched segment. All blocks of a segment share these values.
 * `previousRow` is −1 for blocks never touched before.
 */
export type SegmentVisitor = (
  blocks: number,
  previousRow: number,
  distance: number,
  touchedOnce: boolean,
) => void;

/**
 * LRU stack distances (Mattson et al. 1970: the number of distinct blocks touched since the last
 * touch of this one; an LRU cache of C blocks hits when the distance is < C) of a sequence of runs
 * of consecutive ids, in O(log runs) per segment instead of per block.
 *
 * It works because the blocks of a run are touched in order: when a stretch that was last touched
 * as one stretch is touched again, the blocks behind position i of the old touch and the i blocks
 * already touched anew together always number the same, so all its blocks have one distance. A
 * Fenwick tree over touches (not blocks) counts the blocks whose last touch is newer.
 */
export class StackDistances {
  /** Ids at which a piece begins; a piece is a stretch of ids last touched by the same run. */
  private readonly pieces: IdSet;
  private readonly pieceLength: Uint32Array;
  private readonly pieceTouch: Int32Array;
  private readonly pieceOnce: Uint8Array;
  /**
   * Per touch: its row, the end of its id range, and how many of its blocks were not touched since.
   */
  private readonly touchRow: Int32Array;
  private readonly touchEnd: Float64Array;
  private readonly touchLive: Uint32Array;
  /** Fenwick tree of touchLive, 1-based. */
  private readonly tree: Float64Array;
  private touches = 0;
  private live = 0;

  /**
   * @param idCount ids are 0 ≤ id < idCount
   * @param runs the number of calls of `touch` to come, at most
   */
  constructor(idCount: number, runs: number) {
    this.pieces = new IdSet(idCount);
    this.pieceLength = new Uint32Array(idCount);
    this.pieceTouch = new Int32Array(idCount);
    this.pieceOnce = new Uint8Array(idCount);
    this.touchRow = new Int32Array(runs);
    this.touchEnd = new Float64Array(runs);
    this.touchLive = new Uint32Array(runs);
    this.tree = new Float64Array(runs + 1);
  }

  /** Distinct blocks touched so far. */
  get uniqueBlocks(): number {
    return this.live;
  }

  /** Touches ids start … start+length−1 in order and reports their segments in order. */
  touch(row: number, start: number, length: number, visit: SegmentVisitor): void {
    const touch = this.touches++;
    const end = start + length;
    this.touchRow[touch] = row;
    this.touchEnd[touch] = end;
    this.splitAt(start);
    let last = -1;
    for (let at = start; at < end;) {
      const known = this.pieces.has(at);
      const size = known ? this.detach(at, end, visit) : this.firstTouch(at, end, visit);
      this.add(touch, size);
      const once = known ? 0 : 1;
      if (last >= 0 && this.pieceOnce[last] === once) {
        this.pieceLength[last] = this.pieceLength[last]! + size;
        if (known) this.pieces.delete(at);
      } else {
        if (!known) this.pieces.add(at);
        this.pieceLength[at] = size;
        this.pieceTouch[at] = touch;
        this.pieceOnce[at] = once;
        last = at;
      }
      at += size;
    }
  }

  /** Takes the piece at `at`, cut at `end`, out of its old touch; its length. */
  private detach(at: number, end: number, visit: SegmentVisitor): number {
    if (at + this.pieceLength[at]! > end) this.splitAt(end);
    const size = this.pieceLength[at]!;
    const old = this.pieceTouch[at]!;
    const newer = this.live - this.sumThrough(old);
    const distance = size - 1 + newer + this.laterInTouch(old, at + size, size);
    visit(size, this.touchRow[old]!, distance, this.pieceOnce[at] === 1);
    this.add(old, -size);
    return size;
  }

  private firstTouch(at: number, end: number, visit: SegmentVisitor): number {
    const next = this.pieces.ceiling(at);
    const size = (next < 0 || next > end ? end : next) - at;
    visit(size, -1, -1, false);
    return size;
  }

  /** Blocks of a touch behind id `from` that were not touched since. */
  private laterInTouch(touch: number, from: number, own: number): number {
    let rest = this.touchLive[touch]! - own;
    let later = 0;
    const end = this.touchEnd[touch]!;
    for (let at = from; rest > 0 && at < end; at += this.pieceLength[at]!) {
      if (this.pieceTouch[at] !== touch) continue;
      later += this.pieceLength[at]!;
      rest -= this.pieceLength[at]!;
    }
    return later;
  }

  private splitAt(id: number): void {
    const piece = this.pieces.floor(id);
    if (piece < 0 || piece === id) return;
    const size = this.pieceLength[piece]!;
    if (piece + size <= id) return;
    this.pieceLength[piece] = id - piece;
    this.pieces.add(id);
    this.pieceLength[id] = piece + size - id;
    this.pieceTouch[id] = this.pieceTouch[piece]!;
    this.pieceOnce[id] = this.pieceOnce[piece]!;
  }

  private add(touch: number, blocks: number): void {
    this.live += blocks;
    this.touchLive[touch] = this.touchLive[touch]! + blocks;
    for (let at = touch + 1; at < this.tree.length; at += at & -at) {
      this.tree[at] = this.tree[at]! + blocks;
    }
  }

  private sumThrough(touch: number): number {
    let sum = 0;
    for (let at = touch + 1; at > 0; at -= at & -at) sum += this.tree[at]!;
    return sum;
  }
}
