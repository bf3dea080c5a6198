/** The registry of public traces that comes with the package. */

import { readFileSync } from "node:fs";
import type { Result } from "../core/index.ts";
import { parseRegistry } from "../trace/index.ts";
import type { RegistryEntry } from "../trace/index.ts";
import { packagePath } from "./package-root.ts";

export function readRegistry(): Result<readonly RegistryEntry[]> {
  const text = readFileSync(packagePath("traces/registry.json"), "utf8");
  return parseRegistry(JSON.parse(text) as unknown);
}
