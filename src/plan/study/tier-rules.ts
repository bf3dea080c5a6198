/**
 * One onboard rule against the others, over tier studies of other traffic and other tiers: where it loses, where it wins,
 * and by how much, replication by replication.
 */

import { intervalOf } from "./intervals.ts";
import type { Interval } from "./intervals.ts";
import { TIERS_SAME_SHARE } from "./tier-study.ts";
import type { TierSample, TierStudy } from "./tier-study.ts";

/** A study, and what it is called by. */
export type NamedTierStudy = {
  readonly trace: string;
  readonly scenario: string;
  readonly study: TierStudy;
};

/** The rules at one size of a study. */
export type TierRulesRow = {
  readonly trace: string;
  readonly scenario: string;
  readonly size: number;
  readonly replications: number;
  /** Of the rule: share of prompt tokens fetched, p99 TTFT. */
  readonly fetchedShare: number;
  readonly ttftMsP99: Interval;
  /** How much more p99 TTFT each other rule has, as a share of the rule's. */
  readonly more: { readonly [onboard: string]: Interval };
  /** How much more p99 TTFT the rule has than the best of the others, as a share; negative: it is ahead of all. */
  readonly behind: Interval;
  /** Nothing is found again, so that all rules do the same. */
  readonly isIdle: boolean;
};

export type TierRules = {
  readonly schema: "headworks.tier-rules.v1";
  /** The rule that the others are compared with: the first of each plan. */
  readonly rule: string;
  readonly rows: readonly TierRulesRow[];
  readonly conclusion: readonly string[];
  readonly studies: readonly NamedTierStudy[];
};

/** Compares the first rule of the studies' plan, which they share, with the others of it. */
export function compareTierRules(studies: readonly NamedTierStudy[]): TierRules {
  const rule = studies[0]?.study.plan.onboard[0] ?? "";
  const rows = studies.flatMap((one) =>
    one.study.plan.sizes.flatMap((size) => {
      const row = rowOf(one, size, rule);
      return row === undefined ? [] : [row];
    }),
  );
  return {
    schema: "headworks.tier-rules.v1",
    rule,
    rows,
    conclusion: [...lossLines(rule, rows), ...winLines(rule, rows), ...idleLines(rows)],
    studies,
  };
}

/** Undefined: not all rules were run. */
function rowOf(
  { trace, scenario, study }: NamedTierStudy,
  size: number,
  rule: string,
): TierRulesRow | undefined {
  const { onboard } = study.plan;
  const runs = onboard.map((name) =>
    study.samples.filter((one) => one.size === size && one.onboard === name),
  );
  const replications = Math.min(...runs.map((list) => list.length));
  if (replications === 0) return undefined;
  const whole = runs.map((list) => list.slice(0, replications));
  const [own = [], ...others] = whole;
  const byMean = others.toSorted((a, b) => meanP99(a) - meanP99(b));
  const best = byMean[0] ?? own;
  const names = onboard.filter((name) => name !== rule);
  return {
    trace,
    scenario,
    size,
    replications,
    fetchedShare: intervalOf(own.map((run) => run.fetchedShare)).mean,
    ttftMsP99: intervalOf(own.map((run) => run.ttftMsP99)),
    more: Object.fromEntries(names.map((name, i) => [name, shareOver(others[i]!, own)])),
    behind: shareOver(own, best),
    isIdle: whole.every((list) => list.every((run) => run.fetchedShare === 0)),
  };
}

function meanP99(runs: readonly TierSample[]): number {
  return intervalOf(runs.map((run) => run.ttftMsP99)).mean;
}

/** How much more p99 TTFT some runs have than others on the same traffic. */
function shareOver(runs: readonly TierSample[], base: readonly TierSample[]): Interval {
  return intervalOf(runs.map((run, i) => run.ttftMsP99 / base[i]!.ttftMsP99 - 1));
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function withHalf({ mean, half }: Interval): string {
  return half === null ? percent(mean) : `${percent(mean)} ± ${percent(half)}`;
}

function placeOf({ trace, scenario, size }: TierRulesRow): string {
  return `${trace}, ${scenario}, × ${String(size)}`;
}

function lossLines(rule: string, rows: readonly TierRulesRow[]): string[] {
  const [worst] = rows
    .filter(({ isIdle }) => !isIdle)
    .toSorted((a, b) => b.behind.mean - a.behind.mean);
  if (worst === undefined) return [];
  if (worst.behind.mean <= 0) return [`${rule} is nowhere behind another rule in p99 TTFT.`];
  const { half } = worst.behind;
  const chance = half !== null && half > worst.behind.mean ? ", which chance could have made" : "";
  return [
    `${rule} is at most ${withHalf(worst.behind)} behind the best of the other rules in p99 TTFT ` +
      `(${placeOf(worst)})${chance}.`,
  ];
}

function winLines(rule: string, rows: readonly TierRulesRow[]): string[] {
  const ahead = rows.filter(
    ({ behind: { mean, half } }) => -mean > TIERS_SAME_SHARE && (half === null || -mean > half),
  );
  const [best] = ahead.toSorted((a, b) => a.behind.mean - b.behind.mean);
  if (best === undefined) return [`${rule} is nowhere ahead of all others by more than chance.`];
  return [
    `It is ahead of all others by more than ${percent(TIERS_SAME_SHARE)} in ${String(ahead.length)} of ${String(rows.length)} ` +
      `rows, most in ${placeOf(best)}: ${percent(-best.behind.mean)} less p99 TTFT than the best of them.`,
  ];
}

function idleLines(rows: readonly TierRulesRow[]): string[] {
  const idle = new Set(rows.filter(({ isIdle }) => isIdle).map(({ trace }) => trace));
  for (const { trace, isIdle } of rows) if (!isIdle) idle.delete(trace);
  if (idle.size === 0) return [];
  return [
    `On ${[...idle].join(" and ")} no prompt repeats what lies in a tier: all rules are the same.`,
  ];
}
