export * from "./intervals.ts";
export * from "./resample.ts";
export * from "./router-study.ts";
