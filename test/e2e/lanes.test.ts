/** The timeline's lanes, the cluster's clock and the tiers' views, on scenarios that have them. */

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ExplorerBench, nextDigest, digestOf, showScreen } from "./explorer-page.ts";

let bench: ExplorerBench;
beforeAll(async () => {
  bench = await ExplorerBench.start();
});
afterAll(async () => {
  await bench.stop();
});

async function openGuide(page: Page, title: string, button = "Open"): Promise<void> {
  const before = await digestOf(page);
  await showScreen(page, "Start");
  const card = page.getByRole("region", { name: title });
  await card.getByRole("button", { name: button, exact: true }).click();
  await nextDigest(page, before);
}

async function verdictOf(page: Page): Promise<string> {
  await showScreen(page, "Overview");
  return (await page.getByTestId("verdict").textContent()) ?? "";
}

describe("the timeline", () => {
  it("has a lane for each link, zooms by key, brushes by drag, and has its numbers as a table", async () => {
    const { page, errors } = await bench.open();
    await openGuide(page, "Should prefill and decode be split?");
    expect(await verdictOf(page)).toMatch(/4 prefill and 4 decode workers.*Hand-offs took/);
    await showScreen(page, "Timeline");
    const links = page.getByRole("region", { name: /^How full are the links/ });
    await links.waitFor();
    expect(await links.textContent()).toContain("node 0 nic");
    await page.getByRole("region", { name: "Which keys and values move?" }).waitFor();
    const steps = page.getByLabel(/^Steps of the workers over time/);
    const range = page.locator(".lane-tools .faint").first();
    const whole = await range.textContent();
    await steps.focus();
    await page.keyboard.press("w");
    await expect.poll(() => range.textContent()).not.toBe(whole);
    await page.keyboard.press("f");
    await expect.poll(() => range.textContent()).toBe(whole);
    const box = (await steps.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 4 });
    await page.mouse.up();
    await page.getByRole("button", { name: "Zoom to the selection" }).click();
    await expect.poll(() => range.textContent()).not.toBe(whole);
    await page.keyboard.press("Escape");
    await page.keyboard.press("t");
    await page.getByRole("region", { name: /^Table: How full are the links/ }).waitFor();
    await page.keyboard.press("t");
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("shows what a lost node took, and the cluster while it is away", async () => {
    const { page, errors } = await bench.open();
    await openGuide(page, "What if a node is lost at peak?");
    expect(await verdictOf(page)).toMatch(/1 fault: \d+ requests lost/);
    await showScreen(page, "Timeline");
    const replicas = page.getByRole("region", { name: "Which workers are up?" });
    await replicas.waitFor();
    expect(await replicas.textContent()).toMatch(/worker 0.*worker 3/);
    await showScreen(page, "Topology");
    const moment = page.getByRole("slider", { name: "Moment of the run" });
    await moment.waitFor();
    // Of half an hour in equal samples, after the twentieth minute.
    const last = Number(await moment.getAttribute("max"));
    await moment.fill(String(Math.round((last * 21) / 29.5)));
    const chart = page.getByRole("group", { name: "Who does the work?", exact: true });
    await expect
      .poll(() => chart.textContent())
      .toMatch(/At (20|21) min.*4 not as they should be/s);
    expect(await chart.textContent()).toContain("✕ down");
    await page.getByRole("button", { name: "Whole run" }).click();
    await expect.poll(() => chart.textContent()).toMatch(/Over the run/);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe("the KV screen", () => {
  it("tells of each tier what it found, why it missed, and what moved when", async () => {
    const { page, errors } = await bench.open();
    await openGuide(page, "Do DRAM and NVMe below GPU memory help?");
    expect(await verdictOf(page)).toMatch(/Tiers and peers brought [\d.]+ % of the prompt tokens/);
    await showScreen(page, "KV");
    for (const level of ["G1", "G2", "G3"]) {
      await page
        .getByRole("group", {
          name: `What does ${level} find, and why does it miss?`,
          exact: true,
        })
        .waitFor();
    }
    const offloads = page.getByRole("group", { name: "What is offloaded, and when?", exact: true });
    await offloads.waitFor();
    expect(await offloads.textContent()).toMatch(/at most [\d.]+ GB\/s/);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
