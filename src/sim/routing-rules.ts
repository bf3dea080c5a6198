/**
 * The scenario's `router.rules`: which workers serve whose requests. Labels of pools and lists of workers both end as bits of
 * the workers behind a desk; what a request requires are the bits of the first rule that it falls under.
 */

import type { Problem } from "../core/index.ts";
import type { RouterRequest } from "../policies/index.ts";
import type { Trace } from "../trace/index.ts";
import { poolScenarios, poolsOf, ranksApart } from "./pool-scenarios.ts";
import { LABELS_MOST } from "./routing-keys.ts";
import type { RoutingRuleKeys } from "./routing-keys.ts";
import type { Scenario } from "./scenario.ts";

type Preferred = RouterRequest["preferredLabels"];

/** A worker behind a desk: its number, which of its ranks where these are apart, and the labels of its pool. */
export type LabelledWorker = {
  readonly id: number;
  readonly rank?: number | undefined;
  readonly labels: readonly string[];
};

const NOTHING: Preferred = [];

export class RoutingRules {
  /** Bits of each worker behind the desk. */
  readonly bits: Int32Array;
  private readonly trace: Trace | undefined;
  private readonly rules: {
    readonly tenant: number | undefined;
    readonly class: number | undefined;
    readonly required: number;
    readonly preferred: Preferred;
  }[];

  constructor(
    rules: RoutingRuleKeys,
    workers: readonly LabelledWorker[],
    trace: Trace | undefined,
  ) {
    this.trace = trace;
    this.bits = new Int32Array(workers.length);
    const names = [...new Set(workers.flatMap(({ labels }) => labels))];
    const bitOf = (name: string): number => (names.includes(name) ? 1 << names.indexOf(name) : 0);
    workers.forEach(({ labels }, i) => {
      for (const name of labels) this.bits[i]! |= bitOf(name);
    });
    let next = names.length;
    this.rules = rules.map((rule) => {
      const { required_labels: labels, preferred_labels: liked } = rule;
      let required = labels.reduce((bits, name) => bits | bitOf(name), 0);
      if (choosesAmong(rule, workers)) {
        const bit = 1 << next++;
        workers.forEach((worker, i) => {
          if (isAllowed(rule, worker)) this.bits[i]! |= bit;
        });
        required |= bit;
      }
      const preferred = Object.entries(liked)
        .filter(([name]) => bitOf(name) !== 0)
        .map(([name, weight]) => ({ labels: bitOf(name), weight }));
      return {
        tenant: codeOf(rule.tenant, trace?.labels?.tenant?.values),
        class: codeOf(rule.class, trace?.labels?.class?.values),
        required,
        preferred,
      };
    });
  }

  /** Writes down what the request of a trace's row requires and prefers. */
  apply(request: RouterRequest, row: number): void {
    const { labels } = this.trace ?? {};
    const rule = this.rules.find(
      (one) =>
        (one.tenant === undefined || one.tenant === labels?.tenant?.codes[row]) &&
        (one.class === undefined || one.class === labels?.class?.codes[row]),
    );
    request.requiredLabels = rule?.required ?? 0;
    request.preferredLabels = rule?.preferred ?? NOTHING;
  }
}

type Choice = Pick<RoutingRuleKeys[number], "allowed_workers" | "allowed_ranks">;

/** Whether a rule names some of these workers; one that names none leaves their role free. */
function choosesAmong(rule: Choice, workers: readonly LabelledWorker[]): boolean {
  if (rule.allowed_workers === null && rule.allowed_ranks === null) return false;
  return workers.some((worker) => isAllowed(rule, worker));
}

/** A worker stands for all its ranks. */
function isAllowed(
  { allowed_workers: allowed, allowed_ranks: ranks }: Choice,
  { id, rank }: LabelledWorker,
): boolean {
  if (allowed !== null && !allowed.includes(id)) return false;
  return ranks === null || rank === undefined || ranks.includes(rank);
}

/** The code of a name, −1: nobody has it; undefined: any will do. */
function codeOf(name: string | null, values: readonly string[] | undefined): number | undefined {
  return name === null ? undefined : (values?.indexOf(name) ?? -1);
}

/** What is wrong with a scenario's rules; undefined: nothing. */
export function checkRules(scenario: Scenario): Problem | undefined {
  const { router, cluster } = scenario;
  const { pools } = cluster;
  const workers =
    pools.length > 0 ? pools.reduce((sum, pool) => sum + pool.workers, 0) : cluster.workers;
  const known = new Set(pools.flatMap(({ labels }) => labels));
  if (known.size + router.rules.length > LABELS_MOST) {
    return {
      what: `${String(known.size)} labels and ${String(router.rules.length)} rules are too many`,
      where: "router.rules",
      expected: `${String(LABELS_MOST)} labels and rules at most`,
    };
  }
  for (const [index, rule] of router.rules.entries()) {
    const where = `router.rules.${String(index)}`;
    const stray = rule.allowed_workers?.find((id) => id >= workers);
    if (stray !== undefined) {
      return {
        what: `there is no worker ${String(stray)}`,
        where: `${where}.allowed_workers`,
        expected: `numbers from 0 to ${String(workers - 1)}`,
      };
    }
    const missing = missingRank(scenario, rule);
    if (missing !== undefined) return { ...missing, where: `${where}.allowed_ranks` };
    const odd = [...rule.required_labels, ...Object.keys(rule.preferred_labels)].find(
      (name) => !known.has(name),
    );
    if (odd !== undefined) {
      return {
        what: `no pool has the label ${JSON.stringify(odd)}`,
        where,
        expected: known.size > 0 ? `one of ${[...known].join(", ")}` : "labels of cluster.pools",
        remedy: "give a pool the label: cluster.pools[].labels",
      };
    }
    for (const role of new Set(pools.map((pool) => pool.role))) {
      const of = pools.filter((pool) => pool.role === role);
      const meets = of.some(({ labels }) =>
        rule.required_labels.every((name) => labels.includes(name)),
      );
      if (meets) continue;
      return {
        what: `no ${role} pool has all labels that rule ${String(index)} requires`,
        where: `${where}.required_labels`,
        expected: `labels that a ${role} pool has together`,
        remedy: "give such a pool the labels: who falls under the rule could never be served",
      };
    }
  }
  return undefined;
}

/** What is wrong with the ranks that a rule asks for; undefined: nothing. */
function missingRank(scenario: Scenario, rule: Choice): Problem | undefined {
  const { allowed_workers: allowed, allowed_ranks: wanted } = rule;
  if (wanted === null) return undefined;
  let first = 0;
  const counts: number[] = [];
  for (const own of inOrder(scenario)) {
    const last = first + own.cluster.workers - 1;
    const isMeant = allowed === null || allowed.some((id) => id >= first && id <= last);
    if (isMeant && ranksApart(own) > 1) counts.push(ranksApart(own));
    first = last + 1;
  }
  const most = Math.min(...counts);
  if (counts.length > 0 && wanted.every((rank) => rank < most)) return undefined;
  return {
    what:
      counts.length === 0
        ? "the workers have no ranks that are targets of their own"
        : `not every worker of the rule has a rank ${String(Math.max(...wanted))}`,
    expected:
      counts.length === 0
        ? "engine.data_ranks: apart, and cluster.parallelism.data above 1"
        : `ranks from 0 to ${String(most - 1)}`,
    remedy: "correct the ranks, or leave allowed_ranks out",
  };
}

/** The pools in the order in which their workers are numbered: decode pools last. */
function inOrder(scenario: Scenario): readonly Scenario[] {
  const named = poolsOf(scenario);
  const pools = poolScenarios(scenario).map((own, i) => ({
    own,
    last: named[i]!.role === "decode",
  }));
  return [...pools.filter(({ last }) => !last), ...pools.filter(({ last }) => last)].map(
    ({ own }) => own,
  );
}
