import { expect, test } from "vitest";
import { runInChromium } from "./browser.ts";
import { inPage } from "./harness-entry.ts";

const entry = new URL("./harness-entry.ts", import.meta.url);

test("a function runs in a page, with its arguments", async () => {
  expect(inPage()).toBe(false);
  expect(await runInChromium(entry, "inPage")).toBe(true);
  expect(await runInChromium(entry, "sum", [0.1, 0.2, 0.3])).toBe(0.1 + 0.2 + 0.3);
});

test("a failure in the page fails the call", async () => {
  await expect(runInChromium(entry, "fail", "lost")).rejects.toThrow("lost");
  await expect(runInChromium(entry, "absent")).rejects.toThrow("absent");
  await expect(runInChromium(entry, "nothing")).rejects.toThrow("nothing returned nothing");
});
