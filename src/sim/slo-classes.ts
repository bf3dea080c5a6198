/** The scenario's `slo`: the targets of each request, by the class that it belongs to. */

import type { Problem } from "../core/index.ts";
import type { Trace } from "../trace/index.ts";
import type { Scenario } from "./scenario.ts";
import type { SloClassKeys, SloKeys } from "./slo-keys.ts";

const US_PER_S = 1e6;
/** The class of those that belong to no other. */
const REST = "others";
/** A label that no request of the trace has. */
const NOBODY = -2;

/** Latency targets, µs; Infinity: none. */
export type SloTargets = {
  readonly ttftUs: number;
  readonly tpotUs: number;
  readonly e2eUs: number;
};

/** A class of requests and what it is promised; times by the client's clock. */
export type SloClass = {
  readonly name: string;
  readonly targets: SloTargets;
  /** Share of its requests that must meet the targets. */
  readonly attainment: number;
};

type Selector = {
  readonly class: number | undefined;
  readonly tenant: number | undefined;
  readonly priorityMin: number;
  readonly inputTokensMin: number;
};

export class SloClasses {
  /** In the scenario's order; the last: everybody else. */
  readonly all: readonly SloClass[];
  private readonly selectors: readonly Selector[];
  private readonly trace: Trace | undefined;
  /** Class by row of the traffic, of those that have arrived. */
  private codes = new Uint8Array(1024);

  constructor(slo: SloKeys, trace: Trace | undefined) {
    this.trace = trace;
    this.all = [
      ...slo.classes.map((own) => ({
        name: own.name,
        targets: targetsOf({
          ttft_s: own.ttft_s === undefined ? slo.ttft_s : own.ttft_s,
          tpot_s: own.tpot_s === undefined ? slo.tpot_s : own.tpot_s,
          e2e_s: own.e2e_s === undefined ? slo.e2e_s : own.e2e_s,
        }),
        attainment: own.attainment ?? slo.attainment,
      })),
      { name: REST, targets: targetsOf(slo), attainment: slo.attainment },
    ];
    this.selectors = slo.classes.map((own) => selectorOf(own, trace));
  }

  /** Whether there is any but the plain one. */
  get areSeveral(): boolean {
    return this.selectors.length > 0;
  }

  /** Whether any request has a target. */
  get hasTargets(): boolean {
    return this.all.some(({ targets }) => isTarget(targets));
  }

  /** A request of the traffic's row arrives, with so many prompt tokens. */
  arrived(row: number, inputTokens: number): void {
    const { selectors } = this;
    if (selectors.length === 0) return;
    let code = 0;
    while (code < selectors.length && !this.fits(selectors[code]!, row, inputTokens)) code++;
    if (row >= this.codes.length) {
      const grown = new Uint8Array(Math.max(row + 1, this.codes.length * 2));
      grown.set(this.codes);
      this.codes = grown;
    }
    this.codes[row] = code;
  }

  /** The class, an index of `all`, of a row that has arrived. */
  of(row: number): number {
    return this.selectors.length === 0 ? 0 : this.codes[row]!;
  }

  private fits(selector: Selector, row: number, inputTokens: number): boolean {
    const { trace } = this;
    const { class: name, tenant, priorityMin, inputTokensMin } = selector;
    return (
      (name === undefined || name === trace?.labels?.class?.codes[row]) &&
      (tenant === undefined || tenant === trace?.labels?.tenant?.codes[row]) &&
      (trace?.priority?.[row] ?? 0) >= priorityMin &&
      inputTokens >= inputTokensMin
    );
  }
}

/** Whether there is a target. */
export function isTarget({ ttftUs, tpotUs, e2eUs }: SloTargets): boolean {
  return Math.min(ttftUs, tpotUs, e2eUs) < Infinity;
}

/** Whether a scenario promises anything to anybody. */
export function hasSlo({ slo }: Pick<Scenario, "slo">): boolean {
  return new SloClasses(slo, undefined).hasTargets;
}

function selectorOf(own: SloClassKeys, trace: Trace | undefined): Selector {
  const { labels } = trace ?? {};
  return {
    class: codeOf(own.class, labels?.class?.values),
    tenant: codeOf(own.tenant, labels?.tenant?.values),
    priorityMin: own.priority_min ?? -Infinity,
    inputTokensMin: own.input_tokens_min ?? 0,
  };
}

/** Undefined: any will do. */
function codeOf(name: string | null, values: readonly string[] | undefined): number | undefined {
  if (name === null) return undefined;
  const code = values?.indexOf(name) ?? -1;
  return code < 0 ? NOBODY : code;
}

function targetsOf(keys: {
  readonly ttft_s?: number | null | undefined;
  readonly tpot_s?: number | null | undefined;
  readonly e2e_s?: number | null | undefined;
}): SloTargets {
  return {
    ttftUs: (keys.ttft_s ?? Infinity) * US_PER_S,
    tpotUs: (keys.tpot_s ?? Infinity) * US_PER_S,
    e2eUs: (keys.e2e_s ?? Infinity) * US_PER_S,
  };
}

/** Classes that are called alike, or that nobody could fall into. */
export function checkSlo({ slo }: Scenario): Problem | undefined {
  const names = new Set([REST]);
  for (const [index, own] of slo.classes.entries()) {
    const where = `slo.classes.${String(index)}`;
    if (names.has(own.name)) {
      return {
        what:
          own.name === REST
            ? `${JSON.stringify(REST)} is what those in no class are called`
            : `two classes have the name ${JSON.stringify(own.name)}`,
        where: `${where}.name`,
        expected: "a name of its own for each class",
      };
    }
    names.add(own.name);
    const before = slo.classes.slice(0, index).find((other) => takesAll(other, own));
    if (before === undefined) continue;
    return {
      what: `class ${JSON.stringify(own.name)} is never reached: ${JSON.stringify(before.name)} before it takes all its requests`,
      where,
      expected: "the narrower class first",
      remedy: "change their order, or say which requests belong to the first",
    };
  }
  return undefined;
}

/** Whether all requests that fit one class fit another. */
function takesAll(other: SloClassKeys, own: SloClassKeys): boolean {
  const isWider = (a: string | null, b: string | null): boolean => a === null || a === b;
  return (
    isWider(other.class, own.class) &&
    isWider(other.tenant, own.tenant) &&
    (other.priority_min ?? -Infinity) <= (own.priority_min ?? -Infinity) &&
    (other.input_tokens_min ?? 0) <= (own.input_tokens_min ?? 0)
  );
}
