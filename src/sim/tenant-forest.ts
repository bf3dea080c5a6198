/** Tenant isolation: the prefix forest with block identities salted by tenant, so that nothing is shared across tenants. */

import type { PrefixForest } from "./prefix-forest.ts";

/**
 * A copy of the forest in which each tenant has nodes of its own; `tenants` has the tenant of each row of the trace. What
 * two tenants both ask for is stored, moved and computed once for each.
 */
export function tenantForest(forest: PrefixForest, tenants: ArrayLike<number>): PrefixForest {
  const { nodeBegin, nodeEnd, path, pathStart, nodes, answers } = forest;
  const known = new Map<number, number>();
  const begin: number[] = [];
  const end: number[] = [];
  const salted = new Int32Array(path.length);
  const salt = (row: number, first: number, last: number): void => {
    for (let i = first; i < last; i++) {
      const key = tenants[row]! * nodes + path[i]!;
      let node = known.get(key);
      if (node === undefined) {
        node = begin.length;
        known.set(key, node);
        begin.push(nodeBegin[path[i]!]!);
        end.push(nodeEnd[path[i]!]!);
      }
      salted[i] = node;
    }
  };
  for (let row = 0; row + 1 < pathStart.length; row++) {
    salt(row, pathStart[row]!, pathStart[row + 1]!);
    if (answers !== undefined)
      salt(row, answers.start[row]!, answers.start[row]! + answers.length[row]!);
  }
  return {
    nodes: begin.length,
    nodeBegin: Int32Array.from(begin),
    nodeEnd: Int32Array.from(end),
    pathStart,
    path: salted,
    ...(answers === undefined ? {} : { answers }),
  };
}
