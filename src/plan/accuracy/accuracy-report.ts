/** The document that the comparison with measured runs ends in: `headworks.accuracy.v1`. */

import { isCalibrationGroup } from "./calibration-groups.ts";
import type { AccuracyRow, GroupSummary, MetricSummary } from "./compare-runs.ts";
import { groupsOf, summariesOf } from "./compare-runs.ts";
import { leaveOneOut, type LeaveOneOut } from "./leave-out.ts";
import type { RunFamily } from "./measured-run.ts";
import type { Ranking } from "./ranking.ts";
import type { RivalComparison } from "./rivals.ts";
import type { StepSummary } from "./step-runs.ts";
import type { TargetOutcome } from "./targets.ts";
import { errorOutcome, judge } from "./targets.ts";

export type BlocksRow = {
  readonly id: string;
  readonly model: string;
  readonly gpu: string;
  readonly tp: number;
  readonly least: number;
  readonly most: number;
  readonly predicted: number;
  /** Distance from the logged range, relative. */
  readonly error: number;
};

export type AccuracyInputs = {
  readonly versions: { readonly headworks: string };
  readonly rows: readonly AccuracyRow[];
  readonly ranking: Ranking;
  readonly steps: readonly StepSummary[];
  readonly blocks: readonly BlocksRow[];
  readonly rivals: readonly RivalComparison[];
  readonly compared: number;
  /** Runs that could not be simulated, by reason. */
  readonly failures: readonly { readonly reason: string; readonly runs: number }[];
  readonly skipped: readonly {
    readonly file: string;
    readonly reason: string;
    readonly rows: number;
  }[];
};

export type AccuracyReport = Omit<AccuracyInputs, "steps"> & {
  readonly schema: "headworks.accuracy.v1";
  readonly targets: readonly TargetOutcome[];
  readonly groups: readonly GroupSummary[];
  readonly families: readonly {
    readonly family: RunFamily;
    readonly runs: number;
    readonly metrics: readonly MetricSummary[];
  }[];
  readonly steps: readonly Omit<StepSummary, "errors">[];
  /** How a factor for each engine does on groups that it was not chosen on; null without token times. */
  readonly leaveOneOut: LeaveOneOut | null;
};

const BLOCKS_LIMIT = 0.03;
const STEP_TARGETS = [
  { regime: "decode", limit: 0.08 },
  { regime: "context", limit: 0.1 },
  { regime: "mixed", limit: 0.1 },
] as const;

/** KV blocks by the worst count: each must be within the limit. */
function blocksOutcome(blocks: readonly BlocksRow[]): TargetOutcome {
  const title = "KV blocks that engines logged, the worst count";
  const errors = blocks.map(({ error }) => error);
  const outcome = errorOutcome({ id: "kv-blocks", title, limit: BLOCKS_LIMIT }, errors);
  if (outcome.value === null) return outcome;
  const worst = errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0);
  return { ...outcome, value: worst, met: worst <= BLOCKS_LIMIT };
}

function stepOutcomes(steps: readonly StepSummary[]): TargetOutcome[] {
  return STEP_TARGETS.map(({ regime, limit }) => {
    const own = steps.filter((step) => step.regime === regime && step.model === "qwen3-32b");
    const title = `vLLM steps on B300, Qwen3-32B: ${regime}`;
    const errors = own.flatMap((step) => step.errors);
    return errorOutcome({ id: `steps-${regime}`, title, limit }, errors);
  });
}

/** Puts the document together; groups that calibration saw are marked. */
export function accuracyReport(inputs: AccuracyInputs): AccuracyReport {
  const { rows, steps, blocks, ranking, ...rest } = inputs;
  const whole = rows.filter((row) => row.window === "run");
  const families = [...new Set(whole.map((row) => row.family))].map((family) => {
    const own = whole.filter((row) => row.family === family);
    const runs = new Set(own.map((row) => row.run)).size;
    return { family, runs, metrics: summariesOf(own) };
  });
  return {
    schema: "headworks.accuracy.v1",
    ...rest,
    targets: [blocksOutcome(blocks), ...stepOutcomes(steps), ...judge(rows, ranking)],
    groups: groupsOf(rows, isCalibrationGroup),
    families,
    steps: steps.map(({ errors: _errors, ...summary }) => summary),
    leaveOneOut: leaveOneOut(rows),
    blocks,
    ranking,
    rows,
  };
}
