import type { Problem, Result } from "../core/index.ts";
import { editDistance, fail, ok } from "../core/index.ts";
import type { Family } from "./hf-config-families.ts";
import { FAMILIES, familyLike } from "./hf-config-families.ts";
import { Fields, isObject, nearestWord } from "./hf-config-fields.ts";
import { attentionOf, ffnOf, normElementsOf } from "./hf-config-layers.ts";
import { quantizationOf } from "./hf-config-quant.ts";
import { countParameters } from "./model-card-params.ts";
import { layerCount } from "./model-card.ts";
import type { Encoder, LayerGroup, ModelCard } from "./model-card.ts";

/** Most layers and experts a card may have; beyond it a config is taken for damaged. */
const MAX_LAYERS = 4096;
/** Assumption: fifty times the largest model announced (Llama 4 Behemoth, 2·10¹²); beyond it a size has a digit too many. */
const MAX_PARAMETERS = 1e14;

function familyOf(top: Fields, text: Fields): Result<Family> {
  const names: string[] = [];
  for (const fields of [top, text]) {
    for (const entry of fields.list("architectures") ?? []) {
      if (typeof entry === "string") names.push(entry);
    }
  }
  for (const name of names) {
    const family = FAMILIES.get(name);
    if (family !== undefined) return ok(family);
  }
  const byType = text.textOr(top.textOr("", "model_type"), "model_type");
  for (const family of names.length === 0 ? FAMILIES.values() : []) {
    if (family.modelTypes.includes(byType)) return ok(family);
  }
  const wanted = names[0] ?? byType;
  const known = [...FAMILIES.keys()];
  const nearest = nearestArchitecture(wanted, known, text);
  return fail({
    what: wanted === "" ? "no architecture is named" : `unknown architecture ${wanted}`,
    where: "architectures",
    expected: `one of ${known.length} known architectures, nearest: ${nearest}`,
    remedy: `if the layers are the same, set "architectures": ["${nearest}"]`,
  });
}

/** Edits that may separate a name from another version of the same family ("Qwen4" and "Qwen3"). */
const NAME_EDITS = 3;

/** A known name that is spelt almost so, else the family that the fields look like. */
function nearestArchitecture(wanted: string, known: readonly string[], text: Fields): string {
  const word = nearestWord(wanted, known);
  const isNear = word !== undefined && editDistance(wanted, word) <= NAME_EDITS;
  return wanted !== "" && isNear ? word : familyLike((field) => text.has(field));
}

/** Merges layers that are alike, in order of first appearance. */
function groupsOf(text: Fields, family: Family, layers: number): LayerGroup[] {
  const groups = new Map<string, LayerGroup>();
  for (let layer = 0; layer < layers; layer += 1) {
    const attention = attentionOf(text, family, layer);
    const ffn = ffnOf(text, family, layer);
    const normElements = normElementsOf(text, family);
    const key = JSON.stringify([attention, ffn]);
    const known = groups.get(key);
    groups.set(key, { layers: (known?.layers ?? 0) + 1, attention, ffn, normElements });
    if (text.problems.length > 0) break;
  }
  return [...groups.values()];
}

/** Weights of a vision tower: its layers and the projection into the language model. */
function encoderOf(top: Fields, hidden: number): Encoder | undefined {
  const vision = top.object("vision_config");
  if (vision === undefined) return undefined;
  const layers = vision.numberOr(0, "num_hidden_layers", "depth", "vt_num_hidden_layers");
  const width = vision.numberOr(0, "hidden_size", "vt_hidden_size");
  const inter = vision.numberOr(4 * width, "intermediate_size", "vt_intermediate_size");
  const out = vision.numberOr(width, "vision_output_dim", "out_hidden_size");
  const params = layers * (4 * width * width + 2 * width * inter) + out * hidden + out * out;
  const patch = vision.numberOr(14, "patch_size");
  const side = vision.numberOr(patch * 32, "image_size");
  // Llama 4 cuts an image into at most 16 tiles and adds one overview (its image processor).
  const tiles = vision.has("pixel_shuffle_ratio") ? 17 : 1;
  const perTile = Math.floor(side / Math.max(1, patch)) * Math.floor(side / Math.max(1, patch));
  return { params, hidden: width, maxPatches: tiles * (perTile + 1) };
}

function problemOf(problems: readonly Problem[]): Problem {
  const first = problems[0] ?? { what: "unreadable configuration" };
  if (problems.length === 1) return first;
  return { ...first, what: `${first.what} (and ${problems.length - 1} more fields)` };
}

/** A model of more parameters than any; undefined: it may be one. */
function checkSize(card: ModelCard): Result<never> | undefined {
  const { total } = countParameters(card);
  if (total < MAX_PARAMETERS) return undefined;
  return fail({
    what: `${layerCount(card)} layers of width ${card.hidden} are ${total.toExponential(1)} parameters`,
    where: "hidden_size",
    expected: `fewer than ${MAX_PARAMETERS.toExponential()}: a size that a model has, such as 8192`,
    remedy: "take config.json as the model's page publishes it",
  });
}

/**
 * Turns a Hugging Face `config.json` into a model card.
 *
 * Multimodal configurations are read through their `text_config`. Fails on an unknown architecture,
 * naming the nearest known one, and on missing or absurd fields, naming the first.
 */
export function parseHfConfig(json: unknown, name = "model"): Result<ModelCard> {
  if (!isObject(json)) {
    return fail({ what: "the configuration is not a JSON object", expected: "a config.json" });
  }
  const problems: Problem[] = [];
  const top = new Fields(json, problems);
  const nested = top.object("text_config") ?? top.object("llm_config") ?? top;
  const family = familyOf(top, nested);
  if (!family.ok) return family;
  const layers = nested.count("num_hidden_layers", "n_layer", "num_layers");
  const hidden = nested.count("hidden_size", "n_embd", "d_model");
  if (layers > MAX_LAYERS) {
    return fail({ what: `${layers} layers`, where: "num_hidden_layers", expected: "at most 4096" });
  }
  const groups = groupsOf(nested, family.value, layers);
  const quantConfig = top.object("quantization_config") ?? nested.object("quantization_config");
  const quant = quantizationOf(quantConfig);
  const encoder = encoderOf(top, hidden);
  const first = groups[0]?.attention;
  const headDim = first?.kind === "gqa" ? first.headDim : nested.numberOr(64, "head_dim");
  const rope = nested.object("rope_parameters") ?? nested;
  const ropeDim = rope.numberOr(
    nested.numberOr(1, "partial_rotary_factor"),
    "partial_rotary_factor",
  );
  const tied = top.flag(
    "tie_word_embeddings",
    nested.flag("tie_word_embeddings", family.value.tied),
  );
  const vocab = nested.count("vocab_size");
  const maxPositions = nested.numberOr(2048, "max_position_embeddings", "n_positions");
  if (problems.length > 0) return fail(problemOf(problems));
  const card: ModelCard = {
    name,
    architecture: family.value.architecture,
    hidden,
    vocab,
    tiedEmbeddings: tied,
    maxPositions,
    ropeDim: first?.kind === "mla" ? first.ropeDim : Math.round(ropeDim * headDim),
    groups,
    finalNormElements: family.value.layerNorm ? 2 * hidden : hidden,
    mtpLayers: nested.numberOr(
      0,
      "num_nextn_predict_layers",
      "mtp_num_hidden_layers",
      "num_mtp_modules",
    ),
    dtype: quant.dtype,
    quantizedParts: quant.parts,
  };
  const whole = encoder === undefined ? card : { ...card, encoder };
  return checkSize(whole) ?? ok(whole);
}
