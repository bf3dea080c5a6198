/** What became of the requests of each class and each tenant. */

import { QuantileSketch } from "../core/index.ts";
import type { Trace } from "../trace/index.ts";
import {
  REQUEST_CANCELLED,
  REQUEST_FAILED,
  REQUEST_REJECTED,
  REQUEST_UNFINISHED,
} from "./report.ts";
import type { SloClasses } from "./slo-classes.ts";

/** Labels that are told apart; the rarer ones are one group (assumption: more rows than fit a screen help nobody). */
const LABELS_MOST = 20;

/** Measured requests of one group. */
export class RequestGroup {
  readonly name: string;
  measured = 0;
  completed = 0;
  rejected = 0;
  failed = 0;
  cancelled = 0;
  unfinished = 0;
  withinSlo = 0;
  readonly ttft = new QuantileSketch();
  readonly tpot = new QuantileSketch();
  readonly e2e = new QuantileSketch();

  constructor(name: string) {
    this.name = name;
  }

  /** A request of the group ended without completing. */
  ended(status: number): void {
    if (status === REQUEST_REJECTED) this.rejected++;
    else if (status === REQUEST_FAILED) this.failed++;
    else if (status === REQUEST_CANCELLED) this.cancelled++;
    else if (status === REQUEST_UNFINISHED) this.unfinished++;
  }

  /** Times in µs by the engine's clock; NaN: it has none. */
  completes(ttftUs: number, tpotUs: number, e2eUs: number, isGood: boolean): void {
    this.completed++;
    this.e2e.add(e2eUs);
    if (!Number.isNaN(ttftUs)) this.ttft.add(ttftUs);
    if (!Number.isNaN(tpotUs)) this.tpot.add(tpotUs);
    if (isGood) this.withinSlo++;
  }
}

/** All groups of one kind. */
export class RequestGroups {
  readonly all: readonly RequestGroup[];
  private readonly indexOf: (row: number) => number;

  /** @param indexOf the group of a row of the traffic that has arrived */
  constructor(names: readonly string[], indexOf: (row: number) => number) {
    this.all = names.map((name) => new RequestGroup(name));
    this.indexOf = indexOf;
  }

  of(row: number): RequestGroup {
    return this.all[this.indexOf(row)]!;
  }
}

type Label = NonNullable<NonNullable<Trace["labels"]>["tenant"]>;

/** Groups by a label of the trace, the most frequent first; undefined: all rows have the same, or none. */
function groupsByLabel(label: Label | undefined): RequestGroups | undefined {
  if (label === undefined) return undefined;
  const { values, codes } = label;
  const rows = values.map(() => 0);
  for (const code of codes) rows[code]!++;
  const ranked = [...values.keys()]
    .filter((code) => rows[code]! > 0)
    .sort((a, b) => rows[b]! - rows[a]! || a - b);
  if (ranked.length < 2) return undefined;
  const kept = ranked.slice(0, LABELS_MOST);
  const more = ranked.length - kept.length;
  const names = kept.map((code) => (values[code] === "" ? "none" : values[code]!));
  if (more > 0) names.push(`${String(more)} others`);
  const groupOf = Uint8Array.from(values, (_, code) => {
    const place = kept.indexOf(code);
    return place < 0 ? kept.length : place;
  });
  return new RequestGroups(names, (row) => groupOf[codes[row]!]!);
}

/** What the report tells apart; undefined where there is nothing to. */
export type GroupKinds = {
  readonly classes: RequestGroups | undefined;
  readonly tenants: RequestGroups | undefined;
};

/** By the scenario's classes of SLOs if it has any, else by those of the trace; and by the trace's tenants. */
export function groupsOf(slo: SloClasses, trace: Trace | undefined): GroupKinds {
  const names = slo.all.map(({ name }) => name);
  return {
    classes: slo.areSeveral
      ? new RequestGroups(names, (row) => slo.of(row))
      : groupsByLabel(trace?.labels?.class),
    tenants: groupsByLabel(trace?.labels?.tenant),
  };
}
