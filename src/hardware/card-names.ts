/**
 * One name for the many ways a model or a GPU is written: `Meta-Llama-3.1-8B-Instruct`, `llama3.1 8b` and
 * `meta-llama/Llama-3.1-8B` have the shapes of one card, and `NVIDIA H100 SXM5 80GB` is `h100-sxm`.
 */

/**
 * Words that tell releases of one architecture apart, not shapes: tuning, dates as in R1-0528, versions as in 7B-v0.1.
 * Formats stay (`-FP8`): weights in another format are another card or another `engine.dtype`.
 */
const RELEASE_WORD = /^(instruct|chat|hf|it|base|exp|thinking|meta|\d{4}|v0(\.\d+)?)$/;

/** Words of a GPU's full name that say nothing; the board (`pcie`) and the slice (`mig`) stay. */
const BOARD_WORD = /^(nvidia|geforce|hgx|sxm\d?|nv|nvl\d+|server|\d+gb)$/;

/** GPUs whose size belongs to the name, and the one that is meant without it. */
const SIZES: ReadonlyMap<string, string> = new Map([["a100", "80"]]);

function words(name: string): string[] {
  return name
    .trim()
    .toLowerCase()
    .split(/[\s_-]+/)
    .filter((word) => word !== "");
}

/** The name without its owner and without what tells releases apart: `meta-llama/Llama-3.1-8B-Instruct` → `llama-3.1-8b`. */
export function architectureName(name: string): string {
  return words(name.split("/").at(-1) ?? "")
    .filter((word) => !RELEASE_WORD.test(word))
    .join("-");
}

/** Letters and digits that names of one architecture share. */
export function modelKey(name: string): string {
  return architectureName(name)
    .split("-")
    .map((word) => word.replace(/^v(?=\d)/, ""))
    .join("")
    .replaceAll(/[^a-z0-9]/g, "");
}

/** Letters and digits that names of one GPU share: `RTX_PRO_6000_Server` → `pro6000`. */
export function gpuKey(name: string): string {
  const all = words(name);
  const size = all.map((word) => /^(40|80)(gb)?$/.exec(word)?.[1]).find((gb) => gb !== undefined);
  const kept = all.filter((word) => !BOARD_WORD.test(word));
  const usual = SIZES.get(kept[0] ?? "");
  if (usual === undefined) return kept.join("").replace(/^rtx/, "");
  return [...kept.filter((word) => word !== size), size ?? usual].join("");
}
