/**
 * Block ids as runs of consecutive dense ids. Prompts of one conversation mostly repeat an earlier
 * prompt's ids and then continue with new ones, so that interning ids in order of first appearance
 * leaves 2.8 runs for 24 ids in the Mooncake conversation trace.
 */

import { U32Column } from "../core/index.ts";
import { PairMap } from "./pair-map.ts";
import type { HashRuns } from "./trace.ts";

/** A direct table may have this many entries per id met, and some to begin with (assumption). */
const DIRECT_PER_ID = 16;
const DIRECT_AT_FIRST = 65_536;

const ROOT = -1;

/**
 * 64-bit source ids as dense numbers 0, 1, 2 … in order of first appearance: by a direct table while ids
 * are dense themselves, as in the published traces; from the first far-off id on, new ones by a hash map.
 */
export class IdInterner {
  /** dense id + 1 by source id, 0 when it is not there. */
  #direct = new Int32Array(64);
  readonly #hashed = new PairMap();
  #isDense = true;
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** The dense id of high·2^32 + low. */
  intern(low: number, high: number): number {
    if (high === 0 && low < this.#direct.length) {
      const found = this.#direct[low]!;
      if (found !== 0) return found - 1;
    }
    if (this.#isDense) {
      if (high === 0 && low < DIRECT_PER_ID * this.#count + DIRECT_AT_FIRST) {
        if (low >= this.#direct.length) this.#widen(low);
        this.#direct[low] = ++this.#count;
        return this.#count - 1;
      }
      this.#isDense = false;
    }
    const id = this.#hashed.getOrPut(low, high, this.#count);
    if (id === this.#count) this.#count++;
    return id;
  }

  #widen(low: number): void {
    let length = this.#direct.length;
    while (length <= low) length *= 2;
    const wider = new Int32Array(length);
    wider.set(this.#direct);
    this.#direct = wider;
  }
}

/** Builds `HashRuns` row by row from dense ids, and watches that each id keeps one parent. */
export class HashRunsBuilder {
  readonly #rowStart = new U32Column();
  readonly #start = new U32Column();
  readonly #length = new U32Column();
  /** Parent of each id; a plain array because it is read for every block of every prompt. */
  #parent = new Int32Array(64);
  #idCount = 0;
  #violatingRows = 0;
  #violated = false;
  /** The open run; no run is open while its length is 0. */
  #runStart = 0;
  #runLength = 0;
  #previous = ROOT;

  constructor() {
    this.#rowStart.push(0);
  }

  /** Rows in which some id follows another id than it did before. */
  get violatingRows(): number {
    return this.#violatingRows;
  }

  /** Appends one id to the open row; a new id must be the next unused number. */
  add(id: number): void {
    const previous = this.#previous;
    if (id === this.#idCount) {
      if (id === this.#parent.length) this.#widen();
      this.#parent[id] = previous;
      this.#idCount++;
    } else if (this.#parent[id] !== previous) {
      this.#violated = true;
    }
    if (this.#runLength > 0 && id === previous + 1) {
      this.#runLength++;
    } else {
      this.#closeRun();
      this.#runStart = id;
      this.#runLength = 1;
    }
    this.#previous = id;
  }

  endRow(): void {
    this.#closeRun();
    this.#rowStart.push(this.#start.length);
    this.#previous = ROOT;
    if (this.#violated) this.#violatingRows++;
    this.#violated = false;
  }

  build(): HashRuns {
    return {
      rowStart: this.#rowStart.view().slice(),
      start: this.#start.view().slice(),
      length: this.#length.view().slice(),
      idCount: this.#idCount,
    };
  }

  #closeRun(): void {
    if (this.#runLength === 0) return;
    this.#start.push(this.#runStart);
    this.#length.push(this.#runLength);
    this.#runLength = 0;
  }

  #widen(): void {
    const wider = new Int32Array(this.#parent.length * 2);
    wider.set(this.#parent);
    this.#parent = wider;
  }
}

/** Number of ids of a row. */
export function rowIdCount(hashes: HashRuns, row: number): number {
  let count = 0;
  const end = hashes.rowStart[row + 1]!;
  for (let run = hashes.rowStart[row]!; run < end; run++) count += hashes.length[run]!;
  return count;
}

/**
 * Makes ids stand for whole prefixes: the id of a block becomes a function of the previous block's new
 * id and its own old id. For formats whose ids hash a block alone, and for files in which an id
 * follows two different parents. New ids are dense, in order of first appearance.
 */
export function chainHashIds(hashes: HashRuns): HashRuns {
  const pairs = new PairMap();
  let count = 0;
  return rebuild(hashes, allRows(hashes), undefined, (id, previous) => {
    const chained = pairs.getOrPut(id, previous + 1, count);
    if (chained === count) count++;
    return chained;
  });
}

/**
 * The given rows in the given order, ids made dense again. `idLimit` cuts a row after that many ids:
 * it removes ids of partial tail blocks.
 */
export function gatherRuns(
  hashes: HashRuns,
  order: ArrayLike<number>,
  idLimit?: (row: number) => number,
): HashRuns {
  const dense = new Int32Array(hashes.idCount).fill(-1);
  let count = 0;
  return rebuild(hashes, order, idLimit, (id) => {
    if (dense[id]! < 0) dense[id] = count++;
    return dense[id]!;
  });
}

function allRows(hashes: HashRuns): Uint32Array {
  return new Uint32Array(hashes.rowStart.length - 1).map((_, row) => row);
}

function rebuild(
  hashes: HashRuns,
  order: ArrayLike<number>,
  idLimit: ((row: number) => number) | undefined,
  rename: (id: number, previous: number) => number,
): HashRuns {
  const builder = new HashRunsBuilder();
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    let left = idLimit === undefined ? Infinity : idLimit(row);
    let previous = ROOT;
    const end = hashes.rowStart[row + 1]!;
    for (let run = hashes.rowStart[row]!; run < end && left > 0; run++) {
      const first = hashes.start[run]!;
      const take = Math.min(left, hashes.length[run]!);
      for (let id = first; id < first + take; id++) {
        previous = rename(id, previous);
        builder.add(previous);
      }
      left -= take;
    }
    builder.endRow();
  }
  return builder.build();
}
