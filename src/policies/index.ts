export * from "./meta.ts";
export * from "./registry.ts";
export * from "./router/router.ts";
export * from "./scheduler/scheduler.ts";
export * from "./kv-policies.ts";
export * from "./eviction/eviction.ts";
export * from "./offload/offload.ts";
export * from "./onboard/onboard.ts";
export { ItemHeap } from "./eviction/item-heap.ts";
