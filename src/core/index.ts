export * from "./digest.ts";
export * from "./event-queue.ts";
export * from "./result.ts";
