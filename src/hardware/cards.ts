import type { Result } from "../core/index.ts";
import { fail, ok } from "../core/index.ts";
import type { GpuCard, LinkCard, NodeCard } from "./gpu-card.ts";
import { nearestWord } from "./hf-config-fields.ts";
import type { EngineTiming } from "./kernels/engine-timing.ts";
import type { KernelParams } from "./kernels/kernel-params.ts";
import type { KvDtype, ModelCard, WeightDtype } from "./model-card.ts";

/** A bundled or user's model: its card and where it comes from. */
export type ModelEntry = {
  readonly id: string;
  readonly hf: string;
  readonly source: string;
  readonly card: ModelCard;
};

/** Every card known to a process, in the order of its files. */
export type CardDeck = {
  readonly gpus: readonly GpuCard[];
  readonly nodes: readonly NodeCard[];
  readonly links: readonly LinkCard[];
  readonly llms: readonly ModelEntry[];
  /** Fitted parameters and engine timings of the user's own; missing: the bundled ones alone. */
  readonly kernels?: readonly KernelParams[];
  readonly engines?: readonly EngineTiming[];
};

export const EMPTY_DECK: CardDeck = { gpus: [], nodes: [], links: [], llms: [] };

/** Usual short names of GPUs; a card id always works. */
const GPU_ALIASES: ReadonlyMap<string, string> = new Map([
  ["a100", "a100-sxm-80"],
  ["a100-80", "a100-sxm-80"],
  ["a100-40", "a100-sxm-40"],
  ["h100", "h100-sxm"],
  ["h200", "h200-sxm"],
  ["4090", "rtx-4090"],
]);

/** `H100_SXM` and "h100 sxm" mean the same card. */
function plain(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, "-");
}

function unknown(
  kind: string,
  name: string,
  known: readonly string[],
  shortNames: readonly string[] = [],
): Result<never> {
  const nearest = nearestWord(plain(name), [...known, ...shortNames]);
  return fail({
    what: `unknown ${kind} ${name}`,
    expected: nearest === undefined ? `a ${kind} card` : `a known ${kind}, nearest: ${nearest}`,
    remedy: `known: ${known.join(", ")}; or add a card file`,
  });
}

/** The GPU of this id or usual short name. */
export function findGpu(deck: CardDeck, name: string): Result<GpuCard> {
  const wanted = GPU_ALIASES.get(plain(name)) ?? plain(name);
  const found = deck.gpus.find((gpu) => gpu.id === wanted);
  if (found !== undefined) return ok(found);
  return unknown(
    "GPU",
    name,
    deck.gpus.map((gpu) => gpu.id),
    [...GPU_ALIASES.keys()],
  );
}

/** The model of this id, or of this Hugging Face name with or without its owner. */
export function findModel(deck: CardDeck, name: string): Result<ModelEntry> {
  const wanted = plain(name);
  const found = deck.llms.find(({ id, hf }) => {
    const full = plain(hf);
    return id === wanted || full === wanted || full.split("/")[1] === wanted;
  });
  if (found !== undefined) return ok(found);
  return unknown(
    "model",
    name,
    deck.llms.map((entry) => entry.id),
  );
}

/** A deck with the cards of `added` in front, so that a user's card overrides a bundled one. */
export function mergeDecks(added: CardDeck, base: CardDeck): CardDeck {
  return {
    gpus: [...added.gpus, ...base.gpus],
    nodes: [...added.nodes, ...base.nodes],
    links: [...added.links, ...base.links],
    llms: [...added.llms, ...base.llms],
    kernels: [...(added.kernels ?? []), ...(base.kernels ?? [])],
    engines: [...(added.engines ?? []), ...(base.engines ?? [])],
  };
}

/** Weight-only formats (int4, and mxfp4 as in gpt-oss) run on any GPU: they are not asked about. */
function lacks(gpu: GpuCard, dtype: WeightDtype | KvDtype): boolean {
  if (dtype === "fp8" || dtype === "fp8-block") return gpu.flops.fp8FlopPerS === undefined;
  if (dtype === "nvfp4") return gpu.flops.fp4FlopPerS === undefined;
  return dtype === "int8" && gpu.flops.int8FlopPerS === undefined;
}

/** Fails when the GPU has no arithmetic for a weight or KV format, naming the nearest it has. */
export function checkPrecision(
  gpu: GpuCard,
  dtype: WeightDtype,
  kvDtype: KvDtype = "bf16",
): Result<true> {
  for (const [where, wanted] of [
    ["dtype", dtype],
    ["kvDtype", kvDtype],
  ] as const) {
    if (!lacks(gpu, wanted)) continue;
    const choices: readonly WeightDtype[] = where === "dtype" ? ["fp8", "int8", "bf16"] : ["bf16"];
    const nearest = choices.find((choice) => !lacks(gpu, choice)) ?? "bf16";
    return fail({
      what: `${gpu.name} has no ${wanted} arithmetic`,
      where,
      expected: `a format it has, nearest: ${nearest}`,
      remedy: `choose ${nearest}, or a GPU that has ${wanted}`,
    });
  }
  return ok(true);
}
