/** Where prompt tokens came from: the cache, or computed, and then why they were not in the cache. */

import type { RequestColumns, SimulationResult } from "../../sim/index.ts";
import type { HashRuns, Trace } from "../../trace/index.ts";
import { clusterSize } from "./cluster-size.ts";
import { rowsOfRun } from "./window.ts";
import type { TimeWindow } from "./window.ts";

/**
 * Prompt tokens of the given requests. The five parts add up to `total`. "Seen" means in the prompt of a
 * request that was admitted earlier; so blocks that were still being computed count as seen.
 */
export type PromptSources = {
  readonly total: number;
  /** Found in the worker's prefix cache. */
  readonly cached: number;
  /** Nobody had sent this prefix before. */
  readonly firstSeen: number;
  /** Only other workers had seen it: a matter of routing. */
  readonly elsewhere: number;
  /** This worker had seen it, and had dropped it or not finished it: a matter of capacity. */
  readonly evicted: number;
  /** Tokens after the last whole block, which no cache of blocks can hold. */
  readonly partial: number;
};

/** Most bytes for remembering which worker saw which block (assumption: a page's share). */
const SEEN_BYTES_MOST = 128 * 1024 * 1024;

/** Sources of the prompt tokens of a window; null without request columns or block ids. */
export function sourcesWithin(
  result: SimulationResult,
  trace: Trace | undefined,
  window: TimeWindow,
): PromptSources | null {
  const found = rowsOfRun(result, window);
  if (found === null || trace === undefined) return null;
  const { workers } = clusterSize(result.report);
  return promptSources(trace, found.requests, found.rows, workers) ?? null;
}

/**
 * Tells the sources of the prompt tokens of `rows`; all requests count as having been seen.
 * `undefined` for a trace without block ids, or with more blocks × workers than fit in memory.
 */
function promptSources(
  trace: Trace,
  requests: RequestColumns,
  rows: Uint32Array,
  workers: number,
): PromptSources | undefined {
  const { hashes } = trace;
  if (hashes === undefined) return undefined;
  const words = Math.ceil(workers / 32);
  if (hashes.idCount * words * 4 > SEEN_BYTES_MOST) return undefined;
  const seen = new SeenBlocks(hashes, words);
  const isAsked = new Uint8Array(requests.rows);
  for (const row of rows) isAsked[row] = 1;
  const sums = { total: 0, cached: 0, firstSeen: 0, elsewhere: 0, evicted: 0, partial: 0 };
  for (const row of byAdmission(requests)) {
    const traceRow = requests.row[row]!;
    const worker = requests.worker[row]!;
    if (traceRow >= trace.rows || worker < 0) continue;
    const blocks = seen.visit(traceRow, worker);
    if (isAsked[row] === 0) continue;
    const input = requests.inputTokens[row]!;
    const { blockSize } = trace.header;
    const tokensOf = (count: number): number => Math.min(input, count * blockSize);
    const cached = requests.cachedTokens[row]!;
    const own = Math.max(cached, tokensOf(blocks.own));
    const anywhere = Math.max(own, tokensOf(blocks.anywhere));
    const whole = Math.max(anywhere, Math.floor(input / blockSize) * blockSize);
    sums.total += input;
    sums.cached += cached;
    sums.evicted += own - cached;
    sums.elsewhere += anywhere - own;
    sums.firstSeen += whole - anywhere;
    sums.partial += input - whole;
  }
  return sums;
}

/** Rows in the order in which workers admitted them. */
function byAdmission(requests: RequestColumns): Uint32Array {
  const rows = new Uint32Array(requests.rows);
  let count = 0;
  for (let row = 0; row < requests.rows; row++) {
    if (!Number.isNaN(requests.admittedUs[row]!)) rows[count++] = row;
  }
  const at = requests.admittedUs;
  return rows.slice(0, count).sort((a, b) => at[a]! - at[b]! || a - b);
}

/** Which worker has had which block in a prompt, one bit each. */
class SeenBlocks {
  private readonly hashes: HashRuns;
  private readonly words: number;
  private readonly bits: Uint32Array;
  private readonly blocks = { own: 0, anywhere: 0 };

  constructor(hashes: HashRuns, words: number) {
    this.hashes = hashes;
    this.words = words;
    this.bits = new Uint32Array(hashes.idCount * words);
  }

  /** Leading blocks seen by the worker and by anybody; then the worker has seen them all. */
  visit(row: number, worker: number): { readonly own: number; readonly anywhere: number } {
    const { hashes, words, bits, blocks } = this;
    const word = worker >>> 5;
    const bit = 1 << (worker & 31);
    let isOwn = true;
    let isAny = true;
    blocks.own = 0;
    blocks.anywhere = 0;
    for (let run = hashes.rowStart[row]!; run < hashes.rowStart[row + 1]!; run++) {
      const start = hashes.start[run]!;
      for (let id = start; id < start + hashes.length[run]!; id++) {
        const at = id * words;
        isOwn &&= (bits[at + word]! & bit) !== 0;
        isAny &&= isOwn || this.isSeen(at);
        if (isOwn) blocks.own++;
        if (isAny) blocks.anywhere++;
        bits[at + word]! |= bit;
      }
    }
    return blocks;
  }

  private isSeen(at: number): boolean {
    for (let i = at; i < at + this.words; i++) if (this.bits[i] !== 0) return true;
    return false;
  }
}
