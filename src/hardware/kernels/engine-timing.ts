/** What an engine adds to its kernels: floors of host and launch, fusions, graph sizes. */
import { fail, ok, type Result } from "../../core/index.ts";

/** Expert kernels by their names in the tables, and those of padded-experts.ts. */
const HOPPER_EXPERTS = ["triton", "cutlass", "deepgemm-skipping", "deepgemm-padded"] as const;
export type HopperExperts = (typeof HOPPER_EXPERTS)[number];

/** Measured time over kernel time, by kind of step; 1 where nothing was measured. */
export type RegimeScales = {
  readonly decode: number;
  readonly context: number;
  readonly mixed: number;
  /** Measured on another system and taken over. */
  readonly assumed?: boolean;
};

export type EngineTiming = {
  readonly engine: string;
  readonly version: string;
  readonly source: string;
  readonly date: string;
  /** Where it lies, when it is the user's own. */
  readonly file?: string;
  /** Tables of attention, of all-reduce and of expert kernels that this engine's kernels are like. */
  readonly attention: string;
  readonly collectives: string;
  readonly experts: string;
  /** Table of all-reduces that are not fused with a norm; that of `collectives` when absent. */
  readonly unfusedCollectives?: string;
  /** Largest decode batch that replays a CUDA graph; 0: none. */
  readonly graphRowsMax: number;
  /** Batch sizes that graphs are captured for, ascending; vLLM's when absent. */
  readonly graphSizes?: readonly number[];
  /** Largest step with prompt tokens that replays captured pieces. */
  readonly pieceTokensMax: number;
  /** All-reduce, residual and norm are one kernel. */
  readonly fusedAllReduceNorm: boolean;
  /** Architectures that the engine fuses them for; all when absent. */
  readonly fusedArchitectures?: readonly string[];
  /** Largest message that is fused, by GPU family ("hopper" and before, "blackwell") and ranks; any when absent. */
  readonly fusedBytesMax?: Readonly<Record<string, Readonly<Record<number, number>>>>;
  /**
   * Most rows of a fused all-reduce in which every rank sends all of them to every other; none when
   * absent: the engine picks the quicker kernel.
   */
  readonly oneShotRowsMax?: number;
  /** Rows of per-tensor fp8 products are quantised inside the kernel before (norm, activation). */
  readonly fusedQuant: boolean;
  /**
   * Rows of block-fp8 products are quantised on Blackwell by a kernel that is slower than that of the
   * tables: the rate at which it reads and writes, and its extra latency.
   */
  readonly slowBlockQuant?: { readonly bytesPerUs: number; readonly latencyUs: number };
  /** Kernel of block-fp8 experts on Hopper; the quickest of the engine's when absent. */
  readonly hopperBlockExperts?: HopperExperts;
  /** Small kernels (norms, rotary, cache write, activation) of a layer, and the time of each. */
  readonly smallKernels: number;
  readonly smallKernelUs: number;
  /**
   * The scheduler puts a step together when the one before it starts: what arrives in between is seen
   * one step later.
   */
  readonly lookahead: boolean;
  /** The host prepares the next step while this one runs: floors instead of additions. */
  readonly asyncScheduling: boolean;
  /** Host time of a decode step: fixed, and for each running request. */
  readonly hostStepUs: number;
  readonly hostRequestUs: number;
  /** Host time to launch one kernel outside CUDA graphs, the framework's part included. */
  readonly launchUs: number;
  /** Launches that the module around a layer's experts is worth to the host, whatever its kernels; these when absent. */
  readonly expertCallLaunches?: number;
  /** Time between two steps that nothing hides. */
  readonly gapUs: number;
  /** Client's path: from sending to the queue, and from the first token's step to the client. */
  readonly clientRequestUs: number;
  readonly clientTokenUs: number;
  /** API server's time for a prompt token; requests are read one after the other. */
  readonly ingestTokenUs: number;
  /** What older versions did otherwise, newest bound first. */
  readonly older?: readonly OlderTiming[];
  /** By GPU system of the parameter file; `default` for the others. */
  readonly scales: Readonly<Record<string, RegimeScales>>;
};

/** Fields that a version may have otherwise; names and texts are the profile's own. */
export type TimingChange = Partial<
  Omit<EngineTiming, "engine" | "version" | "source" | "date" | "older">
>;

/** A change that versions below `below` ("0.14", "1.0") still had. */
export type OlderTiming = {
  readonly below: string;
  readonly source: string;
  readonly set: TimingChange;
};

const TEXTS = [
  "engine",
  "version",
  "source",
  "date",
  "attention",
  "collectives",
  "experts",
] as const;
const NUMBERS = [
  "graphRowsMax",
  "pieceTokensMax",
  "smallKernels",
  "smallKernelUs",
  "hostStepUs",
  "hostRequestUs",
  "launchUs",
  "gapUs",
  "clientRequestUs",
  "clientTokenUs",
  "ingestTokenUs",
] as const;

function at(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function isNumber(value: unknown, positive: boolean): boolean {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  return positive ? value > 0 : value >= 0;
}

/** Reads an engine's timing. Problems name the file and the first bad field. */
export function parseEngineTiming(file: string, raw: unknown): Result<EngineTiming> {
  const bad = (where: string, expected: string): Result<never> =>
    fail({ what: `${where} is missing or wrong`, where: `${file}: ${where}`, expected });
  for (const key of TEXTS) if (typeof at(raw, key) !== "string") return bad(key, "a text");
  for (const key of NUMBERS) {
    if (!isNumber(at(raw, key), key === "smallKernelUs")) return bad(key, "a number ≥ 0");
  }
  for (const key of ["fusedAllReduceNorm", "fusedQuant", "asyncScheduling", "lookahead"]) {
    if (typeof at(raw, key) !== "boolean") return bad(key, "true or false");
  }
  const scales = at(raw, "scales");
  if (at(scales, "default") === undefined) return bad("scales.default", "three scales");
  for (const [system, scale] of Object.entries(scales as object)) {
    for (const regime of ["decode", "context", "mixed"]) {
      if (!isNumber(at(scale, regime), true)) {
        return bad(`scales.${system}.${regime}`, "a number > 0");
      }
    }
  }
  const quant = at(raw, "slowBlockQuant");
  if (quant !== undefined) {
    if (!isNumber(at(quant, "bytesPerUs"), true)) return bad("slowBlockQuant.bytesPerUs", "> 0");
    if (!isNumber(at(quant, "latencyUs"), false)) return bad("slowBlockQuant.latencyUs", "≥ 0");
  }
  const experts = at(raw, "hopperBlockExperts");
  if (experts !== undefined && !HOPPER_EXPERTS.some((name) => name === experts)) {
    return bad("hopperBlockExperts", HOPPER_EXPERTS.join(" or "));
  }
  const call = at(raw, "expertCallLaunches");
  if (call !== undefined && !isNumber(call, true)) return bad("expertCallLaunches", "> 0");
  const unfused = at(raw, "unfusedCollectives");
  if (unfused !== undefined && typeof unfused !== "string") {
    return bad("unfusedCollectives", "the name of a table");
  }
  const oneShot = at(raw, "oneShotRowsMax");
  if (oneShot !== undefined && !isNumber(oneShot, false)) return bad("oneShotRowsMax", "≥ 0");
  const sizes = at(raw, "graphSizes") ?? [];
  if (!Array.isArray(sizes) || sizes.some((size, i) => !(size > (sizes[i - 1] ?? 0)))) {
    return bad("graphSizes", "ascending batch sizes");
  }
  const fused = at(raw, "fusedArchitectures") ?? [];
  if (!Array.isArray(fused) || fused.some((name) => typeof name !== "string")) {
    return bad("fusedArchitectures", "a list of names as in config.json");
  }
  for (const [family, byRanks] of Object.entries(at(raw, "fusedBytesMax") ?? {})) {
    for (const [ranks, bytes] of Object.entries(byRanks as object)) {
      if (!isNumber(bytes, true)) return bad(`fusedBytesMax.${family}.${ranks}`, "> 0");
    }
  }
  const older = at(raw, "older") ?? [];
  if (!Array.isArray(older)) return bad("older", "a list");
  for (const [i, entry] of older.entries()) {
    const where = `older[${i}]`;
    if (typeof at(entry, "below") !== "string") return bad(`${where}.below`, "a version");
    if (typeof at(entry, "source") !== "string") return bad(`${where}.source`, "a text");
    // What the change leads to must be a timing itself.
    const merged = { ...(raw as object), ...(at(entry, "set") as object), older: [] };
    const changed = parseEngineTiming(`${file}: ${where}`, merged);
    if (!changed.ok) return changed;
  }
  return ok(raw as EngineTiming);
}

/** The scales for a system, or the engine's default. */
export function scalesOf(timing: EngineTiming, system: string): RegimeScales {
  const scales = timing.scales[system] ?? timing.scales["default"];
  return scales ?? { decode: 1, context: 1, mixed: 1 };
}
