import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { ROOT, withModules } from "./modules.mjs";

export const name = "parity";
export const unit = "share of goldens with one digest in Node and Chromium";
export const atLeast = 1;

/** Runs every golden scenario here and in headless Chromium and compares their texts, digests included. */
export async function run() {
  return withModules(async (load) => {
    const { goldenTexts } = await load("/test/parity/engine-entry.ts");
    const { runInChromium } = await load("/test/parity/browser.ts");
    const inNode = goldenTexts();
    const entry = pathToFileURL(join(ROOT, "test/parity/engine-entry.ts"));
    const inChromium = await runInChromium(entry, "goldenTexts");
    const names = Object.keys(inNode);
    const equal = names.filter((golden) => inNode[golden] === inChromium[golden]);
    return {
      value: names.length === 0 ? 0 : equal.length / names.length,
      command: "npm run bench -- parity",
      details: { goldens: names.length, equal: equal.length },
    };
  });
}
