/** What a scenario names – trace, recipe, profile – → what the engine takes. */

import { existsSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { fail, ok } from "../core/index.ts";
import type { Result } from "../core/index.ts";
import { needsCards, poolScenarios, synthesizeTraffic, traceTraffic } from "../sim/index.ts";
import type {
  EngineInputs,
  HardwareInputs,
  LoadedTraffic,
  Scenario,
  SimulationInputs,
} from "../sim/index.ts";
import { FORMATS, importTrace, inferSessions } from "../trace/index.ts";
import type { FormatName, ImportOptions, Trace } from "../trace/index.ts";
import { ownRouter } from "./load-router.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import { bundledTrace } from "./package-root.ts";
import { readBytes } from "./read-file.ts";
import { isFolder, readFolder } from "./read-folder.ts";

export type InputFlags = {
  /** Bad rows to skip and count before the import fails. */
  readonly maxBadRows?: number;
  /** The user's card files and folders, in front of the bundled ones. */
  readonly cards?: readonly string[];
  /** Module of the user's own router. */
  readonly policy?: string;
};

export type LoadedInputs = Pick<LoadedTraffic, "spanUs"> & { readonly inputs: SimulationInputs };

/** Reads everything the scenario names. Errors: no source of traffic; what its reader says. */
export async function loadInputs(
  loaded: LoadedScenario,
  flags: InputFlags,
): Promise<Result<LoadedInputs>> {
  const { scenario } = loaded;
  // Before the trace: a misspelt name is said at once.
  const hardware = await loadCards(scenario, flags.cards ?? []);
  if (!hardware.ok) return hardware;
  const traffic = await loadTraffic(loaded, flags);
  if (!traffic.ok) return traffic;
  const table = await loadProfile(scenario, loaded.folder);
  if (!table.ok) return table;
  const pools = await loadPools(loaded, flags.cards ?? []);
  if (!pools.ok) return pools;
  const router = await ownRouter(scenario, flags.policy);
  if (!router.ok) return router;
  const inputs = {
    scenario,
    ...(router.value === undefined ? {} : { router: router.value.make }),
    ...traffic.value.traffic,
    ...(table.value === undefined ? {} : { table: table.value }),
    ...(hardware.value === undefined ? {} : { hardware: hardware.value }),
    ...(pools.value === undefined ? {} : { pools: pools.value }),
  };
  return ok({ inputs, spanUs: traffic.value.spanUs });
}

/** Cards are read only where a model or a GPU is named: they would slow every other cold start. */
async function loadCards(
  scenario: Scenario,
  cards: readonly string[],
): Promise<Result<HardwareInputs | undefined>> {
  if (!needsCards(scenario)) return ok(undefined);
  const { loadHardware } = await import("./load-hardware.ts");
  return loadHardware(scenario, cards);
}

/** Cards and profiles of each pool, where the scenario names pools. */
async function loadPools(
  { scenario, folder }: LoadedScenario,
  cards: readonly string[],
): Promise<Result<readonly EngineInputs[] | undefined>> {
  if (scenario.cluster.pools.length === 0) return ok(undefined);
  const scenarios = poolScenarios(scenario);
  let hardware: readonly EngineInputs[] = scenarios.map(() => ({}));
  if (scenarios.some(needsCards)) {
    const { loadPoolHardware } = await import("./load-hardware.ts");
    const loaded = await loadPoolHardware(scenario, cards);
    if (!loaded.ok) return loaded;
    hardware = loaded.value;
  }
  const pools: EngineInputs[] = [];
  for (const [index, pool] of scenarios.entries()) {
    const table = await loadProfile(pool, folder);
    if (!table.ok) return table;
    const profile = table.value === undefined ? {} : { table: table.value };
    pools.push({ ...hardware[index], ...profile });
  }
  return ok(pools);
}

async function loadTraffic(
  { scenario, traceFolder }: LoadedScenario,
  flags: InputFlags,
): Promise<Result<LoadedTraffic>> {
  const source = scenario.traffic.source;
  if (source.synth !== undefined) {
    return synthesizeTraffic(scenario, source.synth);
  }
  if (source.trace === undefined) {
    return fail({
      what: "the scenario names no traffic",
      where: "traffic.source",
      expected: "trace: FILE, or traffic.source.synth: RECIPE",
      remedy: "add --trace FILE, or try the bundled trace: --trace conversation-small",
    });
  }
  const format = formatOf(source.format, "traffic.source.format");
  if (!format.ok) return format;
  const trace = loadTrace(source.trace, traceFolder, {
    ...(format.value === undefined ? {} : { format: format.value }),
    ...(source.block_size === undefined ? {} : { blockSize: source.block_size }),
    ...(source.share_system ? { shareSystem: true } : {}),
    ...(flags.maxBadRows === undefined ? {} : { maxBadRows: flags.maxBadRows }),
  });
  if (!trace.ok) return trace;
  return ok(traceTraffic(source.infer_sessions ? inferSessions(trace.value) : trace.value));
}

/** A format's name as the importers know it. Errors: an unknown one. */
export function formatOf(name: string | undefined, where: string): Result<FormatName | undefined> {
  if (name === undefined) return ok(undefined);
  const known = FORMATS.find((one) => one === name);
  if (known !== undefined) return ok(known);
  return fail({
    what: `unknown trace format ${JSON.stringify(name)}`,
    where,
    expected: `one of ${FORMATS.join(", ")}`,
    remedy: "leave the format out, and it is found from the file's first lines",
  });
}

/** Reads and imports a trace file, or a bundled trace by its name. */
export function loadTrace(name: string, folder: string, options: ImportOptions): Result<Trace> {
  const beside = isAbsolute(name) || folder === "." ? name : join(folder, name);
  const path = existsSync(beside) ? beside : (bundledTrace(name) ?? beside);
  const role = "a trace (CSV or JSON Lines, gz or not)";
  const bytes = isFolder(path) ? readFolder(path, role) : readBytes(path, { role });
  if (!bytes.ok) return bytes;
  const short = basename(path).replace(/\.gz$/, "");
  return importTrace(bytes.value, { name: short, ...options });
}

async function loadProfile(
  scenario: Scenario,
  folder: string,
): Promise<Result<SimulationInputs["table"]>> {
  const step = scenario.engine.step_time;
  if (step?.type !== "table") return ok(undefined);
  const path = isAbsolute(step.profile) ? step.profile : join(folder, step.profile);
  const bytes = readBytes(path, { role: "a step-time profile (NPZ or JSON)" });
  if (!bytes.ok) return bytes;
  const { readProfileJson, readProfileNpz } = await import("../hardware/index.ts");
  // An NPZ is a zip archive and starts with "PK"; everything else is read as JSON.
  const zipped = bytes.value[0] === 0x50 && bytes.value[1] === 0x4b;
  const json = zipped ? undefined : parseJson(bytes.value);
  const table = zipped ? readProfileNpz(bytes.value) : readProfileJson(json);
  if (table.ok) return table;
  const where = table.problem.where === undefined ? path : `${path}: ${table.problem.where}`;
  return fail({ ...table.problem, where });
}

/** `undefined`, which no reader accepts, when the text is no JSON. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}
