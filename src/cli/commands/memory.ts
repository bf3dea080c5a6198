/** `headworks memory`: where a GPU's memory goes, and what fits. */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import {
  checkPrecision,
  explainMemory,
  findGpu,
  findModel,
  memoryAlternatives,
  memoryBudget,
  nodesTaken,
} from "../../hardware/index.ts";
import type {
  CardDeck,
  GpuCard,
  MemoryAlternative,
  MemoryBudget,
  MemorySettings,
} from "../../hardware/index.ts";
import { atFlag } from "../flags.ts";
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
function labelled({ change, budget, nodes }: MemoryAlternative, gpu: GpuCard): Alternative {
  const flags = Object.entries(change).map(([name, value]) => `--${name} ${value}`);
  const place = change.gpu === undefined ? ` on ${gpu.id}` : "";
  const span = nodes > 1 ? `, ${nodes} nodes` : "";
  return { label: `${flags.join(" ")}${place}${span}`, budget };
}

/** What a reader should know of the GPUs that were asked for. */
function notesOn(deck: CardDeck, gpu: GpuCard, gpus: number): string {
  const nodes = nodesTaken(deck, gpu, gpus);
  const lines = gpu.estimated ? [`${gpu.id}: estimated from ${gpu.peer}`] : [];
  if (nodes > 1) {
    lines.push(`${gpus} GPUs are ${nodes} nodes (${gpu.node}): ranks talk over the network`);
  }
  return lines.map((line) => `${line}\n`).join("");
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
  if (!precision.ok) return fail(atFlag(precision.problem));
  if (settings.mtp === true && card.mtpLayers === 0) {
    return fail({
      what: `${card.name} has no layers that predict further tokens`,
      where: "--mtp",
      expected: "a model with such layers (DeepSeek-V3, GLM-5, Qwen3.5)",
      remedy: "use --eagle for a draft layer of its own",
    });
  }
  const budget = memoryBudget(card, gpu.value.visibleBytes, settings);
  if (!budget.ok) return fail(atFlag(budget.problem));
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
  const notes = notesOn(deck.value, gpu.value, budget.value.facts.gpus);
  const split = `tp ${settings.tp ?? 1}, pp ${settings.pp ?? 1}, ep ${settings.ep ?? 1}`;
  const head = `${gpu.value.name}, ${split}, ${settings.dtype ?? card.dtype} weights`;
  return ok({ text: `${head}\n${explainMemory(budget.value, others)}\n${notes}`, exitCode });
}
