/** Sessions of a trace that tells none, from its block ids: a turn begins with the prompt of the turn before. */

import type { HashRuns, Sessions, Trace } from "./trace.ts";

/**
 * Shared blocks from which on a row continues another (traces.md §2.4: two blocks, of which the first is often a system prompt that
 * all prompts begin with).
 */
const SHARED_BLOCKS_MIN = 2;

/**
 * The trace with sessions: a row's parent is the latest row on its longest shared path of at least two blocks; several may follow the
 * same one. Delays are not known, so that the distance of the arrivals stands for them. A trace with sessions, or without ids, is
 * given back as it is.
 */
export function inferSessions(trace: Trace): Trace {
  const { hashes, rows } = trace;
  if (hashes === undefined || trace.sessions !== undefined || trace.graph !== undefined)
    return trace;
  // The latest row whose prompt holds each id; ids are chained, so that holding one means holding all before it.
  const holder = new Int32Array(hashes.idCount).fill(-1);
  const parent = new Int32Array(rows).fill(-1);
  const session = new Int32Array(rows).fill(-1);
  let sessionCount = 0;
  for (let row = 0; row < rows; row++) {
    const last = deepest(hashes, holder, row);
    if (last.depth >= SHARED_BLOCKS_MIN) parent[row] = last.row;
    const before = parent[row]!;
    session[row] = before >= 0 ? session[before]! : sessionCount++;
    for (let run = hashes.rowStart[row]!; run < hashes.rowStart[row + 1]!; run++) {
      const start = hashes.start[run]!;
      holder.fill(row, start, start + hashes.length[run]!);
    }
  }
  const delayUs = new Float64Array(rows).fill(NaN);
  const sessions: Sessions = { session, sessionCount, parent, delayUs };
  const transforms = [...trace.header.transforms, "sessions inferred from shared prompts"];
  return { ...trace, header: { ...trace.header, transforms }, sessions };
}

/** The row that holds the deepest id of a prompt that anybody holds, and how deep that is, in blocks. */
function deepest(
  { rowStart, start, length }: HashRuns,
  holder: Int32Array,
  row: number,
): { readonly row: number; readonly depth: number } {
  let depth = 0;
  let found = -1;
  for (let run = rowStart[row]!; run < rowStart[row + 1]!; run++) {
    const first = start[run]!;
    // Held ids of a chain are its first ones: the end of the run tells, and else a search by halves.
    let low = 0;
    let high = length[run]!;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (holder[first + middle - 1]! >= 0) low = middle;
      else high = middle - 1;
    }
    if (low > 0) found = holder[first + low - 1]!;
    depth += low;
    if (low < length[run]!) break;
  }
  return { row: found, depth };
}
