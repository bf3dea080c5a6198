export { nearestNames } from "./nearest.ts";
export { parseScenario } from "./parse-scenario.ts";
export { writePerfetto } from "./perfetto.ts";
export type { PerfettoInput } from "./perfetto.ts";
export * from "./report.ts";
export { hasQuantities } from "./scenario-quantities.ts";
export { scenarioJsonSchema } from "./scenario-schema.ts";
export * from "./scenario.ts";
