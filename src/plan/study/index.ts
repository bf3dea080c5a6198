export * from "./intervals.ts";
export * from "./resample.ts";
export * from "./router-study.ts";
export * from "./disagg-findings.ts";
export { NETWORKS_DEFAULT } from "./disagg-networks.ts";
export type { DisaggSample, Limit } from "./disagg-sample.ts";
export * from "./disagg-study.ts";
export * from "./explain-request.ts";
export * from "./tier-study.ts";
