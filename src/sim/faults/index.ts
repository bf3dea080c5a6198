export { faultsOf } from "./build-faults.ts";
export { faultSummary } from "./report-faults.ts";
export type { Faults } from "./faults.ts";
export { fabricFaultProblem } from "./fault-checks.ts";
