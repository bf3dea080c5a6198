import { describe, expect, it } from "vitest";
import { problemText } from "../../src/core/index.ts";
import { compareReports, directionOf, parseGate } from "../../src/plan/index.ts";
import type { Comparison } from "../../src/plan/index.ts";
import { reportOf, scenarioOf } from "../cli/fixtures.ts";

function compared(a: unknown, b: unknown, gates: readonly string[] = []): Comparison | string {
  const parsed = gates.map((text) => {
    const gate = parseGate(text);
    if (!gate.ok) throw new Error(gate.problem.what);
    return gate.value;
  });
  const result = compareReports({
    a: { name: "a.json", document: a },
    b: { name: "b.json", document: b },
    gates: parsed,
  });
  return result.ok ? result.value : problemText(result.problem);
}

const base = reportOf();
const slower = reportOf({
  digest: "f".repeat(32),
  scenario: scenarioOf({ name: "made up", trace: "small.jsonl", cluster: { workers: 1 } }),
  latency: { ...base.latency, ttftMs: { ...base.latency.ttftMs, p99: 600 } },
  throughput: { ...base.throughput, requestsPerS: 3.6 },
});

describe("compareReports", () => {
  it("finds nothing between equal reports", () => {
    const comparison = compared(base, reportOf({ wallS: 9 })) as Comparison;
    expect(comparison.sameDigest).toBe(true);
    expect(comparison.scenario).toEqual([]);
    expect(comparison.metrics.every((one) => one.mark === "same")).toBe(true);
    expect(comparison.metrics.length).toBeGreaterThan(50);
  });

  it("lists the scenario's differences and marks each change", () => {
    const comparison = compared(base, slower) as Comparison;
    expect(comparison.scenario).toEqual([{ path: "cluster.workers", a: 2, b: 1 }]);
    expect(comparison.metrics.filter((one) => one.mark !== "same")).toEqual([
      { metric: "latency.ttftMs.p99", a: 400, b: 600, change: 200, relative: 0.5, mark: "worse" },
      {
        metric: "throughput.requestsPerS",
        a: 4,
        b: 3.6,
        change: expect.closeTo(-0.4, 12) as number,
        relative: expect.closeTo(-0.1, 12) as number,
        mark: "worse",
      },
    ]);
  });

  it("keeps no data apart from zero", () => {
    const other = reportOf({ kv: { ...base.kv, hitRate: null } });
    const comparison = compared(base, other) as Comparison;
    expect(comparison.metrics.find((one) => one.metric === "kv.hitRate")).toEqual({
      metric: "kv.hitRate",
      a: 0.3325,
      b: null,
      change: null,
      relative: null,
      mark: "changed",
    });
  });

  it.each([
    ["ttftMs.p99=50%", true],
    ["ttftMs.p99=49%", false],
    ["latency.ttftMs.p99=200", true],
    ["latency.ttftMs.p99=199", false],
    ["requestsPerS=10.1%", true],
    ["requestsPerS=9%", false],
    ["batch.steps=0", true],
    ["slo.attainment=5%", false],
  ])("gate %s passes: %s", (gate, passes) => {
    const withoutSlo = { ...slower, slo: { ...slower.slo, attainment: 0.5 } };
    const comparison = compared(base, withoutSlo, [gate]) as Comparison;
    expect(comparison.gates[0]?.passed).toBe(passes);
    expect(comparison.passed).toBe(passes);
  });

  it("never fails a gate on a change for the better", () => {
    expect((compared(slower, base, ["ttftMs.p99=0", "requestsPerS=0"]) as Comparison).passed).toBe(
      true,
    );
  });

  it.each([
    [{ ...base, schema: "headworks.report.v2" }, "schema version 2"],
    [{ ...base, schema: "other" }, 'schema "other"'],
    [{ schema: "headworks.report.v1" }, "incomplete"],
    [{}, "no Headworks report"],
    [[], "no Headworks report"],
    [null, "no Headworks report"],
  ])("refuses %#", (document, words) => {
    const text = compared(base, document);
    expect(text).toContain("b.json: ");
    expect(text).toContain(words);
  });

  it.each(["p99=5%", "nothing=1"])("refuses the gate %s", (gate) => {
    expect(compared(base, slower, [gate])).toContain(`--fail-above ${gate}`);
  });
});

describe("parseGate", () => {
  it.each(["", "p99", "p99=", "p99=-5", "p99=5%%", "=5", "p99=Infinity"])("refuses %j", (text) => {
    expect(parseGate(text).ok).toBe(false);
  });
});

it("knows which way metrics are good", () => {
  expect(directionOf("latency.e2eMs.p50")).toBe("lower");
  expect(directionOf("kv.hitRate")).toBe("higher");
  expect(directionOf("batch.steps")).toBe("neutral");
});
