import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { accuracyCommand } from "../../../src/cli/commands/accuracy.ts";
import type { AccuracyFlags } from "../../../src/cli/commands/accuracy.ts";
import type { AccuracyReport } from "../../../src/plan/index.ts";

const BUNDLED = join(import.meta.dirname, "../../../models/accuracy");
const measured = join(process.env["HEADWORKS_DATA"] ?? "../shared/data", "measured");
const present = existsSync(measured);
if (!present) console.log(`measured runs skipped: ${measured} is absent (set HEADWORKS_DATA)`);

const folder = mkdtempSync(join(tmpdir(), "headworks-accuracy-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function run(flags: AccuracyFlags): Promise<{ code: number | string; out: string }> {
  let out = "";
  const terminal = {
    out: (text: string) => void (out += text),
    note: () => undefined,
    colour: { out: false, note: false },
    live: false,
    columns: 100,
  };
  const result = await accuracyCommand({ quiet: true, ...flags }, terminal, "headworks accuracy");
  return { code: result.ok ? result.value : result.problem.what, out };
}

async function reportOf(flags: AccuracyFlags): Promise<AccuracyReport> {
  return JSON.parse((await run({ json: true, ...flags })).out) as AccuracyReport;
}

describe("the bundled results", () => {
  test("every row is compared, twice the same", async () => {
    const report = await reportOf({ data: BUNDLED });
    expect(report.schema).toBe("headworks.accuracy.v1");
    expect(report.compared).toBe(36);
    expect(report.failures).toEqual([]);
    expect(report.blocks).toHaveLength(10);
    for (const { error } of report.blocks) expect(Math.abs(error)).toBeLessThan(0.03);
    expect(await reportOf({ data: BUNDLED })).toEqual(report);
    // Published maximum-load throughput of dense models, nothing fitted: the target is 10 %.
    const maximum = report.targets.find(({ id }) => id === "trtllm-max");
    expect(maximum?.value).toBeLessThan(0.1);
  });

  test("a group, a limit, a page, a gate", async () => {
    const html = join(folder, "page.html");
    const flags = { data: BUNDLED, group: "online", limit: "1", html };
    const report = await reportOf(flags);
    expect(report.groups.map(({ runs }) => runs)).toEqual([1, 1]);
    const page = readFileSync(html, "utf8");
    expect(page).toContain("<svg");
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    const missed = report.targets.some(({ met }) => met === false);
    expect((await run({ ...flags, gate: true })).code).toBe(missed ? 1 : 0);
  });
});

describe("bad input", () => {
  test("a group that there is none of names those there are", async () => {
    expect((await run({ data: BUNDLED, group: "abacus" })).code).toContain("no group");
  });

  test("a folder without results, a damaged table, a count that is none", async () => {
    expect((await run({ data: folder })).code).toContain("no measured run");
    writeFileSync(join(folder, "trtllm_online_qps.csv"), "gpu,model\nH100\n");
    expect((await run({ data: folder })).code).toContain("no column");
    expect((await run({ limit: "many" })).code).toContain("no count");
  });
});

/** Predictions must not depend on what was measured: doubling it changes errors only. */
test("measured values are read to compare, not to predict", async () => {
  const copy = mkdtempSync(join(tmpdir(), "headworks-accuracy-doubled-"));
  const lines = readFileSync(join(BUNDLED, "trtllm_perf_overview.csv"), "utf8").trim().split("\n");
  const column = lines[0]!.split(",").indexOf("output_tokens_per_s_per_gpu");
  const doubled = lines.map((line, i) =>
    i === 0
      ? line
      : line
          .split(",")
          .map((cell, at) => (at === column ? String(2 * Number(cell)) : cell))
          .join(","),
  );
  writeFileSync(join(copy, "trtllm_perf_overview.csv"), doubled.join("\n"));
  const plain = await reportOf({ data: BUNDLED, group: "trtllm-max" });
  const other = await reportOf({ data: copy, group: "trtllm-max" });
  rmSync(copy, { recursive: true });
  expect(other.rows.map(({ predicted }) => predicted)).toEqual(
    plain.rows.map(({ predicted }) => predicted),
  );
  expect(other.rows.map((row) => row.measured)).toEqual(plain.rows.map((row) => 2 * row.measured));
});

describe.runIf(present)("the full data", () => {
  test("open-loop vLLM within its targets; what is left out has a reason", async () => {
    const report = await reportOf({ data: measured, group: "vLLM open loop" });
    for (const id of ["vllm-e2e-mean", "vllm-itl-mean", "vllm-e2e-p99"]) {
      const target = report.targets.find((one) => one.id === id);
      expect(target?.value ?? Infinity, id).toBeLessThanOrEqual(target?.limit ?? 0);
    }
    expect(report.rivals.length).toBeGreaterThan(0);
    expect(report.skipped.every(({ reason, rows }) => reason !== "" && rows > 0)).toBe(true);
  });
});
