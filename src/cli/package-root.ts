/** Files that come with the package, found from the built and from the source tree alike. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Folder of package.json: two levels above src/cli, dist/cli and dist/bin alike. */
const ROOT = new URL("../../", import.meta.url);

/** Path of a file of the package. */
export function packagePath(name: string): string {
  return fileURLToPath(new URL(name, ROOT));
}

/** Version of this program, from package.json. */
export function packageVersion(): string {
  const text = readFileSync(packagePath("package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Endings a bundled trace may have, tried in this order. */
const TRACE_ENDINGS = ["", ".jsonl.gz", ".jsonl", ".csv.gz", ".csv", ".columns.gz"] as const;

/** Path of the trace of this name that comes with the package, if there is one. */
export function bundledTrace(name: string): string | undefined {
  if (!/^[\w.-]+$/.test(name)) return undefined;
  for (const ending of TRACE_ENDINGS) {
    const path = packagePath(`traces/${name}${ending}`);
    if (existsSync(path)) return path;
  }
  return undefined;
}
