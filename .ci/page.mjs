/**
 * Builds the what-if explorer: dist/explorer (a page with lazily loaded parts) and dist/explorer/explorer.html
 * (everything in one file, for opening from disk). Run after tsc, which compiles the engine that this runs once
 * for the answer that stands in the page before anything is computed.
 * `node .ci/page.mjs --dev` serves the sources with reloading instead.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { build, createServer } from "vite";
import { root } from "./lib.mjs";

const WEB = join(root, "web");
const OUT = join(root, "dist", "explorer");
const DEMO_TRACE = "conversation-small";
const PREFIX = "virtual:headworks/";

/** Writes dist/explorer; resolves to an exit code. */
export async function buildPage() {
  const modules = await virtualModules();
  await build(settings(modules, { single: false }));
  const single = await build(settings(modules, { single: true }));
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, "explorer.html"), inlined(single));
  return 0;
}

function settings(modules, { single }) {
  return {
    root: WEB,
    base: "./",
    configFile: false,
    logLevel: "warn",
    oxc: { jsx: { runtime: "automatic" } },
    define: { "import.meta.env.HEADWORKS_SINGLE": JSON.stringify(single) },
    plugins: [virtual(modules, single)],
    worker: {
      format: single ? "iife" : "es",
      plugins: () => [virtual(modules, single)],
      rolldownOptions: bundling(single),
    },
    build: {
      outDir: OUT,
      emptyOutDir: !single,
      write: !single,
      target: "es2023",
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      cssCodeSplit: !single,
      chunkSizeWarningLimit: 2000,
      // Licences of what is bundled, in one file instead of in every program.
      license: single ? false : { fileName: "licences.md" },
      rolldownOptions: bundling(single),
    },
  };
}

function bundling(single) {
  const output = { comments: { legal: false }, ...(single ? { codeSplitting: false } : {}) };
  return { treeshake, output, checks: { pluginTimings: false } };
}

/** No module of the engine does anything by being loaded, so what nobody calls can go. */
const treeshake = { moduleSideEffects: (id) => !id.startsWith(join(root, "src")) };

/** Serves the modules that hold built data, and one of the two ways to start the worker. */
function virtual(modules, single) {
  const starter = join(WEB, "engine", single ? "start-worker-inline.ts" : "start-worker.ts");
  return {
    name: "headworks-data",
    resolveId(id) {
      if (id === `${PREFIX}start-worker`) return starter;
      return id.startsWith(PREFIX) ? `\0${id}` : undefined;
    },
    load(id) {
      return id.startsWith(`\0${PREFIX}`) ? modules[id.slice(PREFIX.length + 1)]() : undefined;
    },
  };
}

async function virtualModules() {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const deck = JSON.parse(readFileSync(join(root, "dist", "cards.json"), "utf8"));
  const kernels = join(root, "models", "kernels");
  const lazily = (folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .map((name) => [name.slice(0, -".json".length), join(folder, name)])
      .map(([name, path]) => {
        const load = `import(${JSON.stringify(path)}).then((one) => one.default)`;
        return `${JSON.stringify(name)}: () => ${load}`;
      })
      .join(",\n");
  const constants = (values) =>
    Object.entries(values)
      .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`)
      .join("");
  const demo = await runDemo(deck, version);
  return {
    cards: () => constants({ deck, version }),
    kernels: () =>
      `export const systems = {${lazily(kernels)}};\n` +
      `export const engines = {${lazily(join(kernels, "engines"))}};\n`,
    "demo-trace": () => constants({ name: DEMO_TRACE, gzippedColumns: demo.columns }),
    "first-result": () => constants({ text: demo.result }),
  };
}

/** Runs the demonstration as the page's worker will, so that the stored answer is the one it gives. */
async function runDemo(deck, version) {
  const { importTrace, exportTrace } = await import("../dist/trace/index.js");
  const sim = await import("../dist/sim/index.js");
  const { insightOf } = await import("../dist/plan/index.js");
  const { loadHardware } = await import("../dist/cli/load-hardware.js");
  const file = readFileSync(join(root, "traces", `${DEMO_TRACE}.jsonl.gz`));
  const trace = good(importTrace(gunzipSync(file), { name: DEMO_TRACE }));
  const scenario = good(sim.parseScenario(sim.demoScenario));
  const hardware = good(await loadHardware(scenario, []));
  const { spanUs } = sim.traceTraffic(trace);
  const options = { requests: true, seriesIntervalUs: sim.seriesIntervalUs(spanUs), version };
  const simulation = good(sim.createSimulation({ scenario, trace, hardware }, options));
  while (simulation.advance(1e6));
  return {
    columns: gzipSync(exportTrace(trace, "columns"), { level: 9 }).toString("base64"),
    result: JSON.stringify(insightOf(simulation.finish(0)), packed),
  };
}

function good(result) {
  if (result.ok) return result.value;
  throw new Error(`the demonstration does not run: ${result.problem.what}`);
}

/** Typed arrays as base64. Four digits are enough for a picture: the page runs it again anyway. */
function packed(_key, value) {
  if (!ArrayBuffer.isView(value)) return value;
  const isFloat = value instanceof Float64Array || value instanceof Float32Array;
  const plain = isFloat ? Float32Array.from(value) : value;
  // What a picture does not show would not compress.
  if (isFloat) new Uint32Array(plain.buffer).forEach((bits, i, all) => (all[i] = bits & ~0x1fff));
  const bytes = Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength);
  return { $array: plain.constructor.name, base64: bytes.toString("base64") };
}

/** The single-file page: script and style inside, allowed by their hashes alone. */
function inlined(result) {
  const parts = (Array.isArray(result) ? result : [result]).flatMap((one) => one.output);
  const named = (test) => parts.filter((part) => test.test(part.fileName));
  const script = named(/\.js$/)
    .map((part) => part.code)
    .join("\n")
    // The parser of HTML knows no JavaScript strings.
    .replaceAll(/<(\/script|!--)/gi, "\\x3c$1");
  const style = named(/\.css$/)
    .map((part) => String(part.source))
    .join("\n");
  const [page] = named(/\.html$/);
  const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return String(page.source)
    .replaceAll(/\s*<link rel="(stylesheet|modulepreload)"[^>]*>/g, "")
    .replaceAll(/\s*<script type="module"[^>]*><\/script>/g, "")
    .replace("script-src 'self'", () => `script-src ${hash(script)}`)
    .replace("style-src 'self'", () => `style-src ${hash(style)}`)
    .replace("worker-src 'self' blob:", "worker-src blob:")
    .replace("</head>", () => `<style>${style}</style>\n</head>`)
    .replace("</body>", () => `<script type="module">${script}</script>\n</body>`);
}

async function serve() {
  const { build: _build, ...rest } = settings(await virtualModules(), { single: false });
  const server = await createServer({ ...rest, server: { port: 5173 } });
  await server.listen();
  server.printUrls();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv.includes("--dev")) await serve();
  else process.exitCode = await buildPage();
}
