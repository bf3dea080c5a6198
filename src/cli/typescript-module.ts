/** TypeScript modules of the user's on a Node that runs none: the bundler that builds Headworks strips their types. */

import type * as Vite from "vite";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";

/** Whether a file is TypeScript that this Node does not run by itself (22.18 and newer do). */
export function needsStripping(path: string): boolean {
  const runs: unknown = Reflect.get(process.features, "typescript");
  return /\.[mc]?ts$/.test(path) && (runs === undefined || runs === false);
}

/**
 * The exports of a TypeScript module, its own relative imports included. Types are not checked, as newer Nodes do not.
 * Errors: the bundler is not installed. Throws what the module or the bundler throws.
 */
export async function importStripped(path: string): Promise<Result<Record<string, unknown>>> {
  let vite: typeof Vite;
  try {
    vite = await import("vite");
  } catch {
    return fail({
      what: "this Node does not run TypeScript",
      where: path,
      expected: "JavaScript, a newer Node, or the development dependencies of Headworks",
      remedy: "rename it to .mjs with its types in comments, or use Node 22.18 or newer",
    });
  }
  const built = await vite.build({
    configFile: false,
    logLevel: "silent",
    ssr: { noExternal: true },
    build: { write: false, minify: false, ssr: path },
  });
  const outputs = [built].flat().flatMap((one) => ("output" in one ? one.output : []));
  const code = outputs.flatMap((one) => (one.type === "chunk" ? [one.code] : [])).join("\n");
  const url = `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`;
  return ok((await import(url)) as Record<string, unknown>);
}
