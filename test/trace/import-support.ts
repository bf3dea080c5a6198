import { importTrace, type ImportOptions, type Trace } from "../../src/trace/index.ts";
import type { Problem } from "../../src/core/index.ts";

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The trace, or a failed test that shows the problem. */
export function imported(input: string | Uint8Array, options: ImportOptions = {}): Trace {
  const result = importTrace(typeof input === "string" ? bytes(input) : input, options);
  if (!result.ok) throw new Error(`not imported: ${JSON.stringify(result.problem)}`);
  return result.value;
}

/** The problem, or a failed test when the import succeeds. */
export function refused(input: string | Uint8Array, options: ImportOptions = {}): Problem {
  const result = importTrace(typeof input === "string" ? bytes(input) : input, options);
  if (result.ok) throw new Error(`imported ${result.value.rows} rows`);
  return result.problem;
}

/** The three columns every trace has, as plain arrays. */
export function columns(trace: Trace): { us: number[]; input: number[]; output: number[] } {
  return {
    us: Array.from(trace.arrivalUs),
    input: Array.from(trace.inputTokens),
    output: Array.from(trace.outputTokens),
  };
}

/** Block ids of every row, spelled out. */
export function idRows(trace: Trace): number[][] {
  const { hashes } = trace;
  if (hashes === undefined) return [];
  return Array.from({ length: trace.rows }, (_, row) => {
    const ids: number[] = [];
    for (let run = hashes.rowStart[row]!; run < hashes.rowStart[row + 1]!; run++) {
      for (let i = 0; i < hashes.length[run]!; i++) ids.push(hashes.start[run]! + i);
    }
    return ids;
  });
}

export function noted(trace: Trace, pattern: RegExp): number {
  const notes = trace.header.importLog.filter(({ reason }) => pattern.test(reason));
  return notes.reduce((sum, { rows }) => sum + rows, 0);
}
