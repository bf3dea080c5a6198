/** Classes and tenants of a run as tables, the same in the terminal, on the HTML page and in the explorer. */

import { countText, numberText, percentText } from "../../core/index.ts";
import { targetsText } from "../../sim/index.ts";
import type { GroupSummary, Report } from "../../sim/index.ts";

export type GroupTable = {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
};

const NUMBERS = [
  "requests",
  "rejected",
  "lost",
  "TTFT p50",
  "TTFT p99",
  "TPOT p50",
  "TPOT p99",
  "goodput/s",
  "within SLO",
] as const;

/** A table for the classes and one for the tenants, as far as there are several; times in ms. */
export function groupTables({ slo }: Pick<Report, "slo">): readonly GroupTable[] {
  const tables: GroupTable[] = [];
  // Reports of earlier versions have neither.
  const classes = (slo.classes ?? []).filter(({ requests }) => requests.measured > 0);
  if (classes.length > 0) {
    tables.push({
      title: "Classes",
      head: ["class", ...NUMBERS, "SLO"],
      rows: classes.map((one) => {
        const targets = targetsText(one.targets);
        const share = `${percentText(one.attainmentMin)} within ${targets}`;
        const mark = one.held === null ? "" : one.held ? ": held" : ": missed";
        return [...rowOf(one), targets === "" ? "none" : `${share}${mark}`];
      }),
    });
  }
  const tenants = (slo.tenants ?? []).filter(({ requests }) => requests.measured > 0);
  if (tenants.length > 0) {
    tables.push({ title: "Tenants", head: ["tenant", ...NUMBERS], rows: tenants.map(rowOf) });
  }
  return tables;
}

function rowOf({ name, requests, ...group }: GroupSummary): string[] {
  const { ttftMs, tpotMs, goodputPerS, attainment } = group;
  return [
    name,
    countText(requests.measured),
    countText(requests.rejected),
    countText(requests.failed + requests.cancelled),
    numberText(ttftMs.p50),
    numberText(ttftMs.p99),
    numberText(tpotMs.p50),
    numberText(tpotMs.p99),
    numberText(goodputPerS),
    percentText(attainment),
  ];
}
