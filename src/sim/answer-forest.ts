/**
 * Answers in the prefix forest: the blocks that a request has generated, named as its next turn's prompt will ask for them.
 *
 * A trace names blocks of prompts only. Where a turn's prompt begins with the whole prompt of the turn before and is longer
 * than that with its answer, it holds both (assumption: chats and agents send the history as it was; traces of deltas say so).
 * What lies in it behind the shorter prompt is the answer. The shorter prompt's last, partial trace block, which has an id of
 * its own or none, is the same text as the beginning of the longer prompt's block there: it becomes the *head* of that node,
 * which then has only what follows. Heads have heads, where three turns end in one block; nodes of one text become one.
 */

import type { Trace } from "../trace/index.ts";
import type { ForestDraft, PrefixForest } from "./prefix-forest.ts";

const NONE = -1;

/** The path that a row leaves in a cache when it ends: first node and number of nodes in `path`. */
export function pathAtEnd({ pathStart, answers }: PrefixForest, row: number): [number, number] {
  const length = answers?.length[row] ?? 0;
  if (length > 0) return [answers!.start[row]!, length];
  return [pathStart[row]!, pathStart[row + 1]! - pathStart[row]!];
}

/** The forest with the answers that next turns repeat; the same one where no row goes on from another. */
export function withAnswers(draft: ForestDraft, trace: Trace, engineBlock: number): PrefixForest {
  if (trace.sessions === undefined || draft.nodes === 0) return draft;
  const forest = new AnswerForest(draft, trace, engineBlock);
  return forest.isEmpty ? draft : forest.build();
}

class AnswerForest {
  isEmpty = true;
  private readonly draft: ForestDraft;
  private readonly trace: Trace;
  private readonly engineBlock: number;
  /** By row: the first later turn that holds its prompt and its answer. */
  private readonly next: Int32Array;
  /** By row: a node for its last blocks where the trace names none. */
  private readonly tail: Int32Array;
  /** By node, those added for tails behind the draft's. */
  private readonly begin: number[];
  private readonly end: number[];
  private readonly head: number[];
  /** A node of the same text; itself: this one stands for all of them. */
  private readonly same: number[];

  constructor(draft: ForestDraft, trace: Trace, engineBlock: number) {
    this.draft = draft;
    this.trace = trace;
    this.engineBlock = engineBlock;
    this.next = new Int32Array(trace.rows).fill(NONE);
    this.tail = new Int32Array(trace.rows).fill(NONE);
    this.begin = [...draft.nodeBegin];
    this.end = [...draft.nodeEnd];
    this.head = this.begin.map(() => NONE);
    this.same = this.begin.map((_, node) => node);
    const parent = trace.sessions!.parent;
    for (let row = 0; row < trace.rows; row++) {
      const before = parent[row]!;
      if (before < 0 || !this.goesOn(before, row)) continue;
      this.isEmpty = false;
      this.joinTail(before, row);
      if (this.next[before] !== NONE) continue;
      this.next[before] = row;
      this.cutAnswer(before, row);
    }
  }

  build(): PrefixForest {
    const { trace, begin, end, head, next } = this;
    const { rows } = trace;
    const path: number[] = [];
    const push = (node: number): void => void path.push(node);
    const pathStart = new Uint32Array(rows + 1);
    for (let row = 0; row < rows; row++) {
      pathStart[row] = path.length;
      this.walk(row, Infinity, push);
    }
    pathStart[rows] = path.length;
    const start = new Uint32Array(rows);
    const length = new Uint32Array(rows);
    for (let row = 0; row < rows; row++) {
      if (next[row] === NONE) continue;
      start[row] = path.length;
      this.walk(next[row]!, this.answerEnd(row), push);
      length[row] = path.length - start[row]!;
    }
    const own = begin.map((first, node) => (head[node]! < 0 ? first : end[head[node]!]!));
    return {
      nodes: begin.length,
      nodeBegin: Int32Array.from(own),
      nodeEnd: Int32Array.from(end),
      pathStart,
      path: Int32Array.from(path),
      answers: { start, length },
    };
  }

  /** Whole engine blocks of a row's prompt. */
  private promptEnd(row: number): number {
    return Math.floor(this.trace.inputTokens[row]! / this.engineBlock);
  }

  /** Whole engine blocks of a row's prompt and answer, whose last token has no keys and values. */
  private answerEnd(row: number): number {
    const { inputTokens, outputTokens } = this.trace;
    return Math.floor((inputTokens[row]! + outputTokens[row]! - 1) / this.engineBlock);
  }

  /** Whether a row's prompt holds an earlier one and its answer, as far as the ids tell. */
  private goesOn(before: number, row: number): boolean {
    const { inputTokens, outputTokens, header } = this.trace;
    const { path, pathStart, nodeEnd } = this.draft;
    const input = inputTokens[before]!;
    const output = outputTokens[before]!;
    if (output === 0 || inputTokens[row]! < input + output) return false;
    // All whole trace blocks of the earlier prompt, and some; and the later row names all of it.
    const whole = Math.floor(input / header.blockSize);
    if (whole * header.blockSize < this.engineBlock) return false;
    if (!this.sharesIds(before, row, whole)) return false;
    return nodeEnd[path[pathStart[row + 1]! - 1]!]! >= this.promptEnd(before);
  }

  /** Whether two rows have their first `count` ids in common. */
  private sharesIds(a: number, b: number, count: number): boolean {
    const { rowStart, start, length } = this.trace.hashes!;
    let [runA, runB, usedA, usedB] = [rowStart[a]!, rowStart[b]!, 0, 0];
    for (let left = count; left > 0;) {
      if (runA === rowStart[a + 1] || runB === rowStart[b + 1]) return false;
      if (start[runA]! + usedA !== start[runB]! + usedB) return false;
      const both = Math.min(left, length[runA]! - usedA, length[runB]! - usedB);
      left -= both;
      usedA += both;
      usedB += both;
      if (usedA === length[runA]) [runA, usedA] = [runA + 1, 0];
      if (usedB === length[runB]) [runB, usedB] = [runB + 1, 0];
    }
    return true;
  }

  /** An earlier prompt's last blocks, behind its whole trace blocks, begin the node that the later row has there. */
  private joinTail(before: number, row: number): void {
    const { path, pathStart, firstTail } = this.draft;
    const last = pathStart[before + 1]! - 1;
    const node = path[last]!;
    const upTo = this.promptEnd(before);
    if (node >= firstTail)
      return this.join(node, path[last - pathStart[before]! + pathStart[row]!]!);
    const from = this.end[node]!;
    if (upTo === from) return;
    if (this.tail[before] === NONE) this.tail[before] = this.add(from, upTo);
    this.join(this.tail[before]!, path[last + 1 - pathStart[before]! + pathStart[row]!]!);
  }

  /** The node in which an answer ends is cut there, so that a path is whole nodes. */
  private cutAnswer(before: number, row: number): void {
    const { path, pathStart } = this.draft;
    const upTo = this.answerEnd(before);
    for (let i = pathStart[row]!; i < pathStart[row + 1]!; i++) {
      const node = path[i]!;
      if (upTo <= this.begin[node]!) return;
      if (upTo < this.end[node]!) this.join(this.add(this.begin[node]!, upTo), node);
    }
  }

  private add(begin: number, end: number): number {
    const node = this.begin.length;
    this.begin.push(begin);
    this.end.push(end);
    this.head.push(NONE);
    this.same.push(node);
    return node;
  }

  /** From now on two nodes that begin at one block have the blocks of the shorter one in common. */
  private join(a: number, b: number): void {
    const { end, head, same } = this;
    let short = this.find(a);
    let long = this.find(b);
    if (short === long) return;
    if (end[short]! > end[long]!) [short, long] = [long, short];
    if (end[short] === end[long]) {
      same[long] = short;
      if (head[long]! >= 0) this.addHead(short, head[long]!);
    } else this.addHead(long, short);
  }

  /** `node` begins with `short`, and with the head that it has: so the longer of these begins with the other. */
  private addHead(node: number, short: number): void {
    const { end, head } = this;
    const own = head[node]!;
    if (own < 0 || end[short]! > end[this.find(own)]!) head[node] = short;
    if (own >= 0) this.join(own, short);
  }

  private find(node: number): number {
    let at = node;
    while (this.same[at] !== at) at = this.same[at]!;
    return at;
  }

  /** The nodes of a row's prompt that begin before block `until`, heads first. */
  private walk(row: number, until: number, visit: (node: number) => void): void {
    const { path, pathStart } = this.draft;
    for (let i = pathStart[row]!; i < pathStart[row + 1]!; i++)
      this.walkNode(path[i]!, until, visit);
    if (this.tail[row]! >= 0) this.walkNode(this.tail[row]!, until, visit);
  }

  private walkNode(node: number, until: number, visit: (node: number) => void): void {
    const at = this.find(node);
    const head = this.head[at]!;
    if (head >= 0) this.walkNode(head, until, visit);
    const begin = head < 0 ? this.begin[at]! : this.end[head]!;
    if (begin < until) visit(at);
  }
}
