/**
 * The scenario's `router.rules`: which workers serve whose requests. Labels of pools and lists of workers both end as bits of
 * the workers behind a desk; what a request requires are the bits of the first rule that it falls under.
 */

import type { Problem } from "../core/index.ts";
import type { RouterRequest } from "../policies/index.ts";
import type { Trace } from "../trace/index.ts";
import { LABELS_MOST } from "./routing-keys.ts";
import type { RoutingRuleKeys } from "./routing-keys.ts";
import type { Scenario } from "./scenario.ts";

type Preferred = RouterRequest["preferredLabels"];

/** A worker behind a desk: its number and the labels of its pool. */
export type LabelledWorker = { readonly id: number; readonly labels: readonly string[] };

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
      const { allowed_workers: allowed, required_labels: labels, preferred_labels: liked } = rule;
      let required = labels.reduce((bits, name) => bits | bitOf(name), 0);
      if (allowed !== null && workers.some(({ id }) => allowed.includes(id))) {
        const bit = 1 << next++;
        workers.forEach(({ id }, i) => {
          if (allowed.includes(id)) this.bits[i]! |= bit;
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

/** The code of a name, −1: nobody has it; undefined: any will do. */
function codeOf(name: string | null, values: readonly string[] | undefined): number | undefined {
  return name === null ? undefined : (values?.indexOf(name) ?? -1);
}

/** What is wrong with a scenario's rules; undefined: nothing. */
export function checkRules({ router, cluster }: Scenario): Problem | undefined {
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
