/** `headworks memory`: where a GPU's memory goes, and what fits. */

import { ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import {
  checkPrecision,
  explainMemory,
  findGpu,
  findModel,
  memoryAlternatives,
  memoryBudget,
} from "../../hardware/index.ts";
import type {
  GpuCard,
  MemoryAlternative,
  MemoryBudget,
  MemorySettings,
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

/** The flags that would make the model fit. */
function labelled({ change, budget }: MemoryAlternative, gpu: GpuCard): Alternative {
  if ("gpu" in change) return { label: `--gpu ${change.gpu}`, budget };
  const flag = "tp" in change ? `--tp ${change.tp}` : `--dtype ${change.dtype}`;
  return { label: `${flag} on ${gpu.id}`, budget };
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
  const others = budget.value.fits
    ? []
    : memoryAlternatives(deck.value, card, gpu.value, settings).map((one) =>
        labelled(one, gpu.value),
      );
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
