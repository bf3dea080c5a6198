/** What a run costs: at the price that the scenario chose, and at each kind of provider. */

import type { PoolSummary, Report, TierCost } from "./report.ts";
import type { Totals } from "./report-pools.ts";

const TOKENS_PER_MILLION = 1e6;

/** A pool, or encoder workers. */
type Priced = Pick<PoolSummary, "gpuHours" | "costUsd"> & {
  readonly engine: Pick<PoolSummary["engine"], "price">;
};

type TokenCosts = Pick<
  NonNullable<Report["cost"]>,
  "usdPerMillionOutputTokens" | "usdPerMillionInputTokens" | "usdPerMillionTokens"
>;

function perMillion(totalUsd: number, { outputTokens, admittedTokens }: Totals): TokenCosts {
  const over = (tokens: number): number | null =>
    tokens === 0 ? null : (totalUsd * TOKENS_PER_MILLION) / tokens;
  return {
    usdPerMillionOutputTokens: over(outputTokens),
    usdPerMillionInputTokens: over(admittedTokens),
    usdPerMillionTokens: over(outputTokens + admittedTokens),
  };
}

/** Of all pools; `null` when one of them has no price. */
function costOf(
  pools: readonly Priced[],
  totals: Totals,
  electricityUsd: number | null,
): Report["cost"] {
  let totalUsd = electricityUsd ?? 0;
  for (const { costUsd } of pools) {
    if (costUsd === null) return null;
    totalUsd += costUsd;
  }
  return { totalUsd, electricityUsd, ...perMillion(totalUsd, totals) };
}

type CardPrice = { readonly tier: TierCost["tier"]; readonly date: string; readonly usd: number };

function cardPrices({ engine, gpuHours }: Priced): CardPrice[] {
  const prices = engine.price?.card ?? [];
  return prices.map(({ tier, date, usdPerGpuHour }) => {
    return { tier, date, usd: usdPerGpuHour * gpuHours };
  });
}

/** The same run at the prices that the GPUs' cards have of each kind of provider; empty when a pool's GPU has none. */
function costByTier(
  pools: readonly Priced[],
  totals: Totals,
  electricityUsd: number | null,
): readonly TierCost[] {
  const [first = [], ...others] = pools.map(cardPrices);
  return first.flatMap(({ tier, date: firstDate, usd }): TierCost[] => {
    let date = firstDate;
    let totalUsd = (electricityUsd ?? 0) + usd;
    for (const prices of others) {
      const own = prices.find((price) => price.tier === tier);
      if (own === undefined) return [];
      totalUsd += own.usd;
      // Dates are yyyy-mm-dd: the oldest price is the first in text order.
      if (own.date < date) date = own.date;
    }
    return [{ tier, date, totalUsd, ...perMillion(totalUsd, totals) }];
  });
}

/** What the run costs at the price that was chosen, and by tier. */
export function costsOf(
  pools: readonly Priced[],
  totals: Totals,
  electricityUsd: number | null,
): Pick<Report, "cost" | "costByTier"> {
  return {
    cost: costOf(pools, totals, electricityUsd),
    costByTier: costByTier(pools, totals, electricityUsd),
  };
}
