/** Reports from files: whole ones, older ones, and damage by its name. */

import { describe, expect, it } from "vitest";
import { readReport, reportInsight } from "../../src/plan/index.ts";
import { scenarioOf, TEN_AND_ONE, traceOf } from "../support/small-scenarios.ts";
import { simulate } from "../support/simulate.ts";

type Json = Record<string, unknown>;

const { report } = simulate({
  scenario: scenarioOf(
    { step_time: TEN_AND_ONE },
    { slo: { ttft_s: 1, classes: [{ name: "long", input_tokens_min: 50, ttft_s: 2 }] } },
  ),
  trace: traceOf(Array.from({ length: 9 }, (_, i) => ({ at: 1000 * i, input: 10 * i, output: 3 }))),
});
const copy = (): Json => JSON.parse(JSON.stringify(report)) as Json;

/** Every path of the document's objects, as deep as `depth`. */
function pathsOf(value: unknown, depth: number): string[][] {
  if (typeof value !== "object" || value === null || Array.isArray(value) || depth === 0) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [key],
    ...pathsOf(inner, depth - 1).map((path) => [key, ...path]),
  ]);
}

function holder(document: Json, path: readonly string[]): Json {
  return path.slice(0, -1).reduce((at, key) => at[key] as Json, document);
}

describe("a report from a file", () => {
  it("is seen as the run that wrote it", () => {
    const read = readReport(copy(), "r.json");
    if (!read.ok) throw new Error(read.problem.what);
    const insight = reportInsight(read.value);
    expect(insight).toEqual(reportInsight(report));
    expect(insight.groups.map(({ title }) => title)).toEqual(["Classes"]);
  });

  it("without what later versions have added has none of it", () => {
    const later = ["costByTier", "breakdown", "faults", "disagg", "energy", "tasks", "network"];
    const older = copy();
    for (const key of later) delete older[key];
    const read = readReport(older, "r.json");
    if (!read.ok) throw new Error(read.problem.what);
    expect(read.value.costByTier).toEqual([]);
    expect(reportInsight(read.value).whole?.byTtft).toEqual([]);
    expect(reportInsight(read.value).verdict).toEqual(reportInsight(report).verdict);
  });

  it("that lacks a part, or has another thing in its place, is read all the same or says which", () => {
    let named = 0;
    for (const path of pathsOf(report, 3)) {
      const key = path.at(-1)!;
      for (const damage of ["gone", "text"] as const) {
        const document = copy();
        if (damage === "gone") delete holder(document, path)[key];
        else holder(document, path)[key] = [];
        const read = readReport(document, "r.json");
        if (!read.ok) {
          // The part itself, or one within it.
          expect(`${read.problem.what} ${read.problem.expected}`).toContain(
            path[0] === "schema" ? "headworks.report.v1" : path.join("."),
          );
          named++;
        }
      }
    }
    expect(named).toBeGreaterThan(60);
  });

  it("is none where it is of another kind", () => {
    for (const document of [null, 3, "text", [], {}, { schema: "headworks.report.v2" }]) {
      const read = readReport(document, "r.json");
      expect(read.ok).toBe(false);
      if (!read.ok) expect(read.problem).toMatchObject({ where: "r.json" });
    }
  });
});
