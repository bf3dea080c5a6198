import { withModules } from "./modules.mjs";
import { median } from "./support.mjs";

export const name = "explorer-knob";
export const unit = "ms from a changed knob to new numbers in Chromium, 12,000 requests";
export const atMost = 250;

const CHANGES = 24;

/** Opens the built explorer, moves a slider and waits for the frame with the new digest; median of 24. */
export async function run() {
  return withModules(async (load) => {
    const { ExplorerBench } = await load("/test/e2e/explorer-page.ts");
    const { knobTimes } = await load("/test/e2e/knob-times.ts");
    const explorer = await ExplorerBench.start();
    try {
      const { page } = await explorer.open({ until: "whole" });
      const times = await knobTimes(page, CHANGES);
      return {
        value: median(times),
        command: "npm run bench -- explorer-knob",
        details: {
          footer: (await page.getByTestId("digest").locator("..").textContent()) ?? "",
          changes: CHANGES,
          least: Math.round(Math.min(...times)),
          most: Math.round(Math.max(...times)),
        },
      };
    } finally {
      await explorer.stop();
    }
  });
}
