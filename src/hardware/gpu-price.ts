/** What a GPU costs by its card. */

import type { GpuCard, Price } from "./gpu-card.ts";

/** Kinds of provider that cards have prices of. */
export const PRICE_TIERS = ["hyperscaler", "neocloud", "rental3y"] as const;
export type PriceTier = (typeof PRICE_TIERS)[number];

export type GpuPrice = { readonly usdPerHour: number; readonly date: string };

function usdPerHour(price: Price, tier: PriceTier): number {
  if (tier === "hyperscaler") return price.hyperscalerUsdPerHour;
  return tier === "neocloud" ? price.neocloudUsdPerHour : price.rental3yUsdPerHour;
}

/** The card's newest price of a tier; undefined when it has none. */
export function gpuPrice(gpu: GpuCard, tier: PriceTier): GpuPrice | undefined {
  let newest: Price | undefined;
  for (const price of gpu.prices) {
    // Dates are yyyy-mm-dd: text order is time order.
    if (newest === undefined || price.date > newest.date) newest = price;
  }
  if (newest === undefined) return undefined;
  return { usdPerHour: usdPerHour(newest, tier), date: newest.date };
}

/** The card's newest price of every tier; empty when it has none. */
export function gpuPrices(gpu: GpuCard): readonly (GpuPrice & { readonly tier: PriceTier })[] {
  return PRICE_TIERS.flatMap((tier) => {
    const price = gpuPrice(gpu, tier);
    return price === undefined ? [] : [{ tier, ...price }];
  });
}
