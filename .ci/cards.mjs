/**
 * Parses every card under models/ once and writes dist/cards.json in SI numbers, because the parser of
 * quantities (mathjs) takes half a second to load. Run after tsc; exits 1 and names the bad field.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { root } from "./lib.mjs";

const { parseQuantity } = await import(new URL("../dist/core/quantity.js", import.meta.url));
const gpuCards = await import(new URL("../dist/hardware/gpu-card.js", import.meta.url));
const { parseHfConfig } = await import(new URL("../dist/hardware/hf-config.js", import.meta.url));

let failures = 0;

/** Every YAML file of a folder through `read(file, document)`, a Result. */
function cardsOf(folder, read) {
  const cards = [];
  for (const name of readdirSync(join(root, "models", folder)).sort()) {
    if (!name.endsWith(".yaml")) continue;
    const file = join("models", folder, name);
    const result = read(file, parse(readFileSync(join(root, file), "utf8")));
    if (result.ok) cards.push(result.value);
    else {
      failures += 1;
      const { what, where, expected } = result.problem;
      process.stderr.write(`${where ?? file}: ${what}; expected ${expected ?? "something else"}\n`);
    }
  }
  return cards;
}

function modelEntry(file, document) {
  const parsed = parseHfConfig(document.config, document.llm);
  if (!parsed.ok) return { ok: false, problem: { ...parsed.problem, where: file } };
  const { llm: id, hf, source } = document;
  return { ok: true, value: { id, hf, source, card: parsed.value } };
}

const deck = {
  gpus: cardsOf("gpus", (file, raw) => gpuCards.parseGpuCard(file, raw, parseQuantity)),
  nodes: cardsOf("nodes", (file, raw) => gpuCards.parseNodeCard(file, raw, parseQuantity)),
  links: cardsOf("links", (file, raw) => gpuCards.parseLinkCard(file, raw, parseQuantity)),
  llms: cardsOf("llms", modelEntry),
};
writeFileSync(join(root, "dist", "cards.json"), `${JSON.stringify(deck)}\n`);
process.exitCode = failures === 0 ? 0 : 1;
