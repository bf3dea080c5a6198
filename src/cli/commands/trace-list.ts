/** `headworks trace list`. */

import { readdirSync } from "node:fs";
import { ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { SYNTH_RECIPES } from "../../trace/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { countText } from "../numbers.ts";
import { packagePath } from "../package-root.ts";
import { styleFor } from "../style.ts";
import { textTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { readRegistry } from "../trace-registry.ts";

/** Bundled traces, recipes and the registry. */
export function listCommand(
  flags: { readonly json?: boolean },
  terminal: Terminal,
): Result<number> {
  const registry = readRegistry();
  if (!registry.ok) return registry;
  const bundled = readdirSync(packagePath("traces"))
    .map((file) => /^(.+)\.(?:jsonl|csv|columns)(?:\.gz)?$/.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .toSorted();
  const recipes = SYNTH_RECIPES.map(({ name, summary }) => ({ name, summary }));
  if (flags.json === true) {
    terminal.out(`${JSON.stringify({ bundled, recipes, registry: registry.value })}\n`);
    return ok(EXIT_DONE);
  }
  const { bold, accent } = styleFor(terminal.colour.out);
  const rows = (cells: readonly string[][]): string[] =>
    textTable(
      cells.map(([name = "", ...rest]) => [accent(name), ...rest]),
      { align: ["left", "right", "left"], indent: 2 },
    );
  const lines = [
    bold("Bundled: run --trace NAME"),
    ...rows(bundled.map((name) => [name])),
    "",
    bold("Recipes: trace synth NAME --out FILE, or traffic.source.synth"),
    ...recipes.map(({ name, summary }) => `  ${accent(name)}\n    ${summary}`),
    "",
    bold("Public: trace fetch NAME"),
    ...rows(
      registry.value.map((one) => [
        one.name,
        one.rows === undefined ? "" : `${countText(one.rows)} rows`,
        `${one.title} (${one.licence})`,
      ]),
    ),
  ];
  terminal.out(`${lines.join("\n")}\n`);
  return ok(EXIT_DONE);
}
