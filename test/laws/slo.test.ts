/** Classes and tenants: each request is counted once, by its own targets, whatever becomes of it. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { REQUEST_STATUS_NAMES } from "../../src/sim/index.ts";
import type { GroupSummary, Report, RequestColumns } from "../../src/sim/index.ts";
import type { RandomRun } from "../support/random-scenario.ts";
import { randomRuns } from "../support/random-scenario.ts";
import { randomStorms } from "../support/random-storm.ts";
import { simulate } from "../support/simulate.ts";
import { LAW_TIMEOUT_MS, lawRuns, withSections } from "./law-runs.ts";

type Row = {
  readonly name: string;
  readonly tenant: string;
  readonly status: (typeof REQUEST_STATUS_NAMES)[number];
  /** ms by the client's clock; NaN: none. */
  readonly ttft: number;
  readonly tpot: number;
  readonly e2e: number;
  readonly isGood: boolean;
};

/** Every measured request from its row of results, classed as the scenario's words say. */
function rowsOf(run: RandomRun, columns: RequestColumns, { engine }: Report): Row[] {
  const { slo, traffic } = run.scenario;
  const labels = run.trace.labels!;
  const rows: Row[] = [];
  for (let i = 0; i < columns.rows; i++) {
    if (columns.arrivalUs[i]! < Math.round(traffic.warmup_s * 1e6)) continue;
    const row = columns.row[i]!;
    const kind = labels.class!.values[labels.class!.codes[row]!];
    const tenant = labels.tenant!.values[labels.tenant!.codes[row]!]!;
    const own = slo.classes.find(
      (one) =>
        (one.class === null || one.class === kind) &&
        (one.tenant === null || one.tenant === tenant) &&
        (one.input_tokens_min === null || run.trace.inputTokens[row]! >= one.input_tokens_min),
    );
    const promise = (key: "ttft_s" | "tpot_s" | "e2e_s"): number =>
      ((own?.[key] === undefined ? slo[key] : own[key]) ?? Infinity) * 1e3;
    const output = columns.outputTokens[i]!;
    const status = REQUEST_STATUS_NAMES[columns.status[i]!]!;
    const isDone = status === "completed";
    const path = engine.clientPathMs;
    const ms = (to: Float64Array, from: Float64Array): number => (to[i]! - from[i]!) / 1e3;
    const { arrivalUs, firstTokenUs, finishUs } = columns;
    const ttft = isDone && output > 0 ? ms(firstTokenUs, arrivalUs) + path : NaN;
    const tpot = isDone && output > 1 ? ms(finishUs, firstTokenUs) / (output - 1) : NaN;
    const e2e = isDone ? ms(finishUs, arrivalUs) + path : NaN;
    const isLate =
      ttft > promise("ttft_s") + 1e-9 ||
      tpot > promise("tpot_s") + 1e-9 ||
      e2e > promise("e2e_s") + 1e-9;
    rows.push({
      name: slo.classes.length === 0 ? kind! : (own?.name ?? "others"),
      tenant,
      status,
      ttft,
      tpot,
      e2e,
      isGood: isDone && !isLate,
    });
  }
  return rows;
}

function median(values: readonly number[]): number | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * 0.5)] ?? null;
}

function checkGroups(
  groups: readonly GroupSummary[],
  rows: readonly Row[],
  key: "name" | "tenant",
) {
  const names = new Set(groups.map(({ name }) => name));
  for (const row of rows) expect(names).toContain(row[key]);
  for (const group of groups) {
    const own = rows.filter((row) => row[key] === group.name);
    const count = (status: Row["status"]): number =>
      own.filter((row) => row.status === status).length;
    expect(group.requests).toEqual({
      measured: own.length,
      completed: count("completed"),
      rejected: count("rejected"),
      failed: count("failed"),
      cancelled: count("cancelled"),
      unfinished: count("unfinished"),
    });
    for (const latency of ["ttft", "tpot", "e2e"] as const) {
      const expected = median(own.map((row) => row[latency]));
      const found = group[`${latency}Ms`].p50;
      if (expected === null) expect(found).toBeNull();
      else expect(found).toBeCloseTo(expected, 6);
    }
    if (group.attainment === null) continue;
    const good = own.filter(({ isGood }) => isGood).length;
    expect(group.attainment).toBeCloseTo(good / own.length, 12);
  }
}

test(
  "every class and tenant counts its requests, by a walk over all rows",
  () => {
    const seen = { classes: 0, missed: 0, rejected: 0, lost: 0 };
    fc.assert(
      fc.property(fc.oneof(randomRuns, randomStorms), (run) => {
        const { report, requests } = simulate(run, { requests: true });
        const rows = rowsOf(run, requests!, report);
        const { classes, tenants } = report.slo;
        if (classes !== null) checkGroups(classes, rows, "name");
        if (tenants !== null) checkGroups(tenants, rows, "tenant");
        if (rows.length > 0) {
          const good = rows.filter(({ isGood }) => isGood).length;
          expect(report.slo.attainment).toBeCloseTo(good / rows.length, 12);
        }
        if (run.scenario.slo.classes.length > 0) {
          seen.classes++;
          requests!.sloClass!.forEach((code, i) => {
            const measured = requests!.arrivalUs[i]! >= run.scenario.traffic.warmup_s * 1e6;
            if (measured) expect(classes![code]!.requests.measured).toBeGreaterThan(0);
          });
        }
        if (classes?.some(({ held }) => held === false) === true) seen.missed++;
        for (const { status } of rows) {
          if (status === "rejected") seen.rejected++;
          if (status === "failed" || status === "cancelled") seen.lost++;
        }
      }),
      lawRuns(150),
    );
    expect(seen.classes).toBeGreaterThan(30);
    expect(seen.missed).toBeGreaterThan(30);
    expect(seen.rejected).toBeGreaterThan(30);
    expect(seen.lost).toBeGreaterThan(30);
  },
  LAW_TIMEOUT_MS,
);

test(
  "classes that are promised what everybody is change nothing but the tables",
  () => {
    fc.assert(
      fc.property(randomRuns, (run) => {
        const { scenario } = run;
        // Sums over classes round otherwise than one sum.
        if (scenario.router.policy === "headworks") return;
        const { classes: _, ...plain } = scenario.slo;
        const alike = [
          { name: "a", tenant: "a" },
          { name: "long", input_tokens_min: 100 },
        ];
        const both = [[], alike].map((classes) => {
          const own = withSections(scenario, { slo: { ...plain, classes } });
          return simulate({ ...run, scenario: own }).report;
        });
        expect(both[1]!.digest).toBe(both[0]!.digest);
        expect(both[1]!.slo.attainment).toBe(both[0]!.slo.attainment);
        expect(both[1]!.slo.goodputPerS).toBe(both[0]!.slo.goodputPerS);
      }),
      lawRuns(60),
    );
  },
  LAW_TIMEOUT_MS,
);
