import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { parseQuantity } from "../../src/core/quantity.ts";
import { ok, problemText } from "../../src/core/result.ts";
import type { Result } from "../../src/core/result.ts";
import type { CardDeck, ModelEntry } from "../../src/hardware/cards.ts";
import { parseGpuCard, parseLinkCard, parseNodeCard } from "../../src/hardware/gpu-card.ts";
import { parseHfConfig } from "../../src/hardware/hf-config.ts";

const MODELS = new URL("../../models/", import.meta.url);

export type LlmFile = {
  readonly llm: string;
  readonly hf: string;
  readonly source: string;
  readonly published: { readonly params: number; readonly includesEncoder: boolean };
  readonly config: unknown;
};

/** Every parsed YAML document of a folder of models/. */
export function documentsOf<T>(folder: string): (readonly [string, T])[] {
  const base = new URL(`${folder}/`, MODELS);
  const names = readdirSync(base).filter((name) => name.endsWith(".yaml"));
  return names.map((name) => [name, parse(readFileSync(new URL(name, base), "utf8")) as T]);
}

/** The value of a result that must be ok; a problem fails the test with its text. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(problemText(result.problem));
  return result.value;
}

function entryOf(document: LlmFile): Result<ModelEntry> {
  const { llm: id, hf, source } = document;
  return ok({ id, hf, source, card: valueOf(parseHfConfig(document.config, id)) });
}

/** All bundled cards, parsed as the build parses them. */
export function bundledDeck(): CardDeck {
  const read = <T>(folder: string, parser: (file: string, raw: unknown) => Result<T>): T[] =>
    documentsOf<unknown>(folder).map(([file, raw]) => valueOf(parser(file, raw)));
  return {
    gpus: read("gpus", (file, raw) => parseGpuCard(file, raw, parseQuantity)),
    nodes: read("nodes", (file, raw) => parseNodeCard(file, raw, parseQuantity)),
    links: read("links", (file, raw) => parseLinkCard(file, raw, parseQuantity)),
    llms: read("llms", (_, raw) => entryOf(raw as LlmFile)),
  };
}
