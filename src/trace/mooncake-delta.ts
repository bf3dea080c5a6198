/**
 * Rows of `mooncake-delta` to full prompts: a later turn's row holds only what is new, and its prompt is the one before with its
 * answer and this. Source: dynamo-simulation.md §5.2.
 */

import { fail, ok, type Result } from "../core/index.ts";
import { TOKENS_LIMIT } from "./scan-number.ts";
import type { HashRuns, Trace } from "./trace.ts";

/**
 * The trace with full prompts. A turn shares the whole blocks of the prompt before; the blocks behind them hold an answer, which
 * is nobody else's, so their ids are new whatever the row calls them. Errors: a prompt beyond the limit of tokens.
 */
export function expandDeltas(trace: Trace, blockSize: number): Result<Trace> {
  const { sessions, rows, outputTokens } = trace;
  const inputTokens = trace.inputTokens.slice();
  const ids = new FullIds(trace, blockSize);
  for (let row = 0; row < rows; row++) {
    const parent = sessions?.parent[row] ?? -1;
    if (parent >= 0) {
      const input = inputTokens[parent]! + outputTokens[parent]! + trace.inputTokens[row]!;
      if (input > TOKENS_LIMIT) {
        return fail({
          what: `a session's prompt grows to ${input} tokens`,
          where: trace.header.name,
          expected: `at most ${TOKENS_LIMIT}`,
          remedy: "are these rows full prompts? Then the format is mooncake",
        });
      }
      inputTokens[row] = input;
    }
    ids.add(row, parent, inputTokens);
  }
  const transforms = [...trace.header.transforms, "prompts put together from their turns"];
  const header = { ...trace.header, blockSize, partialTail: "omitted" as const, transforms };
  return ok({ ...trace, header, inputTokens, hashes: ids.hashes() });
}

/** Ids of the whole blocks of full prompts, dense in order of first appearance, as runs. */
class FullIds {
  private readonly source: HashRuns | undefined;
  private readonly blockSize: number;
  private readonly dense: Int32Array;
  private readonly rowStart: number[] = [0];
  private readonly start: number[] = [];
  private readonly length: number[] = [];
  private idCount = 0;

  constructor(trace: Trace, blockSize: number) {
    this.source = trace.hashes;
    this.blockSize = blockSize;
    this.dense = new Int32Array(trace.hashes?.idCount ?? 0).fill(-1);
  }

  add(row: number, parent: number, inputTokens: Uint32Array): void {
    let left = Math.floor(inputTokens[row]! / this.blockSize);
    if (parent >= 0) left -= this.copy(parent, Math.floor(inputTokens[parent]! / this.blockSize));
    else left -= this.copySource(row, left);
    if (left > 0) {
      this.push(this.idCount, left);
      this.idCount += left;
    }
    this.rowStart.push(this.start.length);
  }

  hashes(): HashRuns {
    return {
      rowStart: Uint32Array.from(this.rowStart),
      start: Uint32Array.from(this.start),
      length: Uint32Array.from(this.length),
      idCount: this.idCount,
    };
  }

  /** Repeats the first `most` ids of an earlier row; returns how many there were. */
  private copy(row: number, most: number): number {
    let left = most;
    const end = this.rowStart[row + 1]!;
    for (let run = this.rowStart[row]!; run < end && left > 0; run++) {
      const take = Math.min(left, this.length[run]!);
      this.push(this.start[run]!, take);
      left -= take;
    }
    return most - left;
  }

  /** The first `most` ids of a first turn, as the file has them; returns how many there were. */
  private copySource(row: number, most: number): number {
    if (this.source === undefined) return 0;
    const { rowStart, start, length } = this.source;
    let count = 0;
    for (let run = rowStart[row]!; run < rowStart[row + 1]!; run++) {
      const end = start[run]! + Math.min(length[run]!, most - count);
      for (let id = start[run]!; id < end; id++) {
        if (this.dense[id]! < 0) this.dense[id] = this.idCount++;
        this.push(this.dense[id]!, 1);
        count++;
      }
    }
    return count;
  }

  private push(start: number, length: number): void {
    const last = this.start.length - 1;
    const isOpen = last >= this.rowStart.at(-1)!;
    if (isOpen && this.start[last]! + this.length[last]! === start) this.length[last]! += length;
    else {
      this.start.push(start);
      this.length.push(length);
    }
  }
}
