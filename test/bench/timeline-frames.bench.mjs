import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, withModules } from "./modules.mjs";

export const name = "timeline-frames";
export const unit = "ms a frame, 99 of 100, pan and zoom over 1 M steps in Chromium";
export const atMost = 33;

const STEPS = 1_000_000;

/** Pans and zooms the timeline over a million steps and thirty other lanes, painted in software. */
export async function run() {
  return withModules(async (load) => {
    const { runInChromium } = await load("/test/parity/browser.ts");
    const entry = pathToFileURL(join(ROOT, "test/e2e/timeline-entry.ts"));
    const { count, buildMs, medianMs, p99Ms, mostMs } = await runInChromium(entry, "frames", STEPS);
    return {
      value: p99Ms,
      command: "npm run bench -- timeline-frames",
      details: { frames: count, buildMs, medianMs, mostMs },
    };
  });
}
