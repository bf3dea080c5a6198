/** Classes and tenants in the terminal, on the page, and between two runs. */

import { expect, test } from "vitest";
import { reportHtml } from "../../src/cli/report-html.ts";
import { reportText } from "../../src/cli/report-text.ts";
import { compareReports, directionOf } from "../../src/plan/index.ts";
import type { GroupSummary, Report } from "../../src/sim/index.ts";
import { reportOf, resultOf } from "./fixtures.ts";

const { ttftMs, tpotMs, e2eMs } = reportOf().latency;

function groupOf(name: string, attainment: number, measured = 400): GroupSummary {
  const requests = { measured, completed: 380, rejected: 15, failed: 2, cancelled: 3 };
  const latency = { ttftMs, tpotMs, e2eMs };
  return {
    name,
    requests: { ...requests, unfinished: 0 },
    ...latency,
    goodputPerS: 2.5,
    attainment,
  };
}

function sloWith(chat: number): Report["slo"] {
  return {
    ...reportOf().slo,
    goodputPerS: 4,
    attainment: 0.9,
    classes: [
      { ...groupOf("chat.eu", chat), targets: { ttftMs: 300 }, attainmentMin: 0.99, held: false },
      { ...groupOf("<bulk>", 0.97), targets: {}, attainmentMin: 0.95, held: null },
      { ...groupOf("nobody", 0, 0), targets: {}, attainmentMin: 0.95, held: null },
    ],
    tenants: [groupOf("acme", 0.9), groupOf("zeta", 0.8)],
  };
}

test("the terminal and the page have a row for each class and tenant that somebody is in", () => {
  const slo = sloWith(0.91);
  const text = reportText(reportOf({ slo }), { colour: false, columns: 200 });
  const [head, chat, bulk, after] = text.slice(text.indexOf("  class ")).split("\n");
  expect(head!.trim().split(/\s{2,}/)).toEqual([
    "class",
    "requests",
    "rejected",
    "lost",
    "TTFT p50",
    "TTFT p99",
    "TPOT p50",
    "TPOT p99",
    "goodput/s",
    "within SLO",
    "SLO",
  ]);
  expect(
    chat!
      .trim()
      .split(/\s{2,}/)
      .slice(0, 4),
  ).toEqual(["chat.eu", "400", "15", "5"]);
  expect(chat).toMatch(/91\.0 % {2}99\.0 % within TTFT ≤ 300 ms: missed$/);
  expect(bulk).toMatch(/^ {2}<bulk> .* none$/);
  expect(after).toBe("");
  expect(text).toMatch(/\n {2}acme .*90\.0 %\n {2}zeta .*80\.0 %\n/);
  const html = reportHtml(resultOf({ slo }), "headworks run s.yaml");
  expect(html).toContain("<h2>Classes</h2>");
  expect(html).toContain("<h2>Tenants</h2>");
  expect(html).toContain("&lt;bulk&gt;");
  expect(html).not.toContain("nobody");
  expect(reportText(reportOf(), { colour: false, columns: 200 })).not.toContain("goodput/s");
});

test("two runs are compared class by class, by name", () => {
  const a = reportOf({ slo: sloWith(0.91) });
  const turned = sloWith(0.95);
  const b = reportOf({ slo: { ...turned, classes: turned.classes!.toReversed() } });
  const compared = compareReports({
    a: { name: "a.json", document: a },
    b: { name: "b.json", document: b },
    gates: [],
  });
  if (!compared.ok) throw new Error(compared.problem.what);
  const changed = compared.value.metrics.filter(({ mark }) => mark !== "same");
  expect(changed.map(({ metric, mark }) => [metric, mark])).toEqual([
    ["slo.classes.chat.eu.attainment", "better"],
  ]);
  expect(directionOf("slo.classes.chat.eu.ttftMs.p99")).toBe("lower");
  expect(directionOf("slo.tenants.acme.requests.rejected")).toBe("lower");
  expect(directionOf("slo.tenants.acme.goodputPerS")).toBe("higher");
});
