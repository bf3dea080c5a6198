/** The built explorer in headless Chromium, served as `headworks explore` serves it. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { serveExplorer } from "../../src/cli/explore-server.ts";
import type { ExploreServer } from "../../src/cli/explore-server.ts";
import { launchChromium } from "../support/chromium.ts";

export const EXPLORER = fileURLToPath(new URL("../../dist/explorer", import.meta.url));

export type OpenOptions = {
  readonly hash?: string;
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** When it is ready: at the first answer, once computed (unless told), once every lazy part is there. */
  readonly until?: "stored" | "computed" | "whole";
};

export type Opened = {
  readonly page: Page;
  /** Addresses asked for after the page was whole. */
  readonly late: readonly string[];
  /** Every address asked for. */
  readonly all: readonly string[];
  readonly errors: readonly string[];
};

export class ExplorerBench {
  readonly server: ExploreServer;
  readonly browser: Browser;

  private constructor(server: ExploreServer, browser: Browser) {
    this.server = server;
    this.browser = browser;
  }

  static async start(): Promise<ExplorerBench> {
    if (!existsSync(`${EXPLORER}/index.html`)) {
      throw new Error("dist/explorer is missing: run `npm run setup` first");
    }
    const server = await serveExplorer(EXPLORER, { port: 0 });
    if (!server.ok) throw new Error(server.problem.what);
    return new ExplorerBench(server.value, await launchChromium());
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }

  async open(options: OpenOptions = {}): Promise<Opened> {
    const { hash = "", width = 1280, height = 900, dark = false, until = "computed" } = options;
    const context = await this.browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      acceptDownloads: true,
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    const all: string[] = [];
    const late: string[] = [];
    const errors: string[] = [];
    let isWhole = false;
    page.on("request", (request) => {
      all.push(request.url());
      if (isWhole && !/^(blob|data):/.test(request.url())) late.push(request.url());
    });
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await page.goto(this.server.url + hash);
    if (until === "computed") await page.getByText("computed in this browser").waitFor();
    if (until === "whole") await wholePage(page);
    isWhole = until === "whole";
    return { page, late, all, errors };
  }
}

/** Waits for the first computed answer and the lazily loaded parts. */
export async function wholePage(page: Page): Promise<void> {
  await page.waitForSelector("html[data-loaded=all]", { timeout: 30_000 });
}

/** Digest of the shown result, as far as the run bar shows it. */
export async function digestOf(page: Page): Promise<string> {
  return (await page.getByTestId("digest").textContent()) ?? "";
}

/** Waits until the shown result is that of the scenario, and is another than `before`. */
export async function nextDigest(page: Page, before: string): Promise<string> {
  for (
    const endMs = performance.now() + 30_000;
    performance.now() < endMs;
    await page.waitForTimeout(20)
  ) {
    const isStale = (await page.locator("main.stale").count()) > 0;
    if (!isStale && (await digestOf(page)) !== before) break;
  }
  const digest = await digestOf(page);
  if (digest === before) throw new Error(`the result stayed ${before}`);
  return digest;
}

/** Waits until the shown result is that of the scenario. */
export async function settled(page: Page): Promise<void> {
  await page.locator("main:not(.stale)").waitFor();
}

export async function showScreen(page: Page, name: string): Promise<void> {
  await page
    .getByRole("navigation", { name: "Views" })
    .getByRole("button", { name, exact: true })
    .click();
}
