export { faultsOf } from "./build-faults.ts";
export { faultSummary } from "./report-faults.ts";
export type { Faults } from "./faults.ts";
export { linkFaultProblem } from "./link-faults.ts";
