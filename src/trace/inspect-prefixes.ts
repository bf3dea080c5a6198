import { WeightedSample, orNull } from "./inspect-sample.ts";
import { StackDistances } from "./stack-distance.ts";
import type { HashRuns, Trace } from "./trace.ts";

const US_PER_S = 1e6;
const CAPACITIES = [1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7] as const;
const WORKING_SET_S = [60, 300, 600, 1800] as const;
const DISTANCE_LEVELS = [0.1, 0.25, 0.5, 0.75, 0.9, 0.99] as const;
const REUSE_LEVELS = [0.1, 0.5, 0.9, 0.99] as const;

export type Quantile = { readonly q: number; readonly value: number | null };

export type PrefixStatistics = {
  readonly blockSize: number;
  readonly blockRefs: number;
  readonly uniqueBlocks: number;
  /** Share of the unique blocks that were referenced once. */
  readonly onceShare: number | null;
  readonly runsPerRow: number | null;
  /** Hits of an infinite cache, in trace order, without output blocks. */
  readonly infiniteCache: {
    /** Tokens of the longest prefix already seen ÷ input tokens. */
    readonly tokenHit: number | null;
    /** Blocks of the longest prefix already seen ÷ blocks. */
    readonly blockHit: number | null;
    /** Mean over requests of the hit share of their tokens. */
    readonly meanHit: number | null;
    /** Share of rows with at least one block hit. */
    readonly anyHitShare: number | null;
    /** Share of rows with two or more blocks hit: a system prompt of one block aside. */
    readonly multiHitShare: number | null;
  };
  /** Share of block references that an LRU cache of this many blocks serves. */
  readonly lruHit: readonly { readonly blocks: number; readonly hit: number }[];
  /** Distinct blocks between two references of a block, over re-references. */
  readonly stackDistance: readonly Quantile[];
  /** Time between two references of a block, s, over re-references. */
  readonly reuseS: readonly Quantile[];
  /** Mean number of distinct blocks in whole windows of this width. */
  readonly workingSet: readonly { readonly windowS: number; readonly blocks: number | null }[];
  /** Share of rows with at most one block hit, by quarter of the rows: falls when censored. */
  readonly rootShareByQuarter: readonly number[];
};

/** Prefix sharing and cache working set of a trace with block ids (traces.md §2.3 conventions). */
export function inspectPrefixes(trace: Trace, hashes: HashRuns): PrefixStatistics {
  return new PrefixPass(trace, hashes).run();
}

/** One pass over the rows, with what it counts. */
class PrefixPass {
  private readonly trace: Trace;
  private readonly hashes: HashRuns;
  private readonly distanceBlocks: Float64Array;
  private readonly reuse = new WeightedSample();
  private readonly windowBlocks = WORKING_SET_S.map(() => 0);
  private readonly windows: number[];
  private refs = 0;
  private again = 0;
  private hitBlocks = 0;
  private hitTokens = 0;
  private inputTokens = 0;
  private hitShares = 0;
  private rowsWithInput = 0;
  private anyHit = 0;
  private readonly rootsByQuarter = [0, 0, 0, 0];
  private row = 0;
  private rowHit = 0;
  private chained = true;

  constructor(trace: Trace, hashes: HashRuns) {
    this.trace = trace;
    this.hashes = hashes;
    this.distanceBlocks = new Float64Array(hashes.idCount);
    const spanUs = trace.rows === 0 ? 0 : this.at(trace.rows - 1) - this.at(0);
    this.windows = WORKING_SET_S.map((s) => Math.floor(spanUs / (s * US_PER_S)) || 0);
  }

  run(): PrefixStatistics {
    const { rowStart, start, length, idCount } = this.hashes;
    const distances = new StackDistances(idCount, start.length);
    for (let row = 0; row < this.trace.rows; row++) {
      this.row = row;
      this.rowHit = 0;
      this.chained = true;
      for (let run = rowStart[row]!; run < rowStart[row + 1]!; run++) {
        distances.touch(row, start[run]!, length[run]!, this.segment);
      }
      this.closeRow();
    }
    return this.result(distances.uniqueBlocks);
  }

  private at(row: number): number {
    return this.trace.arrivalUs[row]!;
  }

  private readonly segment = (
    blocks: number,
    previousRow: number,
    distance: number,
    touchedOnce: boolean,
  ): void => {
    this.refs += blocks;
    const now = this.at(this.row) - this.at(0);
    if (previousRow < 0) {
      this.chained = false;
      this.countWindows(blocks, now, -1);
      return;
    }
    if (this.chained) this.rowHit += blocks;
    if (touchedOnce) this.again += blocks;
    this.distanceBlocks[distance] = this.distanceBlocks[distance]! + blocks;
    const before = this.at(previousRow) - this.at(0);
    if (!Number.isNaN(now - before)) this.reuse.add((now - before) / US_PER_S, blocks);
    this.countWindows(blocks, now, before);
  };

  /** A reference is new to its window when the one before lies in an earlier window. */
  private countWindows(blocks: number, now: number, before: number): void {
    for (let i = 0; i < WORKING_SET_S.length; i++) {
      const width = WORKING_SET_S[i]! * US_PER_S;
      const window = Math.floor(now / width);
      if (window < this.windows[i]! && (before < 0 || Math.floor(before / width) < window)) {
        this.windowBlocks[i] = this.windowBlocks[i]! + blocks;
      }
    }
  }

  private closeRow(): void {
    const input = this.trace.inputTokens[this.row]!;
    const hit = Math.min(input, this.rowHit * this.trace.header.blockSize);
    this.hitBlocks += this.rowHit;
    this.hitTokens += hit;
    this.inputTokens += input;
    if (input > 0) {
      this.rowsWithInput++;
      this.hitShares += hit / input;
    }
    if (this.rowHit > 0) this.anyHit++;
    if (this.rowHit <= 1) {
      const quarter = Math.floor((this.row * 4) / this.trace.rows);
      this.rootsByQuarter[quarter] = this.rootsByQuarter[quarter]! + 1;
    }
  }

  private result(uniqueBlocks: number): PrefixStatistics {
    const rows = this.trace.rows;
    const roots = this.rootsByQuarter.reduce((sum, n) => sum + n, 0);
    return {
      blockSize: this.trace.header.blockSize,
      blockRefs: this.refs,
      uniqueBlocks,
      onceShare: orNull((uniqueBlocks - this.again) / uniqueBlocks),
      runsPerRow: orNull(this.hashes.start.length / rows),
      infiniteCache: {
        tokenHit: orNull(this.hitTokens / this.inputTokens),
        blockHit: orNull(this.hitBlocks / this.refs),
        meanHit: orNull(this.hitShares / this.rowsWithInput),
        anyHitShare: orNull(this.anyHit / rows),
        multiHitShare: orNull((rows - roots) / rows),
      },
      ...this.curves(uniqueBlocks),
      reuseS: quantilesOf(REUSE_LEVELS, this.reuse.quantiles(REUSE_LEVELS)),
      workingSet: WORKING_SET_S.map((windowS, i) => ({
        windowS,
        blocks: orNull(this.windowBlocks[i]! / this.windows[i]!),
      })),
      rootShareByQuarter: this.rootsByQuarter.map((n, quarter) => n / quarterRows(rows, quarter)),
    };
  }

  /** Hit-rate curve up to the first capacity that holds every block, and distance quantiles. */
  private curves(uniqueBlocks: number): Pick<PrefixStatistics, "lruHit" | "stackDistance"> {
    const below = new Float64Array(this.distanceBlocks.length + 1);
    for (let d = 0; d < this.distanceBlocks.length; d++) {
      below[d + 1] = below[d]! + this.distanceBlocks[d]!;
    }
    const total = below[below.length - 1]!;
    const reached = CAPACITIES.findIndex((blocks) => blocks >= uniqueBlocks);
    const capacities = reached < 0 ? CAPACITIES : CAPACITIES.slice(0, reached + 1);
    const distanceAt = (q: number): number => {
      let low = 0;
      let high = below.length - 1;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (below[middle + 1]! >= q * total) high = middle;
        else low = middle + 1;
      }
      return total > 0 ? low : NaN;
    };
    return {
      lruHit: capacities.map((blocks) => ({
        blocks,
        hit: this.refs === 0 ? 0 : below[Math.min(blocks, below.length - 1)]! / this.refs,
      })),
      stackDistance: quantilesOf(DISTANCE_LEVELS, DISTANCE_LEVELS.map(distanceAt)),
    };
  }
}

function quantilesOf(levels: readonly number[], values: readonly number[]): Quantile[] {
  return levels.map((q, i) => ({ q, value: orNull(values[i]!) }));
}

/** Rows r with floor(4·r ÷ rows) = quarter; 1 where there are none, for a share of 0. */
function quarterRows(rows: number, quarter: number): number {
  return Math.max(1, Math.ceil(((quarter + 1) * rows) / 4) - Math.ceil((quarter * rows) / 4));
}
