export * from "./calibrate-kernels.ts";
export { crossValidate, type TableFit } from "./cross-validate.ts";
export * from "./fit-steps.ts";
export * from "./measured-steps.ts";
export * from "./param-changes.ts";
export * from "./robust-fit.ts";
export * from "./step-accuracy.ts";
export * from "./table.ts";
