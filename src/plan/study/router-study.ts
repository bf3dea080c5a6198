/**
 * The router study: every policy on the same traffic, over load and over the age of what routers see, ranked with
 * intervals from paired replications. It lists the runs; whoever has the inputs makes them, in any order.
 */

import type { Report, Scenario } from "../../sim/index.ts";
import { intervalOf, pairedDifference } from "./intervals.ts";
import type { Interval } from "./intervals.ts";

export type StudyPlan = {
  readonly policies: readonly string[];
  /** The one that all are compared with, replication by replication. */
  readonly against?: string;
  /** Multiples of the scenario's own load. */
  readonly loads: readonly number[];
  /** Ages of KV events and scrapes, s. */
  readonly stalenessS: readonly number[];
  /** Replications: other traffic of the same kind each, the same for every policy. */
  readonly replications: number;
};

/** One run of the study. */
export type StudyCase = {
  readonly policy: string;
  readonly load: number;
  readonly stalenessS: number;
  /** 0: the traffic as it is. */
  readonly replication: number;
};

/** What is kept of a run. */
export type StudySample = StudyCase & {
  readonly goodputPerS: number;
  readonly attainment: number;
  readonly hitRate: number | null;
  readonly ttftMsP50: number;
  readonly ttftMsP99: number;
  readonly tpotMsP99: number;
};

/** All runs, replication by replication, so that a study cut short has whole ones. */
export function studyCases(plan: StudyPlan): StudyCase[] {
  const cases: StudyCase[] = [];
  for (let replication = 0; replication < plan.replications; replication++) {
    for (const stalenessS of plan.stalenessS) {
      for (const load of plan.loads) {
        for (const policy of plan.policies) cases.push({ policy, load, stalenessS, replication });
      }
    }
  }
  return cases;
}

/** The scenario of a case; `base` has the study's own load and seed. */
export function scenarioOfCase(base: Scenario, one: StudyCase): Scenario {
  const { arrivals } = base.traffic;
  const { load, stalenessS, policy } = one;
  const scaled =
    arrivals.mode === "timestamps"
      ? { ...arrivals, speedup: arrivals.speedup * load }
      : arrivals.mode === "closed"
        ? { ...arrivals, concurrency: Math.max(1, Math.round(arrivals.concurrency * load)) }
        : { ...arrivals, rate_per_s: arrivals.rate_per_s * load };
  return {
    ...base,
    seed: base.seed + one.replication,
    traffic: { ...base.traffic, arrivals: scaled },
    router: {
      ...base.router,
      policy,
      knobs: policy === base.router.policy ? base.router.knobs : {},
      kv_event_delay_s: stalenessS,
      metrics_interval_s: stalenessS,
    },
  };
}

/** What the study keeps of a case's report. Without an SLO goodput is the completed requests. */
export function sampleOf(one: StudyCase, report: Report): StudySample {
  const { slo, latency, throughput, kv } = report;
  return {
    ...one,
    goodputPerS: slo.goodputPerS ?? throughput.requestsPerS,
    attainment: slo.attainment ?? 1,
    hitRate: kv.hitRate,
    ttftMsP50: latency.ttftMs.p50 ?? NaN,
    ttftMsP99: latency.ttftMs.p99 ?? NaN,
    tpotMsP99: latency.tpotMs.p99 ?? NaN,
  };
}

export type StudyRow = {
  readonly policy: string;
  readonly goodputPerS: Interval;
  /** Share of the best policy's goodput in the same cell, and the interval of the difference to it, 1/s. */
  readonly ofBest: number;
  readonly behindBest: Interval;
  readonly attainment: number;
  /** `null`: prompts have no block ids, or no cache is on. */
  readonly hitRate: Interval | null;
  readonly ttftMsP50: number;
  readonly ttftMsP99: Interval;
  readonly tpotMsP99: number;
  /** Its difference to the plan's `against`, of the same traffic; `null`: it is that one, or there is none. */
  readonly against: StudyDifference | null;
};

/** Paired differences, each with its 95 % interval. */
export type StudyDifference = {
  readonly goodputPerS: Interval;
  /** As shares: 0.01 is a point. */
  readonly hitRate: Interval | null;
  readonly ttftMsP99: Interval;
};

export type StudyCell = {
  readonly load: number;
  readonly stalenessS: number;
  readonly replications: number;
  /** Best first. */
  readonly rows: readonly StudyRow[];
};

export type StudyRank = {
  readonly policy: string;
  /** Mean and least share of the best policy's goodput over all cells. */
  readonly meanOfBest: number;
  readonly leastOfBest: number;
  /** Cells in which no other policy has more goodput. */
  readonly wins: number;
};

export type RouterStudy = {
  readonly schema: "headworks.router-study.v1";
  readonly plan: StudyPlan;
  readonly cells: readonly StudyCell[];
  readonly ranking: readonly StudyRank[];
};

/** Ranks what has been run; replications that are not whole in a cell are left out of it. */
export function rankStudy(plan: StudyPlan, samples: readonly StudySample[]): RouterStudy {
  const cells = plan.stalenessS.flatMap((stalenessS) =>
    plan.loads.flatMap((load) => {
      const inCell = samples.filter((one) => one.load === load && one.stalenessS === stalenessS);
      const cell = cellOf(plan, inCell);
      return cell === undefined ? [] : [{ load, stalenessS, ...cell }];
    }),
  );
  const ranking = plan.policies.map((policy) => rankOf(policy, cells));
  return {
    schema: "headworks.router-study.v1",
    plan,
    cells,
    ranking: ranking.sort((a, b) => b.meanOfBest - a.meanOfBest),
  };
}

function cellOf(
  { policies, against }: StudyPlan,
  samples: readonly StudySample[],
): Pick<StudyCell, "replications" | "rows"> | undefined {
  const byPolicy = new Map(
    policies.map((policy) => [policy, samples.filter((one) => one.policy === policy)]),
  );
  const replications = Math.min(...[...byPolicy.values()].map((list) => list.length));
  if (replications === 0 || policies.length === 0) return undefined;
  const series = (policy: string): readonly StudySample[] =>
    byPolicy.get(policy)!.slice(0, replications);
  const goodputs = (policy: string): number[] =>
    series(policy).map(({ goodputPerS }) => goodputPerS);
  const mean = (values: readonly number[]): number => intervalOf(values).mean;
  const best = policies.toSorted((a, b) => mean(goodputs(b)) - mean(goodputs(a)))[0]!;
  const rows = policies.map((policy): StudyRow => {
    const list = series(policy);
    const hits = hitsOf(list);
    const goodputPerS = intervalOf(goodputs(policy));
    const most = mean(goodputs(best));
    return {
      policy,
      goodputPerS,
      ofBest: most === 0 ? 1 : goodputPerS.mean / most,
      behindBest: pairedDifference(goodputs(policy), goodputs(best)),
      attainment: mean(list.map((one) => one.attainment)),
      hitRate: hits === null ? null : intervalOf(hits),
      ttftMsP50: mean(list.map((one) => one.ttftMsP50)),
      ttftMsP99: intervalOf(list.map((one) => one.ttftMsP99)),
      tpotMsP99: mean(list.map((one) => one.tpotMsP99)),
      against:
        against === undefined || against === policy ? null : difference(list, series(against)),
    };
  });
  return { replications, rows: rows.sort((a, b) => b.goodputPerS.mean - a.goodputPerS.mean) };
}

function difference(a: readonly StudySample[], b: readonly StudySample[]): StudyDifference {
  const of = (read: (one: StudySample) => number): Interval =>
    pairedDifference(a.map(read), b.map(read));
  const hits = [hitsOf(a), hitsOf(b)] as const;
  return {
    goodputPerS: of((one) => one.goodputPerS),
    hitRate: hits[0] === null || hits[1] === null ? null : pairedDifference(hits[0], hits[1]),
    ttftMsP99: of((one) => one.ttftMsP99),
  };
}

/** Hit rates of the samples; `null`: one has none. */
function hitsOf(samples: readonly StudySample[]): number[] | null {
  const hits = samples.map(({ hitRate }) => hitRate);
  return hits.includes(null) ? null : hits.map((hit) => hit ?? 0);
}

function rankOf(policy: string, cells: readonly StudyCell[]): StudyRank {
  const shares = cells.map(({ rows }) => rows.find((row) => row.policy === policy)!.ofBest);
  return {
    policy,
    meanOfBest: shares.length === 0 ? NaN : intervalOf(shares).mean,
    leastOfBest: Math.min(...shares),
    wins: shares.filter((share) => share === 1).length,
  };
}
