/**
 * Runs exported functions of a TypeScript module in headless Chromium. A parity test is:
 *
 *   const entry = new URL("./my-entry.ts", import.meta.url);
 *   const inNode = (await import("./my-entry.ts")).digests(seed);
 *   expect(await runInChromium(entry, "digests", seed)).toEqual(inNode);
 *
 * The entry sees what a page sees: no `node:`. Arguments and results travel as JSON.
 */
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { launchChromium } from "../support/chromium.ts";

const GLOBAL = "HeadworksParity";

/** Bundles `entry` and calls its export `name` in a fresh page; resolves to the JSON result. */
export async function runInChromium(
  entry: URL,
  name: string,
  ...args: unknown[]
): Promise<unknown> {
  const script = await bundleForBrowser(entry);
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.addScriptTag({ content: script });
    if (errors.length > 0) throw new Error(`the bundle failed to load: ${errors.join("; ")}`);
    const call = `${GLOBAL}[${JSON.stringify(name)}](...${JSON.stringify(args)})`;
    // As text, so that numbers and holes arrive exactly as JSON has them, in Node as here.
    const json = await page.evaluate(`(async () => JSON.stringify(await ${call}))()`);
    if (typeof json !== "string") throw new Error(`${name} returned nothing that JSON can hold`);
    return JSON.parse(json) as unknown;
  } finally {
    await browser.close();
  }
}

/** One script without imports that leaves the exports of `entry` in a global. */
export async function bundleForBrowser(entry: URL): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    root: fileURLToPath(new URL("../..", import.meta.url)),
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      write: false,
      minify: false,
      target: "es2023",
      lib: { entry: fileURLToPath(entry), formats: ["iife"], name: GLOBAL },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  const outputs = Array.isArray(result) ? result : [result];
  const chunks = outputs.flatMap((output) => ("output" in output ? output.output : []));
  const [chunk] = chunks.filter((part) => part.type === "chunk");
  if (chunk === undefined || chunks.length !== 1) {
    throw new Error(`expected one script from ${entry.href}, got ${chunks.length}`);
  }
  return chunk.code;
}
