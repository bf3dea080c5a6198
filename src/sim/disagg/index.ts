export { handoffsOf } from "./build-handoffs.ts";
export type { Handoffs } from "./handoffs.ts";
export type { HandoffSink } from "./handoff-parts.ts";
