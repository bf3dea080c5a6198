/** The request that a desk decides on, and names of prompts that do not depend on the numbers of their ids. */

import type { RouterRequest } from "../policies/index.ts";
import type { Trace } from "../trace/index.ts";
import type { PrefixForest } from "./prefix-forest.ts";

/** The first row whose prompt has each node. */
export function firstRows({ nodes, path, pathStart }: PrefixForest): Int32Array {
  const first = new Int32Array(nodes);
  for (let row = pathStart.length - 2; row >= 0; row--) {
    for (let i = pathStart[row]!; i < pathStart[row + 1]!; i++) first[path[i]!] = row;
  }
  return first;
}

/** A request to be filled in, of which nothing is known. */
export function newRequest({ path }: Pick<PrefixForest, "path">): RouterRequest {
  return {
    row: 0,
    booking: 0,
    inputTokens: 0,
    blocks: 0,
    prompt: { path, start: 0, length: 0 },
    affinityKey: 0,
    expectedOutput: NaN,
    priority: 0,
    strictPriority: 0,
    session: -1,
    tenant: -1,
    family: -1,
    sloClass: 0,
    pinned: -1,
    allowed: undefined,
    requiredLabels: 0,
    preferredLabels: [],
  };
}

/** Writes down what the trace's row says of its request. */
export function fillMarks(request: RouterRequest, trace: Trace | undefined, row: number): void {
  request.session = trace?.sessions?.session[row] ?? -1;
  request.priority = trace?.priority?.[row] ?? 0;
  request.strictPriority = trace?.hints?.strictPriority?.[row] ?? 0;
  request.tenant = trace?.labels?.tenant?.codes[row] ?? -1;
  request.family = trace?.labels?.class?.codes[row] ?? -1;
}

/**
 * Names the node of the prompt's last block among its first `blocks` by the first row that has it, so that the numbers of
 * the ids do not matter. Without ids no two prompts are alike.
 */
export function affinityKey(
  { prompt, row }: RouterRequest,
  { nodeEnd }: PrefixForest,
  firstRow: Int32Array,
  blocks: number,
): number {
  if (prompt.length === 0) return row;
  let node = prompt.path[prompt.start]!;
  for (let i = prompt.start; i < prompt.start + prompt.length; i++) {
    node = prompt.path[i]!;
    if (nodeEnd[node]! >= blocks) break;
  }
  return firstRow[node]!;
}

/** What the client says of its answer's length, in the trace or, with `isPerfect` hints, truly; NaN: nothing. */
export function expectedOutput(trace: Trace | undefined, isPerfect: boolean, row: number): number {
  if (isPerfect) return trace?.outputTokens[row] ?? NaN;
  const told = trace?.hints?.outputTokens?.[row] ?? 0;
  return told > 0 ? told : NaN;
}
