export * from "./meta.ts";
export * from "./registry.ts";
export * from "./router/router.ts";
export * from "./scheduler/scheduler.ts";
