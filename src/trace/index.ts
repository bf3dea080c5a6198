export { decodeTrace } from "./columns-trace.ts";
export { cutTrace, type TraceCut } from "./cut-trace.ts";
export * from "./trace.ts";
export { exportLosses, exportTrace, EXPORT_FORMATS, type ExportFormat } from "./export-trace.ts";
export { chainHashIds, rowIdCount } from "./hash-runs.ts";
export {
  FORMATS,
  ROLES,
  TIME_UNITS,
  type ColumnMap,
  type FormatName,
  type ImportOptions,
  type Role,
  type TimeUnit,
} from "./import-options.ts";
export { importTrace } from "./import-trace.ts";
export { inferSessions } from "./infer-sessions.ts";
export { inflate, looksGzipped } from "./inflate.ts";
export { sniffFormat, type Sniffed } from "./sniff.ts";
export { detectTickUs, spreadTicks } from "./ticks.ts";
export { inspectTrace, type InspectOptions, type TraceStatistics } from "./inspect.ts";
export type { TraceWarning, WarningCode } from "./inspect-quality.ts";
export { meanRatePerS, type ArrivalSpec } from "./arrival-spec.ts";
export { arrivalProcess, type ArrivalProcess } from "./arrivals.ts";
export { lengthSampler, type LengthSampler, type LengthSpec } from "./lengths.ts";
export type { Flow, PrefixGroups, SynthRecipe } from "./synth-recipe.ts";
export {
  findRecipe,
  parametricRecipe,
  SYNTH_RECIPES,
  type ParametricOptions,
} from "./synth-recipes.ts";
export {
  isStreamable,
  rowSource,
  type RowSource,
  type SourceRow,
  type SynthOptions,
} from "./synth-rows.ts";
export { synthesize } from "./synth.ts";
export { findRegistered, parseRegistry, type RegistryEntry } from "./registry.ts";
