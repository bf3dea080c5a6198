/** Hardware and model cards: the bundled ones as the build parsed them, and the user's files. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parseDocument } from "yaml";
import { fail, ok } from "../core/index.ts";
import type { QuantityParser, Result } from "../core/index.ts";
import {
  EMPTY_DECK,
  mergeDecks,
  parseEngineTiming,
  parseGpuCard,
  parseHfConfig,
  parseKernelParams,
  parseLinkCard,
  parseNodeCard,
} from "../hardware/index.ts";
import type { CardDeck, ModelEntry } from "../hardware/index.ts";
import { packagePath } from "./package-root.ts";
import { readText } from "./read-file.ts";

type Document = Readonly<Record<string, unknown>>;

/** Reads one YAML or JSON file into a mapping. Errors: unreadable, no YAML, no mapping. */
export function readDocument(path: string, role: string): Result<Document> {
  const text = readText(path, role);
  if (!text.ok) return text;
  const json = path.endsWith(".json") ? parseJson(text.value) : undefined;
  if (json !== undefined) return ok(json);
  const document = parseDocument(text.value, { logLevel: "silent" });
  const error = document.errors[0];
  const start = error?.linePos?.[0];
  if (error !== undefined) {
    const place = start === undefined ? path : `${path}:${start.line}:${start.col}`;
    const what = (error.message.split("\n")[0] ?? "no YAML").replace(/ at line.*$/, "");
    return fail({ what, where: place, expected: role });
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return ok(value as Document);
  }
  return fail({ what: "the file holds no mapping", where: path, expected: role });
}

/** The short way for JSON; the YAML parser, twenty times slower, names the place of a fault. */
function parseJson(text: string): Document | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMapping ? (value as Document) : undefined;
  } catch {
    return undefined;
  }
}

function modelEntry(path: string, card: Document): Result<ModelEntry> {
  const isConfig = card["llm"] === undefined;
  const fileName = basename(path).replace(/\.(ya?ml|json)$/, "");
  const id = isConfig ? fileName : String(card["llm"]);
  const parsed = parseHfConfig(isConfig ? card : card["config"], id);
  if (!parsed.ok) {
    const where = parsed.problem.where === undefined ? path : `${path}: ${parsed.problem.where}`;
    return fail({ ...parsed.problem, where });
  }
  const name = card["hf"] ?? card["_name_or_path"];
  const hf = typeof name === "string" && name !== "" ? name : id;
  const source = card["source"];
  const from = typeof source === "string" ? source : path;
  return ok({ id, hf, source: from, card: parsed.value });
}

const CARD_ROLE =
  "a card (YAML with gpu, node, link or llm), a config.json, or what `headworks calibrate` wrote";

/** One card file of any kind, or a bare config.json, as a deck of one. */
function readCard(path: string, quantity: QuantityParser): Result<CardDeck> {
  const read = readDocument(path, CARD_ROLE);
  if (!read.ok) return read;
  const card = read.value;
  const as = <T>(result: Result<T>, deck: (value: T) => Partial<CardDeck>): Result<CardDeck> =>
    result.ok ? ok({ ...EMPTY_DECK, ...deck(result.value) }) : result;
  if (card["llm"] !== undefined || card["architectures"] !== undefined || "model_type" in card) {
    return as(modelEntry(path, card), (entry) => ({ llms: [entry] }));
  }
  if (card["kernels"] !== undefined && card["rates"] !== undefined) {
    return as(parseKernelParams(path, card), (params) => ({
      kernels: [{ ...params, file: path }],
    }));
  }
  if (card["engine"] !== undefined && card["scales"] !== undefined) {
    return as(parseEngineTiming(path, card), (timing) => ({
      engines: [{ ...timing, file: path }],
    }));
  }
  if (card["node"] !== undefined && card["gpus"] !== undefined) {
    return as(parseNodeCard(path, card, quantity), (node) => ({ nodes: [node] }));
  }
  if (card["gpu"] !== undefined) {
    return as(parseGpuCard(path, card, quantity), (gpu) => ({ gpus: [gpu] }));
  }
  if (card["link"] !== undefined) {
    return as(parseLinkCard(path, card, quantity), (link) => ({ links: [link] }));
  }
  return fail({ what: "the file says of no kind of card", where: path, expected: CARD_ROLE });
}

function cardFiles(path: string): string[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

/** Reads card files, or all cards in folders. Errors: the first bad file, with its field. */
export async function readCards(paths: readonly string[]): Promise<Result<CardDeck>> {
  const { parseQuantity } = await import("../core/quantity.ts");
  let deck = EMPTY_DECK;
  for (const path of paths.flatMap(cardFiles)) {
    const read = readCard(path, parseQuantity);
    if (!read.ok) return read;
    deck = mergeDecks(deck, read.value);
  }
  return ok(deck);
}

/** Folders of bundled cards; others under models/ hold fitted parameters and profiles. */
export const CARD_FOLDERS = ["gpus", "nodes", "links", "llms"] as const;

/** The bundled cards, parsed by the build; from their sources when the build did not run. */
async function bundledDeck(): Promise<Result<CardDeck>> {
  const built = packagePath("dist/cards.json");
  if (!existsSync(built))
    return readCards(CARD_FOLDERS.map((name) => packagePath(`models/${name}`)));
  const text = readText(built, "the built cards");
  return text.ok ? ok(JSON.parse(text.value) as CardDeck) : text;
}

/** Bundled cards with the user's in front. */
export async function loadDeck(userCards: readonly string[] = []): Promise<Result<CardDeck>> {
  const bundled = await bundledDeck();
  if (!bundled.ok || userCards.length === 0) return bundled;
  const own = await readCards(userCards);
  return own.ok ? ok(mergeDecks(own.value, bundled.value)) : own;
}
