/** How far the tables of a system reach: the domain that is recorded beside its fits. */

import type { KernelDomain } from "../../hardware/index.ts";
import type { Table } from "./table.ts";

/** Columns that say how large a measured kernel was, and of which shape, by section. */
const COLUMNS = {
  gemm: ["m"],
  contextAttention: ["head_dim", "isl"],
  decodeAttention: ["head_dim", "batch_size", "kv_len"],
  contextMla: ["isl"],
  decodeMla: ["batch_size", "step"],
  moe: ["hidden", "inter", "topk", "experts", "tokens"],
} as const satisfies Readonly<Record<keyof KernelDomain, readonly string[]>>;

/** Collects the least and the most of every such column over the tables of a section. */
export class DomainBook {
  readonly domain: Record<string, Record<string, readonly [number, number]>> = {};

  add(section: keyof KernelDomain, table: Table | undefined): void {
    if (table === undefined) return;
    const own = (this.domain[section] ??= {});
    const measured = table.numbers("latency_ms");
    for (const column of COLUMNS[section]) {
      let [least, most] = own[column] ?? [Infinity, -Infinity];
      table.numbers(column).forEach((value, row) => {
        if (!(measured[row]! > 0) || Number.isNaN(value)) return;
        least = Math.min(least, value);
        most = Math.max(most, value);
      });
      if (most >= least) own[column] = [least, most];
    }
  }
}
