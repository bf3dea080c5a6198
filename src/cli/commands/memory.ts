/** `headworks memory`: where a GPU's memory goes, and what fits. */

import { ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import {
  checkPrecision,
  explainMemory,
  findGpu,
  findModel,
  memoryBudget,
} from "../../hardware/index.ts";
import type {
  CardDeck,
  GpuCard,
  MemoryBudget,
  MemorySettings,
  ModelCard,
} from "../../hardware/index.ts";
import { EXIT_DONE, EXIT_GATE } from "../exit-codes.ts";
import { loadDeck } from "../load-cards.ts";

export type MemoryOptions = MemorySettings & {
  readonly model: string;
  readonly gpu: string;
  /** The user's card files and folders. */
  readonly cards?: readonly string[];
  readonly json?: boolean;
};

/** What a command prints and its exit code. */
export type CommandOutput = { readonly text: string; readonly exitCode: number };

type Alternative = { readonly label: string; readonly budget: MemoryBudget };

/** GPUs proposed instead, smallest memory first; a user's own cards are not proposed. */
const OTHER_GPUS = ["h100-sxm", "h200-sxm", "b200", "b300"];

function alternativesOf(
  deck: CardDeck,
  card: ModelCard,
  gpu: GpuCard,
  settings: MemorySettings,
): Alternative[] {
  const found: Alternative[] = [];
  const consider = (label: string, on: GpuCard, change: Partial<MemorySettings>): void => {
    const changed = { ...settings, ...change };
    const precision = checkPrecision(on, changed.dtype ?? card.dtype, changed.kvDtype);
    const budget = memoryBudget(card, on.visibleBytes, changed);
    if (precision.ok && budget.ok && budget.value.fits) found.push({ label, budget: budget.value });
  };
  const tp = settings.tp ?? 1;
  for (const wider of [2, 4, 8, 16].filter((ranks) => ranks > tp)) {
    consider(`--tp ${wider} on ${gpu.id}`, gpu, { tp: wider });
    if (found.length > 0) break;
  }
  if ((settings.dtype ?? card.dtype) === "bf16") {
    for (const dtype of ["fp8", "int4"] as const) {
      consider(`--dtype ${dtype} on ${gpu.id}`, gpu, { dtype });
    }
  }
  for (const id of OTHER_GPUS) {
    const other = deck.gpus.find((candidate) => candidate.id === id);
    if (other === undefined || other.visibleBytes <= gpu.visibleBytes) continue;
    consider(`--gpu ${id}`, other, {});
  }
  return found;
}

/**
 * Sizes the KV pool and explains it. Exit code 1 when the model does not fit.
 * Errors: unknown model or GPU, a format the GPU lacks, a split that does not divide.
 */
export async function runMemory(options: MemoryOptions): Promise<Result<CommandOutput>> {
  const { model, gpu: gpuName, cards, json, ...settings } = options;
  const deck = await loadDeck(cards);
  if (!deck.ok) return deck;
  const entry = findModel(deck.value, model);
  if (!entry.ok) return entry;
  const gpu = findGpu(deck.value, gpuName);
  if (!gpu.ok) return gpu;
  const card = entry.value.card;
  const precision = checkPrecision(gpu.value, settings.dtype ?? card.dtype, settings.kvDtype);
  if (!precision.ok) return precision;
  const budget = memoryBudget(card, gpu.value.visibleBytes, settings);
  if (!budget.ok) return budget;
  const others = budget.value.fits ? [] : alternativesOf(deck.value, card, gpu.value, settings);
  const exitCode = budget.value.fits ? EXIT_DONE : EXIT_GATE;
  if (json === true) {
    const alternatives = others.map(({ label, budget: { kvTokens } }) => ({ label, kvTokens }));
    const document = { gpu: gpu.value.id, ...budget.value, alternatives };
    return ok({ text: `${JSON.stringify(document, null, 2)}\n`, exitCode });
  }
  const note = gpu.value.estimated ? `\n${gpu.value.id}: estimated from ${gpu.value.peer}` : "";
  const split = `tp ${settings.tp ?? 1}, pp ${settings.pp ?? 1}, ep ${settings.ep ?? 1}`;
  const head = `${gpu.value.name}, ${split}, ${settings.dtype ?? card.dtype} weights`;
  return ok({ text: `${head}\n${explainMemory(budget.value, others)}${note}\n`, exitCode });
}
