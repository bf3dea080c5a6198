export { handoffsOf } from "./build-handoffs.ts";
export type { Handoffs, HandoffSink } from "./handoffs.ts";
