/** Names of what the overview's charts draw. */

import type { LegendItem } from "../../charts/legend.tsx";

export const SHORT_LEGEND: readonly LegendItem[] = [
  { name: "KV blocks", role: "transfer" },
  { name: "batch slots", role: "policy" },
  { name: "compute", role: "queue" },
];
