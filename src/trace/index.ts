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
export { inflate, looksGzipped } from "./inflate.ts";
export { sniffFormat, type Sniffed } from "./sniff.ts";
export { detectTickUs, spreadTicks } from "./ticks.ts";
