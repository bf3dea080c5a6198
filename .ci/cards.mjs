/**
 * Parses every card under models/ once and writes dist/cards.json in SI numbers, because the parser
 * of quantities (mathjs) takes half a second to load. Run after tsc; exits 1 and names the bad field.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./lib.mjs";

/** Writes dist/cards.json; resolves to an exit code. */
export async function buildCards() {
  const { CARD_FOLDERS, readCards } = await import("../dist/cli/load-cards.js");
  const deck = await readCards(CARD_FOLDERS.map((name) => join(root, "models", name)));
  if (!deck.ok) {
    const { problemText } = await import("../dist/core/index.js");
    process.stderr.write(`a bundled card is wrong: ${problemText(deck.problem)}\n`);
    return 1;
  }
  writeFileSync(join(root, "dist", "cards.json"), `${JSON.stringify(deck.value)}\n`);
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await buildCards();
