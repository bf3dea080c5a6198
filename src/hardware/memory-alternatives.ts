/** What would fit where a model does not: more ranks, smaller weights, a larger GPU, several nodes. */

import type { CardDeck } from "./cards.ts";
import { checkPrecision } from "./cards.ts";
import type { GpuCard } from "./gpu-card.ts";
import type { MemoryBudget, MemorySettings } from "./memory.ts";
import { memoryBudget } from "./memory.ts";
import type { ModelCard, WeightDtype } from "./model-card.ts";

/** Settings that would have to be others. */
export type MemoryChange = {
  readonly gpu?: string;
  readonly dtype?: WeightDtype;
  readonly tp?: number;
  readonly pp?: number;
};

/** One change that makes the model fit, and the budget it leads to. */
export type MemoryAlternative = {
  readonly change: MemoryChange;
  readonly budget: MemoryBudget;
  /** Nodes that a worker then takes; 1 where the node is not known. */
  readonly nodes: number;
};

/** GPUs proposed instead, smallest memory first; a user's own cards are not proposed. */
const OTHER_GPUS = ["h100-sxm", "h200-sxm", "b200", "b300"];
const WIDTHS = [1, 2, 4, 8, 16];
/** Slices of one GPU reach no other: between MIG instances there is no peer-to-peer (NVIDIA MIG User Guide, "CUDA Concurrency"). */
const SLICE = /-mig-/;

/** GPUs that a worker may span without leaving the node, or the NVLink domain where that is larger; Infinity: not known. */
function gpusTogether({ nodes }: CardDeck, gpu: GpuCard): number {
  if (SLICE.test(gpu.id)) return 1;
  const node = nodes.find(({ id }) => id === gpu.node);
  return node === undefined ? Infinity : Math.max(node.gpus, node.nvlinkGpus);
}

/** Nodes (NVLink domains, where these are larger) that a worker of `gpus` GPUs takes; 1 where the node is not known. */
export function nodesTaken(deck: CardDeck, gpu: GpuCard, gpus: number): number {
  return Math.max(1, Math.ceil(gpus / gpusTogether(deck, gpu)));
}

/** The changes that fit, nearest first: the smallest tensor width in the node, formats, more nodes, larger GPUs. */
export function memoryAlternatives(
  deck: CardDeck,
  card: ModelCard,
  gpu: GpuCard,
  settings: MemorySettings,
): readonly MemoryAlternative[] {
  const { tp: tpNow = 1, pp: ppNow = 1, dp = 1 } = settings;
  const found: MemoryAlternative[] = [];
  const tries = (change: MemoryChange, on: GpuCard): boolean => {
    const { gpu: _, ...changed } = change;
    const all = { ...settings, ...changed };
    if (!checkPrecision(on, all.dtype ?? card.dtype, all.kvDtype).ok) return false;
    const budget = memoryBudget(card, on.visibleBytes, all);
    if (!budget.ok || !budget.value.fits) return false;
    const nodes = nodesTaken(deck, on, budget.value.facts.gpus);
    found.push({ change, budget: budget.value, nodes });
    return true;
  };
  /** The smallest tensor width that makes it fit without leaving the node. */
  const widen = (change: MemoryChange, on: GpuCard): boolean =>
    WIDTHS.some((tp) => {
      const isWider = tp > tpNow;
      if (tp < tpNow || (isWider && tp * ppNow * dp > gpusTogether(deck, on))) return false;
      return tries(isWider ? { ...change, tp } : change, on);
    });
  const isWide = widen({}, gpu);
  if ((settings.dtype ?? card.dtype) === "bf16") {
    for (const dtype of ["fp8", "int4"] as const) widen({ dtype }, gpu);
  }
  const together = gpusTogether(deck, gpu);
  if (!isWide && together !== Infinity && !SLICE.test(gpu.id)) {
    const tp = Math.max(tpNow, ...WIDTHS.filter((ranks) => ranks * dp <= together));
    const wider = tp > tpNow ? { tp } : {};
    [2, 4, 8, 16].some((pp) => pp > ppNow && tries({ ...wider, pp }, gpu));
  }
  for (const id of OTHER_GPUS) {
    const other = deck.gpus.find((candidate) => candidate.id === id);
    if (other === undefined || other.visibleBytes <= gpu.visibleBytes) continue;
    widen({ gpu: id }, other);
  }
  return found;
}
