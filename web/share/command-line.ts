/** The command line that runs the same scenario: a `--set` for every value that is not the default. */

import type { ScenarioDocument } from "../workers/protocol.ts";

/** Values of the document leaf by leaf; lists and empty mappings stay whole. */
function leaves(value: unknown, path: string): (readonly [path: string, value: unknown])[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[path, value]];
  const entries = Object.entries(value);
  if (entries.length === 0) return [];
  return entries.flatMap(([key, child]) => leaves(child, path === "" ? key : `${path}.${key}`));
}

function quoted(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A shell takes it as it stands. */
export function commandLine(document: ScenarioDocument): string {
  const words = ["headworks", "run"];
  const flags: readonly (readonly [path: string, flag: string])[] = [
    ["traffic.source.trace", "--trace"],
    ["model", "--model"],
    ["gpu", "--gpu"],
    ["cluster.workers", "--workers"],
    ["seed", "--seed"],
  ];
  const all = leaves(document, "").filter(([path]) => path !== "headworks");
  for (const [path, flag] of flags) {
    const found = all.find(([own]) => own === path);
    if (found !== undefined && found[1] !== null) words.push(flag, quoted(String(found[1])));
  }
  for (const [path, value] of all) {
    if (flags.some(([own]) => own === path) && value !== null) continue;
    // Texts that look like numbers keep their quotes, so that they stay texts.
    const isPlain = typeof value === "string" && !/^[\d.+-]|^(true|false|null)$/.test(value);
    words.push("--set", quoted(`${path}=${isPlain ? value : JSON.stringify(value)}`));
  }
  return words.join(" ");
}
