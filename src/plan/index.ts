export * from "./accuracy/index.ts";
export * from "./calibrate/index.ts";
export * from "./compare.ts";
export * from "./insight/index.ts";
export { parseGate } from "./gates.ts";
export type { Gate, GateOutcome } from "./gates.ts";
export type * from "./metric-change.ts";
export { directionOf } from "./metric-directions.ts";
export * from "./uncertainty/index.ts";
