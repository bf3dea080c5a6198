/**
 * The tier study: is more cache worth it, and is fetching better than computing again? The scenario's tiers at several
 * sizes, each with every onboard policy, beside the same cluster without tiers.
 */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { onboardPolicies } from "../../policies/index.ts";
import type { Report, Scenario } from "../../sim/index.ts";
import { intervalOf } from "./intervals.ts";
import type { Interval } from "./intervals.ts";

export type TierStudyPlan = {
  /** Multiples of the scenario's tier sizes, ascending. */
  readonly sizes: readonly number[];
  readonly onboard: readonly string[];
  /** Replications: other traffic of the same kind each, the same for every size and policy. */
  readonly replications: number;
};

/** One run; size 0: without tiers, whatever the onboard policy. Replication 0: the traffic as it is. */
export type TierCase = {
  readonly size: number;
  readonly onboard: string;
  readonly replication: number;
};

export type TierSample = TierCase & {
  /** Share of prompt tokens found in GPU memory or fetched. */
  readonly hitRate: number;
  /** Share of prompt tokens that was fetched. */
  readonly fetchedShare: number;
  readonly goodputPerS: number;
  readonly attainment: number;
  readonly ttftMsP50: number;
  readonly ttftMsP99: number;
  readonly busyShare: number;
  /** Mean time of a fetch, ms; NaN: none. */
  readonly fetchMs: number;
  /** Why the lowest tier missed, as shares of prompt tokens. */
  readonly missed: { readonly [reason: string]: number };
};

/** A size and a policy over their replications: means, and 95 % intervals of what runs are compared by. */
export type TierRow = Omit<TierSample, "replication" | "goodputPerS" | "ttftMsP99"> & {
  readonly replications: number;
  readonly goodputPerS: Interval;
  readonly ttftMsP99: Interval;
  /** How much more p99 TTFT it has than the best policy at its size, as a share, replication by replication; 0: it is the best. */
  readonly behindBest: Interval;
};

export type TierStudy = {
  readonly schema: "headworks.tier-study.v1";
  readonly plan: TierStudyPlan;
  readonly samples: readonly TierSample[];
  readonly rows: readonly TierRow[];
  /** What limits, in sentences. */
  readonly conclusion: readonly string[];
};

/** Differences of p99 TTFT below this share are called equal: the bound that the predicted policy is held to. */
export const TIERS_SAME_SHARE = 0.02;

/** All runs, replication by replication, so that a study cut short has whole ones; the one without tiers first. */
export function tierCases({ sizes, onboard, replications }: TierStudyPlan): TierCase[] {
  const cases: TierCase[] = [];
  for (let replication = 0; replication < replications; replication++) {
    cases.push({ size: 0, onboard: "never", replication });
    for (const size of sizes)
      for (const name of onboard) cases.push({ size, onboard: name, replication });
  }
  return cases;
}

/** The plan, checked. Errors: a scenario without tiers, an unknown policy. */
export function tierStudyPlan(
  { kv }: Scenario,
  sizes: readonly number[],
  onboard: readonly string[],
  replications = 1,
): Result<TierStudyPlan> {
  if (kv.tiers.length === 0) {
    return fail({
      what: "the scenario has no KV tiers to study",
      where: "kv.tiers",
      expected: "at least one tier with its size",
      remedy: 'add kv.tiers, for example [{"level":"g2","capacity_bytes":"1 TB"}]',
    });
  }
  const known = onboardPolicies.map(({ meta }) => meta.name);
  const unknown = onboard.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    return fail({
      what: `unknown onboard policy "${unknown}"`,
      where: "--onboard",
      expected: known.join(", "),
    });
  }
  return ok({ sizes: sizes.toSorted((a, b) => a - b), onboard, replications });
}

/** The scenario of a case; its traffic is the caller's. */
export function scenarioOfTierCase(base: Scenario, one: TierCase): Scenario {
  const { size, onboard, replication } = one;
  const knobs = onboard === base.kv.onboard ? base.kv.onboard_knobs : {};
  const tiers = size === 0 ? [] : base.kv.tiers.map((tier) => scaled(tier, size));
  const seed = base.seed + replication;
  return { ...base, seed, kv: { ...base.kv, tiers, onboard, onboard_knobs: knobs } };
}

function scaled(
  tier: Scenario["kv"]["tiers"][number],
  size: number,
): Scenario["kv"]["tiers"][number] {
  const { capacity_blocks: blocks, capacity_bytes: bytes } = tier;
  return {
    ...tier,
    capacity_blocks: blocks === null ? null : Math.max(1, Math.round(blocks * size)),
    capacity_bytes: bytes === null ? null : bytes * size,
  };
}

/** What is kept of a run. Without an SLO goodput is the completed requests. */
export function tierSampleOf(one: TierCase, report: Report): TierSample {
  const { kv, tokens, slo, throughput, latency, batch } = report;
  const of = (count: number): number => (tokens.input === 0 ? 0 : count / tokens.input);
  const lowest = kv.tiers?.at(-1);
  return {
    ...one,
    hitRate: of(tokens.cached),
    fetchedShare: of(kv.onboarding?.fetchedTokens ?? 0),
    goodputPerS: slo.goodputPerS ?? throughput.requestsPerS,
    attainment: slo.attainment ?? 1,
    ttftMsP50: latency.ttftMs.p50 ?? NaN,
    ttftMsP99: latency.ttftMs.p99 ?? NaN,
    busyShare: batch.busyShare,
    fetchMs: kv.onboarding?.meanMs ?? NaN,
    missed: Object.fromEntries(
      Object.entries(lowest?.missedTokens ?? {}).map(([reason, count]) => [reason, of(count)]),
    ),
  };
}

/** What the runs say; a replication that is not whole is left out. */
export function concludeTierStudy(plan: TierStudyPlan, samples: readonly TierSample[]): TierStudy {
  const rows = tierRowsOf(plan, samples);
  return {
    schema: "headworks.tier-study.v1",
    plan,
    samples,
    rows,
    conclusion: [...worthLines(rows), ...onboardLines(rows), ...limitLines(rows)],
  };
}

/** The first replication counts as far as it went: a study of one that is cut short still says something. */
function tierRowsOf(plan: TierStudyPlan, samples: readonly TierSample[]): TierRow[] {
  const whole = Math.floor(samples.length / tierCases({ ...plan, replications: 1 }).length);
  const last = Math.max(1, whole);
  const groups = tierCases({ ...plan, replications: 1 }).flatMap(({ size, onboard }) => {
    const runs = samples.filter(
      (one) => one.size === size && one.onboard === onboard && one.replication < last,
    );
    return runs.length === 0 ? [] : [{ size, runs }];
  });
  return groups.map(({ size, runs }) => {
    const rivals = groups.filter((one) => one.size === size).map((one) => one.runs);
    const [best] = rivals.toSorted((a, b) => meanOf(a, "ttftMsP99") - meanOf(b, "ttftMsP99"));
    return rowOf(runs, best!);
  });
}

type Measure = "hitRate" | "fetchedShare" | "attainment" | "ttftMsP50" | "ttftMsP99" | "busyShare";

function meanOf(runs: readonly TierSample[], measure: Measure): number {
  return intervalOf(runs.map((run) => run[measure])).mean;
}

function rowOf(runs: readonly TierSample[], best: readonly TierSample[]): TierRow {
  const { size, onboard, missed } = runs[0]!;
  const fetchMs = runs.map((run) => run.fetchMs).filter((time) => !Number.isNaN(time));
  const reasons = Object.keys(missed).map((reason): [string, number] => [
    reason,
    intervalOf(runs.map((run) => run.missed[reason] ?? 0)).mean,
  ]);
  return {
    size,
    onboard,
    replications: runs.length,
    hitRate: meanOf(runs, "hitRate"),
    fetchedShare: meanOf(runs, "fetchedShare"),
    goodputPerS: intervalOf(runs.map((run) => run.goodputPerS)),
    attainment: meanOf(runs, "attainment"),
    ttftMsP50: meanOf(runs, "ttftMsP50"),
    ttftMsP99: intervalOf(runs.map((run) => run.ttftMsP99)),
    behindBest: intervalOf(runs.map((run, i) => run.ttftMsP99 / best[i]!.ttftMsP99 - 1)),
    busyShare: meanOf(runs, "busyShare"),
    fetchMs: fetchMs.length === 0 ? NaN : intervalOf(fetchMs).mean,
    missed: Object.fromEntries(reasons),
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function worthLines(rows: readonly TierRow[]): string[] {
  const without = rows.find(({ size }) => size === 0);
  const best = rows
    .filter(({ size }) => size > 0)
    .toSorted((a, b) => b.goodputPerS.mean - a.goodputPerS.mean || a.size - b.size)[0];
  if (without === undefined || best === undefined) return ["Too little was run to compare."];
  const gain =
    without.goodputPerS.mean === 0 ? NaN : best.goodputPerS.mean / without.goodputPerS.mean - 1;
  if (!(gain > 0)) {
    return [
      `No size of the tiers raises goodput above the ${without.goodputPerS.mean.toFixed(3)}/s without them.`,
    ];
  }
  return [
    `Without tiers ${percent(without.hitRate)} of prompt tokens are found and goodput is ` +
      `${without.goodputPerS.mean.toFixed(3)}/s; the best run, ${best.onboard} at ${best.size} × the size, ` +
      `finds ${percent(best.hitRate)} and reaches ${best.goodputPerS.mean.toFixed(3)}/s (+${percent(gain)}).`,
  ];
}

/** Where a rule loses to another in p99 TTFT, at the largest size that all were run at. */
function onboardLines(rows: readonly TierRow[]): string[] {
  const size = Math.max(...rows.map((one) => one.size));
  const ranked = rows
    .filter((one) => one.size === size && size > 0)
    .toSorted((a, b) => a.ttftMsP99.mean - b.ttftMsP99.mean);
  const [first, ...others] = ranked;
  if (first === undefined || others.length === 0) return [];
  // What chance alone could have made is no loss.
  const close = others.filter(
    ({ behindBest: { mean, half } }) => mean <= TIERS_SAME_SHARE || (half !== null && half > mean),
  );
  const behind = others.filter((one) => !close.includes(one));
  const names = [first, ...close].map((one) => one.onboard).join(" and ");
  const losses = behind.map((one) => `${one.onboard} by ${behindText(one.behindBest)}`);
  const verb = close.length === 0 ? "has" : "have";
  const rest = losses.length === 0 ? "" : `, ahead of ${losses.join(" and ")}`;
  return [`At ${size} × the size ${names} ${verb} the least p99 TTFT${rest}.`];
}

function behindText({ mean, half }: Interval): string {
  return half === null ? percent(mean) : `${percent(mean)} ± ${percent(half)}`;
}

/** What keeps the largest run from more hits: the traffic, the size, who may share, what is written, or the links. */
function limitLines(rows: readonly TierRow[]): string[] {
  const size = Math.max(...rows.map((one) => one.size));
  const largest = rows.filter((one) => one.size === size && size > 0);
  const always = largest.find(({ onboard }) => onboard === "always");
  const never = largest.find(({ onboard }) => onboard === "never");
  const seen = (always ?? largest[0])?.missed;
  if (seen === undefined) return [];
  const of = (reason: string): number => seen[reason] ?? 0;
  const lines = [
    `${percent(of("neverSeen") + of("partialBlock"))} of prompt tokens are new: no cache can have them.`,
  ];
  const causes: [string, string][] = [
    ["evicted", "size limits: they were evicted before they came back"],
    ["onAnotherWorker", "sharing limits: another worker's store has them, so widen the scope"],
    ["refused", "writing limits: the offload policy or its link let them pass by"],
  ];
  const [worst] = causes.toSorted(([a], [b]) => of(b) - of(a));
  if (worst !== undefined && of(worst[0]) > TIERS_SAME_SHARE / 2) {
    lines.push(`Of the rest ${percent(of(worst[0]))} is missed because ${worst[1]}.`);
  }
  if (always !== undefined && never !== undefined) {
    if (always.ttftMsP99.mean > never.ttftMsP99.mean * (1 + TIERS_SAME_SHARE)) {
      lines.push(
        `Links limit: fetching everything takes ${always.fetchMs.toFixed(0)} ms a request and is slower ` +
          "than computing it.",
      );
    } else if (never.busyShare > 0.9) {
      lines.push(`Compute limits without fetching: workers are busy ${percent(never.busyShare)}.`);
    }
  }
  return lines;
}
