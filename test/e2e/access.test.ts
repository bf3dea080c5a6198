/** Keyboard, contrast, names and narrow screens: axe on every screen in both themes, and a walk by keys alone. */

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf, ExplorerBench, nextDigest, showScreen } from "./explorer-page.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENS = [
  "Start",
  "Overview",
  "Topology",
  "Timeline",
  "Latency",
  "KV",
  "Explore",
  "Trace",
  "Method",
  "Planner",
  "Live",
];

let bench: ExplorerBench;
beforeAll(async () => {
  bench = await ExplorerBench.start();
});
afterAll(async () => {
  await bench.stop();
});

type Violation = { readonly id: string; readonly nodes: readonly { readonly html: string }[] };

/** What axe finds within a part, one line each. The debugger is not bound by the page's policy. */
async function faults(page: Page, part: string): Promise<string[]> {
  const violations = await page.evaluate<readonly Violation[]>(
    `axe.run(${JSON.stringify(part)}, { resultTypes: ["violations"] }).then((result) =>
      result.violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => ({ html })) })))`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`),
  );
}

describe.each([
  ["light", false],
  ["dark", true],
] as const)("in the %s theme", (_name, dark) => {
  it("axe finds no fault on any screen, nor in the dialogs", async () => {
    const { page } = await bench.open({ dark });
    await page.evaluate(AXE);
    const found = await faults(page, "body");
    for (const screen of SCREENS) {
      await showScreen(page, screen);
      await page.waitForTimeout(250);
      found.push(...(await faults(page, "main")).map((fault) => `${screen}: ${fault}`));
    }
    // With two runs side by side, and a sweep that has points.
    await page.locator("header").getByRole("button", { name: "Compare", exact: true }).click();
    await showScreen(page, "Latency");
    await page.getByRole("heading", { name: "How sure is that?" }).waitFor();
    found.push(...(await faults(page, "body")).map((fault) => `Compare: ${fault}`));
    await showScreen(page, "Explore");
    await page.getByLabel("Values of field 1").fill("8");
    await page.getByLabel("Values of field 2").fill("h100-sxm, h200-sxm");
    await page.getByRole("button", { name: "Run 2 scenarios" }).click();
    await page.getByText("2 of 2 done").waitFor();
    found.push(...(await faults(page, "main")).map((fault) => `Explore, run: ${fault}`));
    for (const name of ["Share", "Keys and privacy"]) {
      await page.getByRole("button", { name, exact: true }).click();
      found.push(...(await faults(page, "dialog")).map((fault) => `${name}: ${fault}`));
      await page.getByRole("button", { name: "Close", exact: true }).click();
    }
    expect(found).toEqual([]);
    await page.context().close();
  });
});

describe("by keys alone", () => {
  it("screens open, a knob changes, a chart is read, and a table stands in for it", async () => {
    const { page } = await bench.open();
    const first = await digestOf(page);
    await page.keyboard.press("5");
    await page.getByRole("heading", { name: "How long do requests take?" }).waitFor();
    const chart = page.getByLabel(/^How long do requests take\?/).last();
    await chart.focus();
    await page.keyboard.press("End");
    expect(await page.locator("[aria-live=polite]").allTextContents()).toContainEqual(
      expect.stringMatching(/100.*%.* at /),
    );
    await page.keyboard.press("Escape");
    await page.keyboard.press("t");
    await page.getByRole("region", { name: "Table: How long do requests take?" }).waitFor();
    await page.keyboard.press("t");
    await page.keyboard.press("/");
    await page.keyboard.type("watermark");
    await page.keyboard.press("Tab");
    await page
      .getByLabel(/^watermark/)
      .first()
      .waitFor();
    await page
      .getByLabel(/^Workers$/)
      .first()
      .focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("6");
    await page.keyboard.press("Enter");
    await nextDigest(page, first);
    await page.context().close();
  });
});

describe("on small and enlarged screens", () => {
  it.each([
    ["360 pixels wide", 360, 740],
    ["at 200 % zoom", 640, 450],
  ])("nothing is lost %s", async (_name, width, height) => {
    const { page } = await bench.open({ width, height });
    for (const screen of ["Overview", "Latency", "Timeline", "Explore", "Trace"]) {
      await showScreen(page, screen);
      await page.waitForTimeout(150);
      const overflow = await page.evaluate<number>(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect(overflow, screen).toBeLessThanOrEqual(0);
      const wide = await page.evaluate<number>(
        `document.querySelector("main").scrollWidth - document.querySelector("main").clientWidth`,
      );
      expect(wide, `${screen}: main`).toBeLessThanOrEqual(0);
    }
    await page.getByRole("button", { name: "Scenario", exact: true }).click();
    await page.getByLabel("Workers", { exact: true }).first().waitFor();
    await page.context().close();
  });
});
