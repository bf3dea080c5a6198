export * from "./bands.ts";
export * from "./sample-hardware.ts";
export * from "./sample-inputs.ts";
