export * from "./accuracy-report.ts";
export * from "./compare-runs.ts";
export { kendallTau, rankPairs, type PairCount } from "./kendall.ts";
export { blocksError, loadKvBlocks, type KnownBlocks } from "./kv-blocks.ts";
export { leaveOneOut, type LeaveOneOut, type LeftOutGroup, modelFamily } from "./leave-out.ts";
export { loadInferencex } from "./load-inferencex.ts";
export { loadSilicon } from "./load-silicon.ts";
export { loadTrtllmMax, loadTrtllmOnline } from "./load-trtllm.ts";
export { loadVllmE2e, loadVllmRequests } from "./load-vllm.ts";
export { loadWorkstation, type WorkstationFiles } from "./load-workstation.ts";
export * from "./measured-run.ts";
export { Mt19937 } from "./mt19937.ts";
export * from "./ranking.ts";
export type { RunParts } from "./run-engine.ts";
export { quantile } from "./run-statistics.ts";
export { compareRivals, loadRivals, type RivalComparison, type RivalPrediction } from "./rivals.ts";
export { simulateRun, simulationKey, type Prediction } from "./simulate-run.ts";
export { decodeBatch } from "./split-groups.ts";
export { loadSplitRecipes, type RecipeLimits, SplitRecipes } from "./split-recipes.ts";
export { compareSteps, loadStepRuns, type StepRun, type StepSummary } from "./step-runs.ts";
export {
  ERROR_TARGETS,
  judge,
  worstGroups,
  type TargetOutcome,
  type WorstGroup,
} from "./targets.ts";
export { type BenchLimits, benchLimits } from "./trtllm-bench.ts";
export { lengthsOf } from "./workload.ts";
