/** KV blocks as engines logged them, against the memory model. */

import type { Result } from "../../core/index.ts";
import { ok } from "../../core/index.ts";
import { MEMORY_ENGINES } from "../../hardware/index.ts";
import type { MemorySettings } from "../../hardware/index.ts";
import { parseRecords } from "./record.ts";
import { gpuName, modelName } from "./run-names.ts";

/** One logged count: a range where several runs of one configuration differ. */
export type KnownBlocks = {
  readonly id: string;
  readonly model: string;
  readonly gpu: string;
  readonly settings: MemorySettings;
  readonly least: number;
  readonly most: number;
};

/** Reads `kv_blocks.csv`. Problems: a missing column, a damaged row. */
export function loadKvBlocks(name: string, text: string): Result<KnownBlocks[]> {
  const needed = ["model", "gpu", "engine", "tp", "max_num_seqs", "max_num_batched_tokens"];
  const rows = parseRecords(name, text, [...needed, "blocks_min", "blocks_max"]);
  if (!rows.ok) return rows;
  return ok(
    rows.value.map((row) => ({
      id: `${name}:${row.line}`,
      model: modelName(row.text("model")),
      gpu: gpuName(row.text("gpu")),
      settings: {
        engine: MEMORY_ENGINES.find((engine) => engine === row.text("engine")) ?? "vllm",
        tp: row.number("tp"),
        maxNumSeqs: row.number("max_num_seqs"),
        maxBatchedTokens: row.number("max_num_batched_tokens"),
      },
      least: row.number("blocks_min"),
      most: row.number("blocks_max"),
    })),
  );
}

/** Relative distance of a prediction from the logged range; 0 within it. */
export function blocksError(known: KnownBlocks, predicted: number): number {
  if (predicted < known.least) return predicted / known.least - 1;
  return predicted > known.most ? predicted / known.most - 1 : 0;
}
