/**
 * The prefix forest: all prompts of a trace as paths through unary segments ("nodes") of chained blocks.
 *
 * A trace block id stands for its whole prefix, so ids form a forest. Cutting the line of ids wherever any
 * row's run starts or ends leaves intervals that every row takes whole or not at all: those are the nodes. A
 * prompt is then a short list of nodes, and lookups, references and evictions cost O(nodes), not O(blocks).
 *
 * Trace blocks (T tokens) and engine blocks (E tokens) are independent: engine block i belongs to the node that
 * holds its last token, so a node over tokens [a, b) has engine blocks floor(a/E) … floor(b/E) − 1. Two prompts
 * that part inside a trace block share nothing of it: sharing below the trace's resolution is invisible.
 */

import type { HashRuns, Trace } from "../trace/index.ts";

/** By row: the path of its prompt and its answer, behind the paths of prompts in `path`. */
export type AnswerPaths = {
  readonly start: Uint32Array;
  /** Nodes; 0: no later turn repeats the answer. */
  readonly length: Uint32Array;
};

export type PrefixForest = {
  readonly nodes: number;
  /** First engine block of each node, counted from the prompt's start. */
  readonly nodeBegin: Int32Array;
  /** One past the last engine block of each node. */
  readonly nodeEnd: Int32Array;
  /** rows + 1 entries: row r's path is path[pathStart[r] … pathStart[r+1]). */
  readonly pathStart: Uint32Array;
  readonly path: Int32Array;
  /** Paths of prompts with their answers; undefined: no answer is asked for again. */
  readonly answers?: AnswerPaths;
};

/** A forest of prompts alone. */
export type ForestDraft = PrefixForest & {
  /** Nodes from here on are partial last blocks of prompts. */
  readonly firstTail: number;
};

/** A forest without nodes, for traces without block ids. */
export const EMPTY_FOREST: ForestDraft = {
  nodes: 0,
  firstTail: 0,
  nodeBegin: new Int32Array(0),
  nodeEnd: new Int32Array(0),
  pathStart: new Uint32Array(0),
  path: new Int32Array(0),
};

/** The node that has the `block`-th engine block of the prompt whose path is path[start … start + length), −1: none has. */
export function nodeAt(
  { path, nodeBegin, nodeEnd }: PrefixForest,
  start: number,
  length: number,
  block: number,
): number {
  for (let i = start; i < start + length; i++) {
    const node = path[i]!;
    if (block < nodeEnd[node]!) return block >= nodeBegin[node]! ? node : -1;
  }
  return -1;
}

/** Whole trace blocks of row r that have an id. */
function wholeBlocks(trace: Trace, hashes: HashRuns, row: number): number {
  let ids = 0;
  const last = hashes.rowStart[row + 1]!;
  for (let run = hashes.rowStart[row]!; run < last; run++) ids += hashes.length[run]!;
  return Math.min(ids, Math.floor(trace.inputTokens[row]! / trace.header.blockSize));
}

/** Marks the first id of every node: 1 where some row's run of whole blocks starts or has just ended. */
function markBreaks(trace: Trace, hashes: HashRuns): Uint8Array {
  const isBreak = new Uint8Array(hashes.idCount + 1);
  for (let row = 0; row < trace.rows; row++) {
    let left = wholeBlocks(trace, hashes, row);
    const last = hashes.rowStart[row + 1]!;
    for (let run = hashes.rowStart[row]!; run < last && left > 0; run++) {
      const start = hashes.start[run]!;
      const length = Math.min(left, hashes.length[run]!);
      isBreak[start] = 1;
      isBreak[start + length] = 1;
      left -= length;
    }
  }
  isBreak[0] = 1;
  return isBreak;
}

class Int32List {
  items = new Int32Array(1024);
  length = 0;
  push(value: number): void {
    if (this.length === this.items.length) {
      const grown = new Int32Array(this.length * 2);
      grown.set(this.items);
      this.items = grown;
    }
    this.items[this.length++] = value;
  }
  trimmed(): Int32Array {
    return this.items.slice(0, this.length);
  }
}

/**
 * Builds the forest of a trace for an engine's block size, in tokens. The partial last block of a prompt gets a
 * node of its own when it holds whole engine blocks: it is shared only with prompts that end in the same id at
 * the same length.
 */
export function buildPrefixForest(trace: Trace, engineBlock: number): ForestDraft {
  const hashes = trace.hashes;
  if (hashes === undefined) return EMPTY_FOREST;
  const traceBlock = trace.header.blockSize;
  const isBreak = markBreaks(trace, hashes);
  const nodeOf = new Int32Array(hashes.idCount + 1);
  const firstId = new Int32List();
  for (let id = 0; id <= hashes.idCount; id++) {
    if (isBreak[id] === 1) firstId.push(id);
    nodeOf[id] = firstId.length - 1;
  }
  firstId.push(hashes.idCount + 1);
  const begin = new Int32List();
  const end = new Int32List();
  for (let node = 0; node + 1 < firstId.length; node++) {
    begin.push(-1);
    end.push(-1);
  }
  const firstTail = begin.length;
  const pathStart = new Uint32Array(trace.rows + 1);
  const path = new Int32List();
  const tails = new Map<number, number>();
  for (let row = 0; row < trace.rows; row++) {
    pathStart[row] = path.length;
    const whole = wholeBlocks(trace, hashes, row);
    const last = hashes.rowStart[row + 1]!;
    let depth = 0;
    let tailId = -1;
    for (let run = hashes.rowStart[row]!; run < last; run++) {
      const start = hashes.start[run]!;
      const length = Math.min(whole - depth, hashes.length[run]!);
      if (length < hashes.length[run]! && tailId < 0) tailId = start + length;
      for (let id = start; id < start + length;) {
        const node = nodeOf[id]!;
        const ids = firstId.items[node + 1]! - id;
        const firstBlock = Math.floor((depth * traceBlock) / engineBlock);
        const endBlock = Math.floor(((depth + ids) * traceBlock) / engineBlock);
        begin.items[node] = firstBlock;
        end.items[node] = endBlock;
        if (endBlock > firstBlock) path.push(node);
        depth += ids;
        id += ids;
      }
    }
    const firstBlock = Math.floor((depth * traceBlock) / engineBlock);
    const endBlock = Math.floor(trace.inputTokens[row]! / engineBlock);
    if (tailId >= 0 && endBlock > firstBlock) {
      const rest = trace.inputTokens[row]! - depth * traceBlock;
      const key = tailId * traceBlock + Math.min(rest, traceBlock - 1);
      let node = tails.get(key);
      if (node === undefined) {
        node = begin.length;
        begin.push(firstBlock);
        end.push(Math.floor((depth * traceBlock + Math.min(rest, traceBlock)) / engineBlock));
        tails.set(key, node);
      }
      if (end.items[node]! > firstBlock) path.push(node);
    }
  }
  pathStart[trace.rows] = path.length;
  return {
    nodes: begin.length,
    firstTail,
    nodeBegin: begin.trimmed(),
    nodeEnd: end.trimmed(),
    pathStart,
    path: path.trimmed(),
  };
}
