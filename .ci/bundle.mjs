/**
 * Bundles the command line into dist/bin: a few files instead of hundreds, because a cold start spends more time opening modules than
 * simulating. Commands stay apart, so that each loads only what it needs. Run after tsc.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "vite";
import { root } from "./lib.mjs";

/** Writes dist/bin; resolves to an exit code. */
export async function bundle() {
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    // The bundler itself, for users' own TypeScript, stays where it is installed.
    ssr: { noExternal: true, external: ["vite"], target: "node" },
    build: {
      ssr: join(root, "dist", "cli", "main.js"),
      outDir: join(root, "dist", "bin"),
      emptyOutDir: true,
      target: "node20",
      minify: false,
      rollupOptions: {
        output: { format: "esm", entryFileNames: "main.js", chunkFileNames: "[name]-[hash].js" },
      },
    },
  });
  return 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = await bundle();
