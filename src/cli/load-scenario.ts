/** Scenario file + flags → one complete scenario. */

import { dirname } from "node:path";
import { fail, ok } from "../core/index.ts";
import type { QuantityParser, Result } from "../core/index.ts";
import { hasQuantities, parseScenario } from "../sim/index.ts";
import type { Scenario } from "../sim/index.ts";
import { readText } from "./read-file.ts";
import { parseDocument, withPosition } from "./scenario-document.ts";
import { applyOverride, parseOverride } from "./scenario-override.ts";

/** What a command line says about the scenario. */
export type ScenarioFlags = {
  readonly file?: string;
  readonly model?: string;
  readonly gpu?: string;
  readonly trace?: string;
  readonly workers?: string;
  readonly seed?: string;
  readonly set?: readonly string[];
};

export type LoadedScenario = {
  readonly scenario: Scenario;
  /** Folder that file names in the scenario are relative to. */
  readonly folder: string;
  /** Folder that the trace's name is relative to: the current one for `--trace`. */
  readonly traceFolder: string;
};

/** Where a fault came from decides how its place is named. */
type Draft = { document: unknown; text?: string; name?: string };

/**
 * Reads the scenario, applies `--trace`, `--model`, `--gpu`, `--workers`, `--seed` and then every `--set` in order, and
 * validates the result. A trace on the command line replaces the file's source of traffic.
 */
export async function loadScenario(flags: ScenarioFlags): Promise<Result<LoadedScenario>> {
  const base = await readDraft(flags.file);
  if (!base.ok) return base;
  const draft = base.value;
  // The file alone first, so that its faults are shown where they stand in it.
  const alone = await validate(draft.document);
  if (!alone.ok && draft.text !== undefined && draft.name !== undefined) {
    return fail(await withPosition(alone.problem, draft.text, draft.name));
  }
  let scenario = alone;
  const changed = await withFlags(draft.document, flags);
  if (!changed.ok) return changed;
  if (changed.value.names.length > 0) {
    scenario = await validate(changed.value.document);
    if (!scenario.ok) return fail(withFlagName(scenario.problem, changed.value.names));
  }
  if (!scenario.ok) return scenario;
  const folder = flags.file === undefined ? "." : dirname(flags.file);
  const traceFolder = flags.trace === undefined ? folder : ".";
  return ok({ scenario: scenario.value, folder, traceFolder });
}

async function readDraft(file: string | undefined): Promise<Result<Draft>> {
  if (file === undefined) return ok({ document: {} });
  const text = readText(file, "a scenario in YAML or JSON");
  if (!text.ok) return text;
  const document = await parseDocument(text.value, file);
  if (!document.ok) return document;
  return ok({ document: document.value, text: text.value, name: file });
}

async function validate(document: unknown): Promise<Result<Scenario>> {
  return parseScenario(document, await quantityParserFor(document));
}

/** mathjs takes half a second to load, so it is loaded only for a text with a unit. */
async function quantityParserFor(document: unknown): Promise<QuantityParser | undefined> {
  if (!hasQuantities(document)) return undefined;
  const { parseQuantity } = await import("../core/quantity.ts");
  return parseQuantity;
}

type Changed = { readonly document: unknown; readonly names: readonly string[] };

async function withFlags(document: unknown, flags: ScenarioFlags): Promise<Result<Changed>> {
  let changed = document;
  const names: string[] = [];
  const settings: string[] = [];
  if (flags.workers !== undefined) settings.push(`cluster.workers=${flags.workers}`);
  if (flags.seed !== undefined) settings.push(`seed=${flags.seed}`);
  settings.push(...(flags.set ?? []));
  if (flags.trace !== undefined) {
    changed = replaceSource(changed, flags.trace);
    names.push("--trace");
  }
  // Not through `--set`, which would take "4090" for a number.
  for (const key of ["model", "gpu"] as const) {
    const value = flags[key];
    if (value === undefined) continue;
    const next = applyOverride(changed, { path: [key], value });
    if (!next.ok) return next;
    changed = next.value;
    names.push(key);
  }
  for (const setting of settings) {
    const override = await parseOverride(setting);
    if (!override.ok) return override;
    const next = applyOverride(changed, override.value);
    if (!next.ok) return next;
    changed = next.value;
    names.push(override.value.path.join("."));
  }
  return ok({ document: changed, names });
}

/** The file's arrivals and window stay; only where the requests come from is replaced. */
function replaceSource(document: unknown, trace: string): unknown {
  const { trace: _shorthand, ...root } = document as Record<string, unknown>;
  const { source: _source, ...traffic } = (root["traffic"] ?? {}) as Record<string, unknown>;
  return { ...root, traffic: { ...traffic, source: { trace } } };
}

/** Keys that have a flag of their own. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ["cluster.workers", "--workers"],
  ["seed", "--seed"],
  ["model", "--model"],
  ["gpu", "--gpu"],
]);

function withFlagName<P extends { readonly where?: string }>(
  problem: P,
  names: readonly string[],
): P {
  const where = problem.where ?? "";
  const name = names.find((one) => where === one || where.startsWith(`${one}.`));
  if (name === undefined || name === "--trace") return problem;
  const flag = FLAGS.get(name) ?? `--set ${name}`;
  return { ...problem, where: where === name ? flag : `${flag}: ${where}` };
}
