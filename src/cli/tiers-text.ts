/** The KV tiers of a report as lines for the terminal. */

import type { LookupSummary, Report, TierSummary } from "../sim/index.ts";
import { countText, msText, NO_DATA, numberText, percentText } from "./numbers.ts";
import type { Style } from "./style.ts";
import { textTable } from "./table.ts";

const BYTES_PER_GB = 1e9;

/** Words for the reasons of misses. */
const REASONS: readonly (readonly [keyof LookupSummary["missedTokens"], string])[] = [
  ["neverSeen", "never seen"],
  ["evicted", "evicted"],
  ["onAnotherWorker", "elsewhere"],
  ["partialBlock", "partial block"],
  ["refused", "refused"],
  ["fault", "fault"],
];

const SOURCES = [
  ["computed", "computed"],
  ["g1", "G1"],
  ["g2", "G2"],
  ["g3", "G3"],
  ["g4", "G4"],
  ["peer", "peers"],
] as const;

export const TIER_HEAD = [
  "tier",
  "blocks",
  "full",
  "peak",
  "hits",
  ...REASONS.map(([, words]) => words),
  "GB in",
  "GB out",
] as const;

function share(tokens: number, of: number): string {
  return of === 0 ? NO_DATA : percentText(tokens / of);
}

/** Hits and misses as shares of the prompt tokens, so that tiers add up. */
function lookupCells(lookup: LookupSummary, inputTokens: number): string[] {
  return [
    share(lookup.hitTokens, inputTokens),
    ...REASONS.map(([reason]) => share(lookup.missedTokens[reason], inputTokens)),
  ];
}

function tierName({ pool, level, stores, scope }: TierSummary, pools: number): string {
  const of = pools > 1 ? `${pool}, ` : "";
  return `${level.toUpperCase()} (${of}${countText(stores)} by ${scope})`;
}

/** A row for the workers' own caches, then one for each tier. */
export function tierRows({ kv, tokens, pools }: Report): string[][] {
  const rows = (kv.tiers ?? []).map((tier) => [
    tierName(tier, pools.length),
    countText(tier.capacityBlocks * tier.stores),
    percentText(tier.occupancyMean),
    percentText(tier.occupancyPeak),
    ...lookupCells(tier, tokens.input),
    numberText(tier.bytesIn / BYTES_PER_GB),
    numberText(tier.bytesOut / BYTES_PER_GB),
  ]);
  if (kv.g1 === undefined) return rows;
  const g1 = ["G1 (GPU memory)", "", "", "", ...lookupCells(kv.g1, tokens.input), "", ""];
  return [g1, ...rows];
}

/** Where prompt tokens came from, and what was fetched, in sentences. */
export function tierSentences({ kv, tokens }: Report): string[] {
  const { tokensBySource: from, onboarding: chosen } = kv;
  if (from === undefined || chosen === undefined) return [];
  const parts = SOURCES.flatMap(([key, name]) =>
    from[key] === 0 ? [] : [`${name} ${share(from[key], tokens.input)}`],
  );
  const time = chosen.meanMs === null ? "" : `, ${msText(chosen.meanMs)} each`;
  return [
    `prompt tokens: ${parts.join(", ")}`,
    `${countText(chosen.fetches)} of ${countText(chosen.choices)} requests with a prefix below fetched it${time}`,
    ...prefetchSentence(kv.prefetch),
  ];
}

function prefetchSentence(prefetch: Report["kv"]["prefetch"]): string[] {
  if (prefetch === undefined) return [];
  const { started, expectedTurns, blocks, usedBlocks, bytes, cancelled } = prefetch;
  return [
    `prefetched for ${countText(started)} of ${countText(expectedTurns)} turns expected: ${countText(blocks)} blocks ` +
      `(${numberText(bytes / BYTES_PER_GB)} GB), ${share(usedBlocks, blocks)} of them used, ${countText(cancelled)} stopped`,
  ];
}

/** Nothing for a run without tiers. */
export function tierLines(report: Report, style: Style): string[] {
  const rows = tierRows(report);
  if (rows.length === 0) return [];
  const align = TIER_HEAD.map((_, i) => (i === 0 ? ("left" as const) : ("right" as const)));
  return [
    ...textTable([TIER_HEAD.map(style.dim), ...rows], { align, indent: 2 }),
    ...tierSentences(report).map((line) => `  ${line}`),
  ];
}
