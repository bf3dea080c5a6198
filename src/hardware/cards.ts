import type { Result } from "../core/index.ts";
import { fail, ok } from "../core/index.ts";
import { gpuKey, modelKey } from "./card-names.ts";
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
  words = known,
): Result<never> {
  const nearest = nearestWord(plain(name), words);
  return fail({
    what: `unknown ${kind} ${name}`,
    expected: nearest === undefined ? `a ${kind} card` : `a known ${kind}, nearest: ${nearest}`,
    remedy: `known: ${known.join(", ")}; or add a card file`,
  });
}

/** The one card whose name has this key, a user's before a bundled one of the same id; undefined where two fit. */
function byKey<T extends { readonly id: string }>(
  cards: readonly T[],
  fits: (card: T) => boolean,
): T | undefined {
  const fitting = cards.filter(fits);
  return fitting.every(({ id }) => id === fitting[0]?.id) ? fitting[0] : undefined;
}

/** The GPU of this id or of another usual name (`h100`, `NVIDIA A100 40GB`). Errors: none, or two fit. */
export function findGpu(deck: CardDeck, name: string): Result<GpuCard> {
  const wanted = plain(name);
  const key = gpuKey(name);
  const found =
    deck.gpus.find((gpu) => gpu.id === wanted) ?? byKey(deck.gpus, ({ id }) => gpuKey(id) === key);
  if (found !== undefined) return ok(found);
  const ids = deck.gpus.map((gpu) => gpu.id);
  // h9000 is nearer to an h100 than to any whole name of one.
  const series = ids.map((id) => id.split("-")[0]!).filter((word) => findsOne(deck, word));
  return unknown("GPU", name, ids, [...new Set([...series, ...ids])]);
}

function findsOne({ gpus }: CardDeck, name: string): boolean {
  return byKey(gpus, ({ id }) => gpuKey(id) === gpuKey(name)) !== undefined;
}

/**
 * The model of this id, of this Hugging Face name with or without its owner, or of another release of the same shapes
 * (`DeepSeek-R1-0528`). Errors: none, or two fit.
 */
export function findModel(deck: CardDeck, name: string): Result<ModelEntry> {
  const wanted = plain(name);
  const key = modelKey(name);
  const exact = deck.llms.find(({ id, hf }) => {
    const full = plain(hf);
    return id === wanted || full === wanted || full.split("/")[1] === wanted;
  });
  const found =
    exact ?? byKey(deck.llms, ({ id, hf }) => modelKey(id) === key || modelKey(hf) === key);
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
