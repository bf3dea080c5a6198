export * from "./digest.ts";
export * from "./event-queue.ts";
export * from "./gap-histogram.ts";
export * from "./log-bins.ts";
export * from "./quantile-sketch.ts";
export * from "./result.ts";
