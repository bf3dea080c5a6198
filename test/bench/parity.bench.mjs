import { fileURLToPath, pathToFileURL } from "node:url";
import { join } from "node:path";
import { createServer } from "vite";

export const name = "parity";
export const unit = "share of goldens with one digest in Node and Chromium";
export const atLeast = 1;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs every golden scenario here and in headless Chromium and compares their texts, digests included. */
export async function run() {
  const server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: "error",
    appType: "custom",
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    const { goldenTexts } = await server.ssrLoadModule("/test/parity/engine-entry.ts");
    const { runInChromium } = await server.ssrLoadModule("/test/parity/browser.ts");
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
  } finally {
    await server.close();
  }
}
