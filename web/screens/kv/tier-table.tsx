/** The tiers below GPU memory: what each held, found and moved, and why it missed. */

import { numberText, percentText } from "../../../src/core/index.ts";
import { DataTable } from "../../charts/data-table.tsx";
import type { Report } from "../../workers/protocol.ts";
import { MISS_WORDS } from "./sources.ts";
import type { MissReason } from "./sources.ts";

type Kv = Report["kv"];

const GB = 1e9;
const REASONS = Object.keys(MISS_WORDS) as MissReason[];

export function TierTable({ kv }: { readonly kv: Kv }) {
  const { tiers, g1, onboarding } = kv;
  if (tiers === undefined || tiers.length === 0) return null;
  const below = tiers.map((tier) => ({ name: nameOf(tier), ...tier }));
  const levels = g1 === undefined ? below : [{ name: "G1, all pools", ...g1 }, ...below];
  return (
    <section className="figure whole" aria-label="Tiers">
      <h3>What does each tier hold, and why does it miss?</h3>
      <DataTable
        label="Tiers"
        table={{
          columns: [
            "tier",
            "stores",
            "GB each",
            "full, mean",
            "full, most",
            "blocks in",
            "evicted",
            "refused",
            "GB in",
            "GB out",
          ],
          rows: tiers.map((tier) => [
            `${nameOf(tier)}, per ${tier.scope}`,
            tier.stores,
            tier.capacityBytes / GB,
            percentText(tier.occupancyMean),
            percentText(tier.occupancyPeak),
            tier.storedBlocks,
            tier.evictedBlocks,
            tier.refusedBlocks,
            tier.bytesIn / GB,
            tier.bytesOut / GB,
          ]),
        }}
      />
      <DataTable
        label="Hits and misses of each level"
        table={{
          columns: ["level", "tokens asked", "found", ...REASONS.map((one) => MISS_WORDS[one])],
          rows: levels.map(({ name, askedTokens, hitTokens, missedTokens }) => [
            name,
            askedTokens,
            shareText(hitTokens, askedTokens),
            ...REASONS.map((one) => shareText(missedTokens[one], askedTokens)),
          ]),
        }}
      />
      {onboarding === undefined ? null : (
        <p className="faint">
          {numberText(onboarding.choices)} admissions found a part of their prompt below GPU memory
          or with a peer, and {numberText(onboarding.fetches)} of them fetched:{" "}
          {numberText(onboarding.fetchedTokens)} of {numberText(onboarding.offeredTokens)} tokens
          offered. Each level is asked only for what no level above it had.
        </p>
      )}
    </section>
  );
}

function nameOf({ level, pool }: NonNullable<Kv["tiers"]>[number]): string {
  return `${level.toUpperCase()} of ${pool}`;
}

function shareText(part: number, whole: number): string {
  return whole > 0 ? percentText(part / whole) : "–";
}
