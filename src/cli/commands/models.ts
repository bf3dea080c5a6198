/** `headworks models`: list, show and add model cards. */

import { existsSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { stringify } from "yaml";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import {
  adapterBytes,
  countParameters,
  findModel,
  layerCount,
  LINEAR_PARTS,
  modelFacts,
  parseHfConfig,
} from "../../hardware/index.ts";
import type { ModelCard, ModelEntry, ModelLayout, WeightDtype } from "../../hardware/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { atFlag } from "../flags.ts";
import { loadDeck, readDocument } from "../load-cards.ts";
import { textTable } from "../table.ts";
import type { CommandOutput } from "./memory.ts";

export type ModelsOptions = {
  readonly action: "list" | "show" | "add";
  /** Model name for `show`, path of a config.json for `add`. */
  readonly name?: string;
  /** Card id for `add`; from the configuration or the file name when absent. */
  readonly as?: string;
  /** File that `add` writes; `<id>.yaml` when absent. */
  readonly out?: string;
  readonly force?: boolean;
  readonly layout?: ModelLayout;
  readonly cards?: readonly string[];
  readonly json?: boolean;
};

const GIB = 1073741824;
const CARD_NAME = /^[a-z0-9][\w.-]*$/i;
/** The rank that adapters are shown for: vLLM's default of max_lora_rank. */
const LORA_RANK = 16;

function billions(count: number): string {
  return count >= 1e11 ? `${(count / 1e9).toFixed(0)} B` : `${(count / 1e9).toFixed(2)} B`;
}

function list(entries: readonly ModelEntry[], json: boolean): string {
  const rows = entries.map(({ id, hf, card }) => {
    const { total, active } = countParameters(card);
    return { id, hf, params: total, active, dtype: card.dtype, layers: layerCount(card) };
  });
  if (json) return `${JSON.stringify(rows, null, 2)}\n`;
  const cells = rows.map((row) => [
    row.id,
    billions(row.params),
    billions(row.active),
    String(row.layers),
    row.dtype,
    row.hf,
  ]);
  const head = ["model", "params", "active", "layers", "dtype", "Hugging Face"];
  const align = ["left", "right", "right", "right", "left", "left"] as const;
  return `${textTable([head, ...cells], { align }).join("\n")}\n`;
}

/** Layers in words: "36 × gqa 64/8 × 128 (window 128), moe 128 top 4". */
function layerText(card: ModelCard): string[] {
  return card.groups.map(({ layers, attention, ffn }) => {
    let text = `${layers} × `;
    if (attention.kind === "gqa") {
      text += `attention ${attention.heads}/${attention.kvHeads} heads × ${attention.headDim}`;
      const window = attention.chunked ? "chunk" : "window";
      if (attention.windowTokens !== undefined) text += ` (${window} ${attention.windowTokens})`;
    } else if (attention.kind === "mla") {
      text += `latent attention ${attention.heads} heads, ${attention.kvRank}+${attention.ropeDim}`;
      if (attention.index !== undefined) text += `, sparse top ${attention.index.topK}`;
    } else {
      text += `linear attention ${attention.valueHeads} heads × ${attention.valueDim}`;
    }
    if (ffn.kind === "dense") return `${text}, dense ${ffn.inter}`;
    const shared = ffn.sharedInter > 0 ? ` + shared ${ffn.sharedInter}` : "";
    return `${text}, ${ffn.experts} experts × ${ffn.inter}, top ${ffn.topK}${shared}`;
  });
}

const SHOWN_DTYPES: readonly WeightDtype[] = ["bf16", "fp8", "nvfp4", "int4"];
const SHOWN_TP = [1, 2, 4, 8];

function layoutsOf(card: ModelCard, asked: ModelLayout | undefined): ModelLayout[] {
  if (asked !== undefined && Object.keys(asked).length > 0) return [asked];
  const dtypes = [...new Set<WeightDtype>([card.dtype, ...SHOWN_DTYPES])];
  return dtypes.flatMap((dtype) => SHOWN_TP.map((tp) => ({ dtype, tp })));
}

function show(entry: ModelEntry, options: ModelsOptions): Result<string> {
  const card = entry.card;
  const params = countParameters(card);
  const rows: string[][] = [
    ["dtype", "tp", "pp", "ep", "dp", "weights GiB/GPU", "KV bytes/token/GPU", "fp8 KV"],
  ];
  const documents: unknown[] = [];
  const asked = options.layout;
  for (const layout of layoutsOf(card, asked)) {
    const facts = modelFacts(card, layout);
    const fp8 = modelFacts(card, { ...layout, kvDtype: "fp8" });
    if (!facts.ok || !fp8.ok) {
      // In the overview a split that does not divide is left out; one asked for is an error.
      if (!facts.ok && asked !== undefined && Object.keys(asked).length > 0)
        return fail(atFlag(facts.problem));
      continue;
    }
    documents.push({ layout, ...facts.value });
    rows.push([
      layout.dtype ?? card.dtype,
      ...[layout.tp, layout.pp, layout.ep, layout.dp].map((ranks) => String(ranks ?? 1)),
      (facts.value.weightBytesPerGpu / GIB).toFixed(2),
      String(Math.round(facts.value.kvBytesPerTokenPerGpu)),
      String(Math.round(fp8.value.kvBytesPerTokenPerGpu)),
    ]);
  }
  const flops = modelFacts(card);
  if (!flops.ok) return flops;
  if (options.json === true) {
    const document = { id: entry.id, hf: entry.hf, source: entry.source, params, card, documents };
    return ok(`${JSON.stringify(document, null, 2)}\n`);
  }
  const lines = [
    `${entry.id} (${entry.hf}, ${card.architecture})`,
    `  parameters  ${billions(params.total)}, ${billions(params.active)} active` +
      (params.mtp > 0 ? `, MTP ${billions(params.mtp)}` : "") +
      (params.encoder > 0 ? `, encoder ${billions(params.encoder)}` : ""),
    `  vocabulary  ${card.vocab}${card.tiedEmbeddings ? ", tied embeddings" : ""}`,
    ...layerText(card).map((text) => `  layers      ${text}`),
    `  FLOPs/token ${(flops.value.flopsPerToken / 1e9).toFixed(1)} G` +
      ` + ${(flops.value.attentionFlopsPerContextToken / 1e3).toFixed(0)} k per context token`,
    `  stored as   ${card.dtype}` +
      (card.dtype === "bf16" || card.quantizedParts.length === LINEAR_PARTS.length
        ? ""
        : ` (${card.quantizedParts.join(", ")}; the rest bf16)`),
    `  source      ${entry.source}`,
    "",
    ...textTable(rows, { align: ["left", ...Array<"right">(7).fill("right")], indent: 2 }),
  ];
  const state = flops.value.stateBytesPerSequencePerGpu;
  if (state > 0) lines.push(`  + ${(state / 1e6).toFixed(1)} MB of state a sequence (tp 1)`);
  const adapter = adapterBytes(card, LORA_RANK);
  lines.push(`  + ${(adapter / 1e6).toFixed(1)} MB a LoRA adapter of rank ${LORA_RANK}`);
  return ok(`${lines.join("\n")}\n`);
}

/** A model's name by where its configuration lies: the file's name, or that of the folder of a config.json. */
function nameBy(path: string): string {
  const file = basename(path, extname(path));
  const name = file === "config" ? basename(dirname(resolve(path))) : file;
  return CARD_NAME.test(name) ? name : "model";
}

function add(options: ModelsOptions): Result<string> {
  const path = options.name ?? "config.json";
  const config = readDocument(path, "a Hugging Face config.json");
  if (!config.ok) return config;
  const named = config.value["_name_or_path"];
  const hf = typeof named === "string" && named !== "" ? named : undefined;
  const id = options.as ?? (hf?.split("/").pop() ?? nameBy(path)).toLowerCase();
  if (!CARD_NAME.test(id)) {
    return fail({
      what: `${JSON.stringify(id)} is no card name`,
      where: "--as",
      expected: "letters, digits, dots, dashes and underscores, a letter or digit first",
      remedy: "write for example --as my-model-7b",
    });
  }
  const parsed = parseHfConfig(config.value, id);
  if (!parsed.ok) {
    const { where } = parsed.problem;
    return fail({ ...parsed.problem, where: where === undefined ? path : `${path}: ${where}` });
  }
  const out = options.out ?? `${id}.yaml`;
  if (existsSync(out) && options.force !== true) {
    return fail({
      what: "the file exists",
      where: out,
      remedy: "name another with --out, or --force",
    });
  }
  const card = { llm: id, hf: hf ?? id, source: `config.json (${path})`, config: config.value };
  try {
    writeFileSync(out, stringify(card));
  } catch (error) {
    return fail({ what: `cannot write: ${(error as Error).message}`, where: out });
  }
  const params = countParameters(parsed.value);
  return ok(
    `${out}: ${id}, ${billions(params.total)} parameters (${billions(params.active)} active), ` +
      `${layerCount(parsed.value)} layers, ${parsed.value.dtype}\nuse it with --cards ${out}\n`,
  );
}

/**
 * Lists the cards, shows one by precision and split, or turns a config.json into a card file.
 * Errors: unknown model, unknown architecture, bad fields, a split that does not divide.
 */
export async function runModels(options: ModelsOptions): Promise<Result<CommandOutput>> {
  if (options.action === "add") {
    const added = add(options);
    return added.ok ? ok({ text: added.value, exitCode: EXIT_DONE }) : added;
  }
  const deck = await loadDeck(options.cards);
  if (!deck.ok) return deck;
  if (options.action === "list") {
    return ok({ text: list(deck.value.llms, options.json === true), exitCode: EXIT_DONE });
  }
  const entry = findModel(deck.value, options.name ?? "");
  if (!entry.ok) return entry;
  const text = show(entry.value, options);
  return text.ok ? ok({ text: text.value, exitCode: EXIT_DONE }) : text;
}
