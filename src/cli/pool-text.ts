/** The pools of a report as lines for the terminal. */

import type { PoolSummary, Report } from "../sim/index.ts";
import { countText, numberText, percentText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

export const POOL_HEAD = [
  "pool",
  "role",
  "hardware",
  "workers",
  "GPUs",
  "busy",
  "KV mean",
  "KV peak",
  "requests",
  "preempted",
  "$",
];

/** One row for each pool; nothing where there is but one. */
export function poolLines({ pools }: Report, style: Style): string[] {
  if (pools.length < 2) return [];
  return textTable([POOL_HEAD.map(style.dim), ...pools.map(poolRow)], {
    align: ["left", "left", "left", ...POOL_HEAD.slice(3).map(() => "right" as const)],
    indent: 2,
  });
}

export function poolRow(pool: PoolSummary): string[] {
  const { name, role, engine, kv } = pool;
  return [
    name,
    role,
    engine.gpu ?? engine.stepTime,
    countText(pool.workers),
    countText(pool.gpus),
    percentText(pool.busyShare),
    percentText(kv.usageMean),
    percentText(kv.usagePeak),
    countText(pool.completed),
    countText(kv.preemptions),
    pool.costUsd === null ? "" : numberText(pool.costUsd),
  ];
}
