/**
 * The tier study: is more cache worth it, and is fetching better than computing again? The scenario's tiers at several
 * sizes, each with every onboard policy, beside the same cluster without tiers.
 */

import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { onboardPolicies } from "../../policies/index.ts";
import type { Report, Scenario } from "../../sim/index.ts";

export type TierStudyPlan = {
  /** Multiples of the scenario's tier sizes, ascending. */
  readonly sizes: readonly number[];
  readonly onboard: readonly string[];
};

/** One run; size 0: without tiers, whatever the onboard policy. */
export type TierCase = { readonly size: number; readonly onboard: string };

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

export type TierStudy = {
  readonly schema: "headworks.tier-study.v1";
  readonly plan: TierStudyPlan;
  readonly samples: readonly TierSample[];
  /** What limits, in sentences. */
  readonly conclusion: readonly string[];
};

/** Differences of p99 TTFT below this share are called equal: the bound that the predicted policy is held to. */
const SAME_SHARE = 0.02;

/** All runs, the one without tiers first. */
export function tierCases({ sizes, onboard }: TierStudyPlan): TierCase[] {
  const cases: TierCase[] = [{ size: 0, onboard: "never" }];
  for (const size of sizes) for (const name of onboard) cases.push({ size, onboard: name });
  return cases;
}

/** The plan, checked. Errors: a scenario without tiers, an unknown policy. */
export function tierStudyPlan(
  { kv }: Scenario,
  sizes: readonly number[],
  onboard: readonly string[],
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
  return ok({ sizes: sizes.toSorted((a, b) => a - b), onboard });
}

export function scenarioOfTierCase(base: Scenario, { size, onboard }: TierCase): Scenario {
  const knobs = onboard === base.kv.onboard ? base.kv.onboard_knobs : {};
  const tiers = size === 0 ? [] : base.kv.tiers.map((tier) => scaled(tier, size));
  return { ...base, kv: { ...base.kv, tiers, onboard, onboard_knobs: knobs } };
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

/** What the runs say. */
export function concludeTierStudy(plan: TierStudyPlan, samples: readonly TierSample[]): TierStudy {
  return {
    schema: "headworks.tier-study.v1",
    plan,
    samples,
    conclusion: [...worthLines(samples), ...onboardLines(samples), ...limitLines(samples)],
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function worthLines(samples: readonly TierSample[]): string[] {
  const without = samples.find(({ size }) => size === 0);
  const best = samples
    .filter(({ size }) => size > 0)
    .toSorted((a, b) => b.goodputPerS - a.goodputPerS || a.size - b.size)[0];
  if (without === undefined || best === undefined) return ["Too little was run to compare."];
  const gain = without.goodputPerS === 0 ? NaN : best.goodputPerS / without.goodputPerS - 1;
  if (!(gain > 0)) {
    return [
      `No size of the tiers raises goodput above the ${without.goodputPerS.toFixed(3)}/s without them.`,
    ];
  }
  return [
    `Without tiers ${percent(without.hitRate)} of prompt tokens are found and goodput is ` +
      `${without.goodputPerS.toFixed(3)}/s; the best run, ${best.onboard} at ${best.size} × the size, ` +
      `finds ${percent(best.hitRate)} and reaches ${best.goodputPerS.toFixed(3)}/s (+${percent(gain)}).`,
  ];
}

/** Where a rule loses to another in p99 TTFT, at the largest size that all were run at. */
function onboardLines(samples: readonly TierSample[]): string[] {
  const size = Math.max(...samples.map((one) => one.size));
  const ranked = samples
    .filter((one) => one.size === size && size > 0)
    .toSorted((a, b) => a.ttftMsP99 - b.ttftMsP99);
  const [first, ...others] = ranked;
  if (first === undefined || others.length === 0) return [];
  const close = others.filter((one) => one.ttftMsP99 <= first.ttftMsP99 * (1 + SAME_SHARE));
  const behind = others.filter((one) => !close.includes(one));
  const names = [first, ...close].map((one) => one.onboard).join(" and ");
  const losses = behind.map(
    (one) => `${one.onboard} by ${percent(one.ttftMsP99 / first.ttftMsP99 - 1)}`,
  );
  const verb = close.length === 0 ? "has" : "have";
  const rest = losses.length === 0 ? "" : `, ahead of ${losses.join(" and ")}`;
  return [`At ${size} × the size ${names} ${verb} the least p99 TTFT${rest}.`];
}

/** What keeps the largest run from more hits: the traffic, the size, who may share, what is written, or the links. */
function limitLines(samples: readonly TierSample[]): string[] {
  const size = Math.max(...samples.map((one) => one.size));
  const largest = samples.filter((one) => one.size === size && size > 0);
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
  if (worst !== undefined && of(worst[0]) > SAME_SHARE / 2) {
    lines.push(`Of the rest ${percent(of(worst[0]))} is missed because ${worst[1]}.`);
  }
  if (always !== undefined && never !== undefined) {
    if (always.ttftMsP99 > never.ttftMsP99 * (1 + SAME_SHARE)) {
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
