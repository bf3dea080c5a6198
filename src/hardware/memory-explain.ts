import type { MemoryBudget } from "./memory.ts";

const GIB = 1073741824;
const BAR_WIDTH = 60;

type Slice = { readonly name: string; readonly letter: string; readonly bytes: number };

/** The parts of a GPU's memory in order; together they are the whole of it when the model fits. */
export function memorySlices(budget: MemoryBudget): readonly Slice[] {
  return [
    { name: "weights", letter: "W", bytes: budget.weightBytes },
    { name: "rotary tables", letter: "R", bytes: budget.ropeBytes },
    { name: "activations", letter: "A", bytes: budget.activationBytes },
    { name: "sampler", letter: "S", bytes: budget.samplerBytes },
    { name: "encoder cache", letter: "E", bytes: budget.encoderCacheBytes },
    { name: "communication", letter: "C", bytes: budget.communicationBytes },
    { name: "CUDA graphs", letter: "G", bytes: budget.graphBytes },
    { name: "CUDA context", letter: "X", bytes: budget.contextBytes },
    { name: "LoRA slots", letter: "O", bytes: budget.adapterBytes },
    { name: "layer states", letter: "L", bytes: budget.stateBytes },
    { name: "KV cache", letter: "K", bytes: Math.max(0, budget.kvBytes) },
    { name: "kept back", letter: ".", bytes: budget.reservedBytes },
  ];
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(2)} GiB`;
}

/** One character per sixtieth of the memory; every slice that is not empty gets at least one. */
function bar(slices: readonly Slice[], totalBytes: number): string {
  let text = "";
  for (const { letter, bytes } of slices) {
    if (bytes <= 0) continue;
    const share = Math.min(1, bytes / totalBytes);
    text += letter.repeat(Math.max(1, Math.round(share * BAR_WIDTH)));
  }
  return text.length <= BAR_WIDTH ? text : `${text.slice(0, BAR_WIDTH)}`;
}

/** Whether the model fits, in words: how many blocks, or how much is missing and why. */
export function memoryVerdict(budget: MemoryBudget): readonly string[] {
  const { settings, facts } = budget;
  if (budget.fits) {
    const sequences = Math.floor(budget.kvTokens / 8192);
    const { stateSequences } = budget;
    const states =
      stateSequences === null ? [] : [`layer states for ${stateSequences} running requests`];
    return [
      `fits: ${budget.kvBlocks} blocks of ${budget.blockSize} tokens, ` +
        `${budget.kvTokens} tokens of KV cache (${sequences} sequences of 8192 tokens)`,
      ...states,
    ];
  }
  const fraction = settings.fraction;
  const lines = [
    `does not fit: ${gib(-budget.kvBytes)} short before the first KV block ` +
      `(weights ${gib(budget.weightBytes)} of ${gib(budget.totalBytes)} on each GPU, ` +
      `${facts.gpus} GPU${facts.gpus === 1 ? "" : "s"})`,
  ];
  if (budget.weightBytes > budget.totalBytes) {
    lines.push("the weights alone exceed the GPU: split them further or store them smaller");
  } else if (budget.kvBytes + budget.reservedBytes > budget.blockBytes) {
    lines.push(
      `a larger memory fraction than ${fraction ?? "the default"} would fit, with little KV cache`,
    );
  }
  return lines;
}

/**
 * Explains a memory budget: a bar of the fullest GPU, its parts, and in words whether it fits.
 *
 * @param alternatives other settings already sized; those that fit are named as what would work.
 */
export function explainMemory(
  budget: MemoryBudget,
  alternatives: readonly { readonly label: string; readonly budget: MemoryBudget }[] = [],
): string {
  const slices = memorySlices(budget);
  const lines = [
    `${budget.model} on ${budget.engine}, memory of one GPU (${gib(budget.totalBytes)})`,
    `[${bar(slices, budget.totalBytes).padEnd(BAR_WIDTH, " ")}]`,
  ];
  for (const { name, letter, bytes } of slices) {
    if (bytes > 0) lines.push(`  ${letter} ${name.padEnd(14)} ${gib(bytes).padStart(12)}`);
  }
  const perBlock = `${budget.blockBytes} bytes a block`;
  if (budget.blockBytes > 0) lines.push(`  ${perBlock}, ${budget.blockSize} tokens each`);
  lines.push(...memoryVerdict(budget));
  if (budget.fits) return lines.join("\n");
  const working = alternatives.filter((entry) => entry.budget.fits);
  if (working.length === 0) lines.push("nothing tried would fit");
  else {
    lines.push("would fit:");
    for (const { label, budget: other } of working.slice(0, 4)) {
      lines.push(`  ${label}: ${other.kvTokens} tokens of KV cache`);
    }
  }
  return lines.join("\n");
}
