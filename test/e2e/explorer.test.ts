/** The explorer as a reader uses it. */

import { readFileSync } from "node:fs";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadInputs } from "../../src/cli/load-inputs.ts";
import { createSimulation, demoScenario, parseScenario } from "../../src/sim/index.ts";
import type { Report } from "../../src/sim/index.ts";
import {
  digestOf,
  ExplorerBench,
  EXPLORER,
  nextDigest,
  settled,
  showScreen,
  wholePage,
} from "./explorer-page.ts";

let bench: ExplorerBench;
beforeAll(async () => {
  bench = await ExplorerBench.start();
});
afterAll(async () => {
  await bench.stop();
});

/** The demonstration as the command line runs it. */
async function demoReport(change: object = {}): Promise<Report> {
  const scenario = parseScenario({ ...demoScenario, ...change });
  if (!scenario.ok) throw new Error(scenario.problem.what);
  const ready = await loadInputs({ scenario: scenario.value, folder: ".", traceFolder: "." }, {});
  if (!ready.ok) throw new Error(ready.problem.what);
  const simulation = createSimulation(ready.value.inputs);
  if (!simulation.ok) throw new Error(simulation.problem.what);
  while (simulation.value.advance(1_000_000));
  return simulation.value.finish(0).report;
}

/** The knobs at the top of the panel. */
function knobs(page: Page): Locator {
  return page.getByRole("region", { name: "Main knobs" });
}

describe("the page", () => {
  it("has an answer at once, computes the same digest, and asks nobody for anything", async () => {
    const { page, all, errors } = await bench.open({ until: "stored" });
    expect(await page.getByTestId("verdict").textContent()).toMatch(
      /8 workers (held|missed) the SLO/,
    );
    const stored = await digestOf(page);
    await wholePage(page);
    const whole = all.length;
    const report = await demoReport();
    expect(stored).toBe(report.digest.slice(0, 12));
    expect(await digestOf(page)).toBe(stored);
    expect(await page.locator("footer").textContent()).toContain("computed in this browser");
    for (const screen of [
      "Start",
      "Topology",
      "Timeline",
      "Latency",
      "KV",
      "Explore",
      "Trace",
      "Method",
    ]) {
      await showScreen(page, screen);
      await page.locator("main :is(figure, section, p)").first().waitFor();
    }
    expect(
      all.filter((url) => !url.startsWith(bench.server.url) && !/^(blob|data):/.test(url)),
    ).toEqual([]);
    // Not even its own server is asked again.
    expect(all.slice(whole)).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("answers a changed knob, dims the old answer meanwhile, and takes it back", async () => {
    const { page, errors } = await bench.open();
    const first = await digestOf(page);
    const verdict = await page.getByTestId("verdict").textContent();
    const field = knobs(page).getByLabel("Workers", { exact: true });
    await field.fill("2");
    await field.press("Enter");
    const second = await nextDigest(page, first);
    expect(second).not.toBe(first);
    expect(await page.getByTestId("verdict").textContent()).not.toBe(verdict);
    expect(await page.getByTestId("verdict").textContent()).toContain("2 workers");
    await page.getByRole("button", { name: "Undo", exact: true }).click();
    expect(await nextDigest(page, second)).toBe(first);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("keeps the last result and says what to do when a scenario is impossible", async () => {
    const { page } = await bench.open();
    const first = await digestOf(page);
    await knobs(page).getByLabel("GPU", { exact: true }).selectOption("rtx-4090");
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/What to do:/);
    expect(await digestOf(page)).toBe(first);
    await alert.getByRole("button", { name: "Undo the last change" }).click();
    await settled(page);
    expect(await page.getByRole("alert").count()).toBe(0);
    const tensor = knobs(page).getByLabel(/GPUs per worker \(/);
    await tensor.fill("half");
    await tensor.press("Enter");
    // Said once, at the field, and to those who hear it.
    const said = page.getByText('"half" is no number');
    await said.waitFor();
    expect(await said.count()).toBe(1);
    expect(await tensor.getAttribute("aria-describedby")).toBe(await said.getAttribute("id"));
    expect(await digestOf(page)).toBe(first);
    await page.context().close();
  });

  it("runs a scoring expression as the command line does, and says at its field what is wrong", async () => {
    const { page, errors } = await bench.open();
    const first = await digestOf(page);
    await page.keyboard.press("/");
    await page.keyboard.type("score");
    const field = page.locator("aside").getByLabel("score", { exact: true }).first();
    await field.fill("requests + *");
    await field.press("Enter");
    await page.getByRole("alert").waitFor();
    const said = page.locator("aside .field-problem", { hasText: "no expression" }).first();
    await said.waitFor();
    expect(await digestOf(page)).toBe(first);
    await field.fill("");
    await page.getByText("Signals", { exact: true }).first().click();
    await page.getByRole("button", { name: "context_tokens", exact: true }).first().click();
    await field.press("Enter");
    const report = await demoReport({ router: { score: "context_tokens" } });
    expect(await nextDigest(page, first)).toBe(report.digest.slice(0, 12));
    expect(await said.count()).toBe(0);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("shares a scenario whose link gives the same digest elsewhere", async () => {
    const { page } = await bench.open();
    const first = await digestOf(page);
    await knobs(page).getByLabel("Router", { exact: true }).selectOption("least_loaded");
    const changed = await nextDigest(page, first);
    await page.getByRole("button", { name: "Share", exact: true }).click();
    const link = await page.getByLabel("Link", { exact: true }).inputValue();
    expect(link).toContain("#v1.");
    const other = await bench.open({ hash: link.slice(link.indexOf("#")), until: "stored" });
    expect(await nextDigest(other.page, first)).toBe(changed);
    expect(await page.getByLabel("Command line", { exact: true }).inputValue()).toContain(
      "--set router.policy=least_loaded",
    );
    await other.page.context().close();
    await page.context().close();
  });

  it.each([
    ["broken", "#v1.AAAA", /cut or damaged/],
    ["of a later version", "#v7.abc", /version 7/],
  ])("says what is wrong with a link that is %s", async (_name, hash, words) => {
    const { page } = await bench.open({ hash, until: "stored" });
    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("alert").textContent()).toMatch(words);
    expect(await page.getByTestId("verdict").count()).toBe(1);
    await page.context().close();
  });

  it("has guided cases that all have an answer", async () => {
    const { page, errors } = await bench.open({ hash: "#t=start" });
    await showScreen(page, "Start");
    const buttons = page.locator("main section.card button:not(.quiet)");
    await buttons.first().waitFor();
    const digests = new Set<string>();
    const count = await buttons.count();
    for (let i = 0; i < count; i++) {
      await showScreen(page, "Start");
      await buttons.nth(i).click();
      await page.waitForTimeout(60);
      await settled(page);
      expect(await page.getByRole("alert").allTextContents()).toEqual([]);
      digests.add(await digestOf(page));
    }
    // Some begin from the same scenario.
    expect(count).toBeGreaterThan(10);
    expect(digests.size).toBeGreaterThan(8);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("compares with a baseline: what changed, by how much, and whether that is better", async () => {
    const { page } = await bench.open();
    const first = await digestOf(page);
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    const panel = page.getByRole("region", { name: "Comparison" });
    expect(await panel.textContent()).toContain("equal to the last bit");
    const field = knobs(page).getByLabel("Workers", { exact: true });
    await field.fill("4");
    await field.press("Enter");
    await nextDigest(page, first);
    expect(await panel.textContent()).toMatch(/cluster\.workers: 8 → 4/);
    expect(await panel.getByRole("row", { name: /TTFT p99/ }).textContent()).toMatch(/[▲▼].*[✓✕]/);
    await showScreen(page, "Latency");
    const bar = page.getByRole("region", { name: "Compare", exact: true });
    expect(await bar.textContent()).toContain("cluster.workers: 8 → 4");
    const paired = page.getByRole("region", { name: "Request by request" });
    await paired.getByText(/requests got slower, by \+/).waitFor();
    expect(await paired.getByRole("row", { name: /^p50/ }).textContent()).toMatch(/…/);
    await bar.getByRole("button", { name: "B − A" }).click();
    await page.getByRole("heading", { name: "How many more are done by when?" }).waitFor();
    const second = await digestOf(page);
    await bar.getByRole("button", { name: "Swap" }).click();
    expect(await nextDigest(page, second)).toBe(first);
    await paired.getByText(/requests got faster, by −/).waitFor();
    // The baseline's columns outlast the runs after it.
    for (const workers of ["5", "6", "7", "9", "10", "11"]) {
      const before = await digestOf(page);
      await field.fill(workers);
      await field.press("Enter");
      await nextDigest(page, before);
    }
    await bar.getByText("cluster.workers: 4 → 11").waitFor();
    await paired.getByText(/requests got faster, by −/).waitFor();
    await page.context().close();
  });
});

describe("a sweep", () => {
  it("fills a frontier, a grid and parallel coordinates that are picked from and filtered", async () => {
    const { page, errors } = await bench.open();
    await showScreen(page, "Explore");
    await page.getByLabel("Values of field 1").fill("4, 8");
    await page.getByLabel("Values of field 2").fill("h100-sxm, h200-sxm");
    await page.getByRole("button", { name: "Run 4 scenarios" }).click();
    await page.getByText("4 of 4 done").waitFor();
    const table = page.getByRole("region", { name: "Points as a table", exact: true });
    expect(await table.getByRole("row").count()).toBe(5);
    // By keys: to a point of the frontier and of the grid, each pinned with Enter.
    const frontier = page.getByLabel(/^What does more money buy\?/).last();
    await frontier.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    const grid = page.getByLabel(/^Where in the grid is it good\?/).last();
    await grid.focus();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    const pinned = page.getByRole("region", { name: "Pinned points" });
    await pinned.getByRole("button", { name: "Swap" }).waitFor();
    expect(await pinned.getByRole("row", { name: /TTFT p99/ }).textContent()).toMatch(/[▲▼≈=]/);
    const form = page.getByRole("form", { name: "Keep points" });
    await form.getByLabel("to", { exact: true }).fill("4");
    await form.getByRole("button", { name: "Keep" }).click();
    expect(await table.getByRole("row").count()).toBe(3);
    await page.getByText("2 of 4 points lie within the filters.").waitFor();
    // By pointer: a drag along the axis of the GPUs leaves one of them.
    const axis = page.locator(".axis-brush").nth(1);
    const box = await axis.boundingBox();
    if (box === null) throw new Error("the axis is not on screen");
    await page.mouse.move(box.x + 12, box.y + 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 12, box.y + box.height / 3, { steps: 4 });
    await page.mouse.up();
    await page.getByText("1 of 4 points lie within the filters.").waitFor();
    await page.getByRole("button", { name: "Drop all filters" }).click();
    expect(await table.getByRole("row").count()).toBe(5);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe("files", () => {
  it("exports a report and a scenario that it opens again", async () => {
    const { page } = await bench.open();
    const first = await digestOf(page);
    const field = knobs(page).getByLabel("Workers", { exact: true });
    await field.fill("5");
    await field.press("Enter");
    const changed = await nextDigest(page, first);
    await page.getByRole("button", { name: "Share", exact: true }).click();
    const paths = new Map<string, string>();
    for (const name of ["Scenario (YAML)", "Report (JSON)", "Requests (CSV)", "Steps (Perfetto)"]) {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name, exact: true }).click();
      paths.set(name, await (await download).path());
    }
    const report = JSON.parse(readFileSync(paths.get("Report (JSON)") ?? "", "utf8")) as Report;
    expect(report.digest.slice(0, 12)).toBe(changed);
    expect(readFileSync(paths.get("Requests (CSV)") ?? "", "utf8").split("\n").length).toBe(
      report.requests.offered + 2,
    );
    const perfetto = readFileSync(paths.get("Steps (Perfetto)") ?? "", "utf8");
    expect(JSON.parse(perfetto)).toHaveProperty("traceEvents");
    const yaml = readFileSync(paths.get("Scenario (YAML)") ?? "");
    const other = await bench.open();
    await other.page.getByRole("button", { name: "Share", exact: true }).click();
    await other.page.getByTestId("open-file").setInputFiles({
      name: "scenario.yaml",
      mimeType: "application/yaml",
      buffer: yaml,
    });
    expect(await nextDigest(other.page, first)).toBe(changed);
    await other.page.getByRole("button", { name: "Share", exact: true }).click();
    await other.page.getByTestId("open-file").setInputFiles({
      name: "report.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify(report)),
    });
    const panel = other.page.getByRole("region", { name: "Comparison" });
    await panel.getByText("equal to the last bit").waitFor();
    await other.page.context().close();
    await page.context().close();
  });

  it("shows a report's classes and prices beside those computed here, and says what is wrong with a file", async () => {
    const classes = [
      { name: "long", input_tokens_min: 4000, ttft_s: 3, attainment: 0.9 },
      { name: "short", ttft_s: 0.5 },
    ];
    const report = await demoReport({ slo: { classes } });
    const { page, errors } = await bench.open();
    const open = async (name: string, text: string): Promise<void> => {
      await page.getByRole("button", { name: "Share", exact: true }).click();
      const buffer = Buffer.from(text);
      const file = { name, mimeType: "application/json", buffer };
      await page.getByTestId("open-file").setInputFiles(file);
    };
    const { breakdown: _, costByTier: __, faults: ___, ...older } = report;
    const texts = [JSON.stringify(report), JSON.stringify(older)] as const;
    for (const text of texts) {
      await open("report.json", text);
      await page.getByText("equal to the last bit").waitFor();
      await settled(page);
      const table = page.getByRole("region", { name: "Classes", exact: true }).getByRole("table");
      const rows = await table.getByRole("row").allTextContents();
      expect(rows.length).toBe(5);
      for (const [a, b] of [
        [1, 2],
        [3, 4],
      ] as const) {
        expect(rows[a]).toMatch(/^(long|short), A/);
        expect(rows[b]).toBe(rows[a]!.replace(", A", ", B"));
      }
      await page.getByRole("button", { name: "Drop A" }).first().click();
      expect((await table.getByRole("row").allTextContents()).length).toBe(3);
    }
    const note = await page.getByRole("region", { name: "GPU-hours" }).textContent();
    expect(note).toMatch(/elsewhere: hyperscaler \$[\d.]+, rental3y \$[\d.]+/);
    const alert = page.getByRole("alert");
    const { latency: ____, ...holed } = report;
    await open("holed.json", JSON.stringify(holed));
    await alert.getByText("the report is not whole: latency.ttftMs is missing").waitFor();
    await open("cut.json", texts[0].slice(0, 3000));
    await alert.getByText("the file is no whole JSON").waitFor();
    await open("later.json", JSON.stringify({ ...report, schema: "headworks.report.v2" }));
    await alert.getByText("headworks.report.v2").waitFor();
    // What is good again takes the words away.
    await open("report.json", texts[0]);
    await page.getByText("equal to the last bit").waitFor();
    expect(await alert.count()).toBe(0);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("reads a good trace, names the bad rows of another, refuses a huge one, and keeps the result", async () => {
    const { page, late } = await bench.open({ until: "whole" });
    const first = await digestOf(page);
    await showScreen(page, "Trace");
    const input = page.getByTestId("trace-file");
    const rows = Array.from({ length: 400 }, (_, i) => `${String(i * 0.5)},${String(200 + i)},50`);
    const csv = ["arrival_s,input_tokens,output_tokens", ...rows];
    await input.setInputFiles({
      name: "mine.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(csv.join("\n")),
    });
    await page.getByRole("heading", { name: "mine.csv" }).waitFor();
    await page.getByLabel("to row").fill("100");
    await page.getByRole("button", { name: "Cut", exact: true }).click();
    await page.getByRole("heading", { name: "mine.csv-rows-0-100" }).waitFor();
    await page.getByText(/, 100 requests$/).waitFor();
    const bad = [...csv.slice(0, 50), "x,y,z", ...csv.slice(51)].join("\n");
    await input.setInputFiles({ name: "bad.csv", mimeType: "text/csv", buffer: Buffer.from(bad) });
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/51/);
    await page.getByTestId("bad-rows").fill("1");
    await page.getByRole("button", { name: "Read it again" }).click();
    await page.getByRole("heading", { name: "bad.csv" }).waitFor();
    expect(await page.getByRole("region", { name: "Quality" }).textContent()).toMatch(/row/);
    // 600 MB that take no memory here: a file is read only when it is asked for.
    await page.evaluate(`{
      const part = new Blob([new Uint8Array(1024 * 1024)]);
      const transfer = new DataTransfer();
      transfer.items.add(new File(Array.from({ length: 600 }, () => part), "huge.csv"));
      const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
      document.dispatchEvent(new DragEvent("drop", options));
    }`);
    await page.getByText(/more than a page can hold/).waitFor();
    expect(await page.getByRole("alert").textContent()).toMatch(/What to do:/);
    expect(await digestOf(page)).toBe(first);
    await page.getByRole("button", { name: "Run the scenario with it" }).click();
    await nextDigest(page, first);
    expect(await page.locator("footer").textContent()).toContain("399 requests");
    expect(late).toEqual([]);
    await page.context().close();
  });

  it("opens as one file from disk", async () => {
    const page = await bench.browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`file://${EXPLORER}/explorer.html`);
    await page.waitForSelector("html[data-loaded=all]", { timeout: 60_000 });
    expect(await page.locator("footer").textContent()).toContain("computed in this browser");
    expect(errors).toEqual([]);
    await page.close();
  });
});
