/** What would fit where a model does not: more ranks, smaller weights, a larger GPU. */

import type { CardDeck } from "./cards.ts";
import { checkPrecision } from "./cards.ts";
import type { GpuCard } from "./gpu-card.ts";
import type { MemoryBudget, MemorySettings } from "./memory.ts";
import { memoryBudget } from "./memory.ts";
import type { ModelCard, WeightDtype } from "./model-card.ts";

/** One change that makes the model fit, and the budget it leads to. */
export type MemoryAlternative = {
  readonly change:
    { readonly tp: number } | { readonly dtype: WeightDtype } | { readonly gpu: string };
  readonly budget: MemoryBudget;
};

/** GPUs proposed instead, smallest memory first; a user's own cards are not proposed. */
const OTHER_GPUS = ["h100-sxm", "h200-sxm", "b200", "b300"];
const WIDTHS = [2, 4, 8, 16];

/** The changes that fit, nearest first: the smallest tensor width, formats, larger GPUs. */
export function memoryAlternatives(
  deck: CardDeck,
  card: ModelCard,
  gpu: GpuCard,
  settings: MemorySettings,
): readonly MemoryAlternative[] {
  const found: MemoryAlternative[] = [];
  const consider = (
    change: MemoryAlternative["change"],
    on: GpuCard,
    changed: MemorySettings,
  ): void => {
    const precision = checkPrecision(on, changed.dtype ?? card.dtype, changed.kvDtype);
    const budget = memoryBudget(card, on.visibleBytes, changed);
    if (precision.ok && budget.ok && budget.value.fits) {
      found.push({ change, budget: budget.value });
    }
  };
  for (const tp of WIDTHS.filter((ranks) => ranks > (settings.tp ?? 1))) {
    consider({ tp }, gpu, { ...settings, tp });
    if (found.length > 0) break;
  }
  if ((settings.dtype ?? card.dtype) === "bf16") {
    for (const dtype of ["fp8", "int4"] as const) consider({ dtype }, gpu, { ...settings, dtype });
  }
  for (const id of OTHER_GPUS) {
    const other = deck.gpus.find((candidate) => candidate.id === id);
    if (other === undefined || other.visibleBytes <= gpu.visibleBytes) continue;
    consider({ gpu: id }, other, settings);
  }
  return found;
}
